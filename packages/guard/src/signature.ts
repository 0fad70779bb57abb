import {
  constants,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify as verifySignature,
} from 'node:crypto'

/** What a guard can check. HS256 only when it is named: whoever can check it can also forge it. */
export const supportedAlgorithms = ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'] as const
export type Algorithm = (typeof supportedAlgorithms)[number]

/** A key for one algorithm: what a header says cannot make it check another. */
export interface VerificationKey {
  /** Absent for HS256. */
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  /** Equal for equal keys. */
  readonly fingerprint: string
  readonly verify: (data: Buffer, signature: Buffer) => boolean
}

const minRsaBits = 2_048
const minHmacBytes = 32

/** Reads a public key (RFC 7517). Undefined for one that is not for signatures, names no `alg`, or does not fit it. */
export function importPublicJwk(jwk: Record<string, unknown>): VerificationKey | undefined {
  const { kid, alg, use = 'sig', kty, crv, x, y, n, e } = jwk
  if (typeof kid !== 'string' || use !== 'sig') return undefined
  const key = publicKey({ kty, crv, x, y, n, e })
  const verify = key && asymmetricVerifier(alg, key)
  if (!verify) return undefined
  return {
    kid,
    algorithm: alg as Algorithm,
    fingerprint: JSON.stringify([kid, alg, kty, crv, x, y, n, e]),
    verify,
  }
}

/** Reads a shared key (RFC 7518 §6.4) for HS256. Undefined when it is anything else, or shorter than its hash. */
export function importSharedJwk(jwk: Record<string, unknown>): VerificationKey | undefined {
  const { kty, alg, k } = jwk
  if (kty !== 'oct' || alg !== 'HS256' || typeof k !== 'string') return undefined
  const key = Buffer.from(k, 'base64url')
  if (key.length < minHmacBytes) return undefined
  const verify = (data: Buffer, signature: Buffer) => {
    const expected = createHmac('sha256', key).update(data).digest()
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  }
  return { kid: undefined, algorithm: alg, fingerprint: k, verify }
}

function publicKey(jwk: Record<string, unknown>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** RFC 7518 §3 and RFC 8037: each algorithm with the one kind of key it is for. */
function asymmetricVerifier(alg: unknown, key: KeyObject): VerificationKey['verify'] | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  const isStrongRsa = type === 'rsa' && (details?.modulusLength ?? 0) >= minRsaBits
  if (alg === 'ES256' && type === 'ec' && details?.namedCurve === 'prime256v1') {
    return verifier('sha256', { key, dsaEncoding: 'ieee-p1363' })
  }
  if (alg === 'EdDSA' && type === 'ed25519') return verifier(null, { key })
  if (alg === 'RS256' && isStrongRsa) return verifier('sha256', { key })
  if (alg === 'PS256' && isStrongRsa) {
    return verifier('sha256', { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
  }
  return undefined
}

type KeyInput = { key: KeyObject; dsaEncoding?: 'ieee-p1363'; padding?: number; saltLength?: number }

const verifier = (hash: 'sha256' | null, input: KeyInput): VerificationKey['verify'] => {
  return (data, signature) => verifySignature(hash, data, input, signature)
}
