import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  type SigningOptions,
  sign,
  timingSafeEqual,
  verify,
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
  /**
   * Whether this key made the signature.
   *
   * @param input header and payload, as they were sent.
   * @param audience HS256 alone: whose key it must have been.
   */
  verifies(input: Buffer, signature: Buffer, audience?: string): boolean
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
  const id = randomId()
  return {
    id,
    algorithm,
    public_jwk: publicJwk ? JSON.stringify({ ...publicJwk, kid: id, use: 'sig', alg: algorithm }) : null,
    sealed_private_key: seal.seal(sealedName(id), JSON.stringify(privateJwk)),
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
  const { text, isOld } = seal.open(sealedName(stored.id), stored.sealed_private_key)
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

/** The private half sealed anew, with the newest secret. @throws SealError */
export function resealPrivateKey({ id, sealed_private_key }: StoredSigningKey, seal: Seal): string {
  const name = sealedName(id)
  return seal.seal(name, seal.open(name, sealed_private_key).text)
}

const sealedName = (id: string): string => `signing key ${id}`

type Signing = Pick<SigningKey, 'signJwt' | 'verifies' | 'symmetricKey'>
type AsymmetricAlgorithm = Exclude<SigningAlgorithm, 'HS256'>

/** What RFC 7518 §3 (RFC 8037 for EdDSA) makes of each algorithm, as node:crypto is told it. */
const schemes = {
  ES256: { digest: 'sha256', format: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { digest: null, format: {} },
  RS256: { digest: 'sha256', format: {} },
  PS256: { digest: 'sha256', format: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
} satisfies Record<AsymmetricAlgorithm, { digest: string | null; format: SigningOptions }>

/** RFC 9068 §2.1: `typ` says that it is an access token, so that no other JWT can pass for one. */
function asymmetric(algorithm: AsymmetricAlgorithm, kid: string, key: KeyObject): Signing {
  const header = encodeJson({ alg: algorithm, typ: 'at+jwt', kid })
  const { digest, format } = schemes[algorithm]
  const privateKey = { key, ...format }
  const publicKey = { key: createPublicKey(key), ...format }
  return {
    signJwt(claims) {
      const input = `${header}.${encodeJson(claims)}`
      return `${input}.${sign(digest, Buffer.from(input), privateKey).toString('base64url')}`
    },
    verifies: (input, signature) => verify(digest, input, publicKey, signature),
    symmetricKey: () => undefined,
  }
}

/** An owner's choice for pages that promise this very header. Each audience has a key of its own. */
function symmetric(seed: Buffer): Signing {
  const header = encodeJson({ alg: 'HS256', typ: 'JWT' })
  const keyFor = (audience: string): Buffer => deriveKey(seed, `HS256 ${audience}`)
  const mac = (input: string | Buffer, audience: string): Buffer =>
    createHmac('sha256', keyFor(audience)).update(input).digest()
  return {
    signJwt(claims, audience) {
      const input = `${header}.${encodeJson(claims)}`
      return `${input}.${mac(input, audience).toString('base64url')}`
    },
    verifies(input, signature, audience) {
      if (audience === undefined) return false
      const expected = mac(input, audience)
      return expected.length === signature.length && timingSafeEqual(expected, signature)
    },
    symmetricKey: keyFor,
  }
}

async function makeKeyMaterial(algorithm: SigningAlgorithm) {
  if (algorithm === 'HS256') {
    return { privateJwk: { kty: 'oct', k: randomBytes(32).toString('base64url') }, publicJwk: undefined }
  }
  const { privateKey, publicKey } = await makeKeyPair(algorithm)
  return { privateJwk: privateKey.export({ format: 'jwk' }), publicJwk: publicKey.export({ format: 'jwk' }) }
}

function makeKeyPair(algorithm: AsymmetricAlgorithm) {
  if (algorithm === 'ES256') return generate('ec', { namedCurve: 'P-256' })
  if (algorithm === 'EdDSA') return generate('ed25519')
  return generate('rsa', { modulusLength: rsaModulusLength })
}

const encodeJson = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
