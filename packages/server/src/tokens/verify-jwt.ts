import { constants, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import type { UnixSeconds } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { SigningKey } from '../keys/signing-key.ts'
import type { AccessTokenClaims } from './access-token.ts'

/** The longest JWT that is read, in characters. */
const maxJwtLength = 8_192

const base64url = /^[A-Za-z0-9_-]+$/
const publicKeys = new WeakMap<SigningKey, KeyObject>()

/** What a JWT of this server says, if it signed it and it has not expired; whether it was revoked is not looked at. */
export function verifyOwnJwt(
  token: string,
  keys: KeyRing,
  config: Pick<Config, 'issuer' | 'audience' | 'resources' | 'signingAlgorithm'>,
  now: UnixSeconds,
): { claims: AccessTokenClaims; kid?: string } | undefined {
  if (token.length > maxJwtLength) return undefined
  const parts = token.split('.')
  const [header = '', payload = '', signature = ''] = parts
  if (parts.length !== 3 || !parts.every((part) => base64url.test(part))) return undefined
  const input = Buffer.from(`${header}.${payload}`)
  const proof = Buffer.from(signature, 'base64url')
  if (proof.toString('base64url') !== signature) return undefined
  const { kid } = parseObject<{ kid?: string }>(header) ?? {}
  const isSigned =
    kid === undefined
      ? isSignedSymmetrically(input, proof, keys, [config.audience, ...config.resources])
      : isSignedBy(keys.find(kid), header, input, proof)
  const claims = isSigned ? parseObject<AccessTokenClaims>(payload) : undefined
  if (claims?.iss !== config.issuer || claims.exp <= now) return undefined
  return kid === undefined ? { claims } : { claims, kid }
}

/** What was signed here was written here, so its members are what they were. */
function parseObject<Shape>(part: string): Shape | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Shape) : undefined
  } catch {
    return undefined
  }
}

/** The key decides the algorithm; a header that names another was not written here. */
function isSignedBy(key: SigningKey | undefined, header: string, input: Buffer, proof: Buffer): boolean {
  if (!key?.publicJwk || parseObject<{ alg?: string }>(header)?.alg !== key.algorithm) return false
  const publicKey = publicKeys.get(key) ?? createPublicKey({ key: key.publicJwk, format: 'jwk' })
  publicKeys.set(key, publicKey)
  switch (key.algorithm) {
    case 'ES256':
      return verify('sha256', input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, proof)
    case 'EdDSA':
      return verify(null, input, publicKey, proof)
    case 'RS256':
      return verify('sha256', input, publicKey, proof)
    case 'PS256':
      return verify(
        'sha256',
        input,
        { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        proof,
      )
    case 'HS256':
      return false
  }
}

function isSignedSymmetrically(input: Buffer, proof: Buffer, keys: KeyRing, audiences: string[]): boolean {
  return audiences
    .flatMap((audience) => keys.symmetricKeys(audience))
    .some((key) => {
      const expected = createHmac('sha256', key).update(input).digest()
      return expected.length === proof.length && timingSafeEqual(expected, proof)
    })
}
