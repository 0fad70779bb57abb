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
      ? isSignedSymmetrically(input, proof, keys, ownAudience(payload, config))
      : isSignedBy(keys.find(kid), header, input, proof)
  const claims = isSigned ? parseObject<AccessTokenClaims>(payload) : undefined
  if (claims?.iss !== config.issuer || !isTimeAfter(claims.exp, now)) return undefined
  return kid === undefined ? { claims } : { claims, kid }
}

/** A text is no time, whatever it compares to (RFC 7519 §4.1.4). */
const isTimeAfter = (time: unknown, now: UnixSeconds): boolean => typeof time === 'number' && time > now

/** What was signed here was written here, so its members are what they were. */
function parseObject<Shape>(part: string): Shape | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Shape) : undefined
  } catch {
    return undefined
  }
}

/** The key decides the algorithm, and another kind of JWT under the same key is no access token (RFC 9068 §4). */
function isSignedBy(key: SigningKey | undefined, header: string, input: Buffer, proof: Buffer): boolean {
  const { alg, typ } = parseObject<{ alg?: string; typ?: string }>(header) ?? {}
  if (!key?.publicJwk || alg !== key.algorithm || typ !== 'at+jwt') return false
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

/**
 * The one audience that an HS256 token names, when it is one of ours: only that one's key may have signed it, because
 * every audience holds its own and could write tokens for another with it.
 */
function ownAudience(
  payload: string,
  { audience, resources }: Pick<Config, 'audience' | 'resources'>,
): string | undefined {
  const aud: unknown = parseObject<{ aud?: unknown }>(payload)?.aud
  return [audience, ...resources].find((known) => known === aud)
}

function isSignedSymmetrically(
  input: Buffer,
  proof: Buffer,
  keys: KeyRing,
  audience: string | undefined,
): boolean {
  if (audience === undefined) return false
  return keys.symmetricKeys(audience).some((key) => {
    const expected = createHmac('sha256', key).update(input).digest()
    return expected.length === proof.length && timingSafeEqual(expected, proof)
  })
}
