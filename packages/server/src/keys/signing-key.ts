import {
  constants,
  createHmac,
  createPrivateKey,
  generateKeyPair,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  type webcrypto,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { UnixSeconds } from '../base/clock.ts'
import { deriveKey } from '../base/hash.ts'
import { randomId } from '../base/random.ts'
import type { SigningAlgorithm } from '../store/schema.ts'
import type { StoredSigningKey } from '../store/signing-keys.ts'
import type { Seal } from './seal.ts'

/** RSA keys, in bits. */
const rsaModulusLength = 2048

type JsonWebKey = webcrypto.JsonWebKey

const generate = promisify(generateKeyPair)

/** A key that signs access tokens. */
export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  /** As published; `undefined` for HS256, whose key is a secret. */
  publicJwk: JsonWebKey | undefined
  signsAt: UnixSeconds | null
  expiresAt: UnixSeconds | null
  /**
   * Signs the claims as a JWT in compact form.
   *
   * @param audience the key of an HS256 token is derived for it.
   */
  signJwt(claims: object, audience: string): string
  /** HS256 alone: the key that the audience's guards check with. */
  symmetricKey(audience: string): Buffer | undefined
}

/** Makes a key, its private half sealed. `signsAt` null: the next key, published before it signs. */
export async function makeSigningKey(
  algorithm: SigningAlgorithm,
  seal: Seal,
  times: { createdAt: UnixSeconds; signsAt: UnixSeconds | null },
): Promise<StoredSigningKey> {
  const { privateJwk, publicJwk } = await makeKeyMaterial(algorithm)
  const id = publicJwk ? thumbprint(publicJwk) : randomId()
  return {
    id,
    algorithm,
    public_jwk: publicJwk ? JSON.stringify({ ...publicJwk, kid: id, use: 'sig', alg: algorithm }) : null,
    sealed_private_key: seal.seal(`signing key ${id}`, JSON.stringify(privateJwk)),
    created_at: times.createdAt,
    signs_at: times.signsAt,
    expires_at: null,
  }
}

/** Opens a stored key. @throws SealError */
export function openSigningKey(
  stored: StoredSigningKey,
  seal: Seal,
): { key: SigningKey; isSealedByOld: boolean } {
  const { text, isOld } = seal.open(`signing key ${stored.id}`, stored.sealed_private_key)
  const jwk = JSON.parse(text) as JsonWebKey
  const key: SigningKey = {
    kid: stored.id,
    algorithm: stored.algorithm,
    publicJwk: stored.public_jwk === null ? undefined : (JSON.parse(stored.public_jwk) as JsonWebKey),
    signsAt: stored.signs_at,
    expiresAt: stored.expires_at,
    ...(stored.algorithm === 'HS256'
      ? symmetric(Buffer.from(jwk.k ?? '', 'base64url'))
      : asymmetric(stored.algorithm, stored.id, createPrivateKey({ key: jwk, format: 'jwk' }))),
  }
  return { key, isSealedByOld: isOld }
}

type Signing = Pick<SigningKey, 'signJwt' | 'symmetricKey'>

/** RFC 9068 §2.1: `typ` says that it is an access token, so that no other JWT can pass for one. */
function asymmetric(algorithm: Exclude<SigningAlgorithm, 'HS256'>, kid: string, key: KeyObject): Signing {
  const header = encodeJson({ alg: algorithm, typ: 'at+jwt', kid })
  const signBytes = signer(algorithm, key)
  return {
    signJwt(claims) {
      const input = `${header}.${encodeJson(claims)}`
      return `${input}.${signBytes(Buffer.from(input)).toString('base64url')}`
    },
    symmetricKey: () => undefined,
  }
}

/** An owner's choice for pages that promise this very header. Each audience has a key of its own. */
function symmetric(seed: Buffer): Signing {
  const header = encodeJson({ alg: 'HS256', typ: 'JWT' })
  const keys = new Map<string, Buffer>()
  const keyFor = (audience: string): Buffer => {
    const known = keys.get(audience)
    if (known) return known
    const key = deriveKey(seed, `HS256 ${audience}`)
    keys.set(audience, key)
    return key
  }
  return {
    signJwt(claims, audience) {
      const input = `${header}.${encodeJson(claims)}`
      return `${input}.${createHmac('sha256', keyFor(audience)).update(input).digest('base64url')}`
    },
    symmetricKey: keyFor,
  }
}

function signer(algorithm: Exclude<SigningAlgorithm, 'HS256'>, key: KeyObject): (input: Buffer) => Buffer {
  switch (algorithm) {
    case 'ES256': {
      const options = { key, dsaEncoding: 'ieee-p1363' as const }
      return (input) => sign('sha256', input, options)
    }
    case 'EdDSA':
      return (input) => sign(null, input, key)
    case 'RS256':
      return (input) => sign('sha256', input, key)
    case 'PS256': {
      const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      return (input) => sign('sha256', input, options)
    }
  }
}

async function makeKeyMaterial(algorithm: SigningAlgorithm) {
  if (algorithm === 'HS256') {
    return { privateJwk: { kty: 'oct', k: randomBytes(32).toString('base64url') }, publicJwk: undefined }
  }
  const { privateKey, publicKey } = await makeKeyPair(algorithm)
  return { privateJwk: privateKey.export({ format: 'jwk' }), publicJwk: publicKey.export({ format: 'jwk' }) }
}

function makeKeyPair(algorithm: Exclude<SigningAlgorithm, 'HS256'>) {
  if (algorithm === 'ES256') return generate('ec', { namedCurve: 'P-256' })
  if (algorithm === 'EdDSA') return generate('ed25519')
  return generate('rsa', { modulusLength: rsaModulusLength })
}

/** RFC 7638: the `kid` is the key's own thumbprint. */
function thumbprint(jwk: JsonWebKey): string {
  const members: Record<string, (keyof JsonWebKey)[]> = {
    EC: ['crv', 'kty', 'x', 'y'],
    OKP: ['crv', 'kty', 'x'],
    RSA: ['e', 'kty', 'n'],
  }
  const required = (members[jwk.kty ?? ''] ?? []).map((name) => [name, jwk[name]])
  return hash('sha256', JSON.stringify(Object.fromEntries(required)), 'base64url')
}

const encodeJson = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
