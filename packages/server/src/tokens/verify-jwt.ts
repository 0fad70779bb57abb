import type { UnixSeconds } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { SigningKey } from '../keys/signing-key.ts'
import type { AccessTokenClaims } from './claims.ts'

/** The longest JWT that is read, in characters. */
const maxJwtLength = 8_192

/** The longest claim that a token of ours holds, in characters. The feed's ids are no longer either. */
const maxClaimLength = 512

const base64url = /^[A-Za-z0-9_-]+$/

interface Header {
  kid?: string
  alg?: string
  typ?: string
}

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
  const members = parseObject<Header>(header) ?? {}
  const { kid } = members
  const isSigned =
    kid === undefined
      ? isSignedSymmetrically(keys, ownAudience(payload, config), input, proof)
      : isSignedBy(keys.find(kid), members, input, proof)
  const claims = isSigned ? parseObject<AccessTokenClaims>(payload) : undefined
  if (!claims || !areWellFormed(claims) || claims.iss !== config.issuer || claims.exp <= now) return undefined
  return kid === undefined ? { claims } : { claims, kid }
}

/** An HS256 token may have been written by a resource server, which holds its key: its members can be anything. */
function areWellFormed({ sub, client_id, jti, iat, exp, ...optional }: AccessTokenClaims): boolean {
  const { client_epoch = 0, user_epoch = 0, epoch = 0, scope = '', connection_id = '' } = optional
  const texts: unknown[] = [sub, client_id, jti, scope, connection_id]
  const integers: unknown[] = [iat, exp, client_epoch, user_epoch, epoch]
  return (
    texts.every((text) => typeof text === 'string' && text.length <= maxClaimLength) &&
    integers.every((integer) => Number.isSafeInteger(integer) && Number(integer) >= 0)
  )
}

function parseObject<Shape>(part: string): Shape | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Shape) : undefined
  } catch {
    return undefined
  }
}

/**
 * The key decides the algorithm, and another kind of JWT under the same key is no access token (RFC 9068 §4). A token of
 * a symmetric key names none.
 */
function isSignedBy(
  key: SigningKey | undefined,
  { alg, typ }: Header,
  input: Buffer,
  proof: Buffer,
): boolean {
  return (
    key?.publicJwk !== undefined && alg === key.algorithm && typ === 'at+jwt' && key.verifies(input, proof)
  )
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
  keys: KeyRing,
  audience: string | undefined,
  input: Buffer,
  proof: Buffer,
): boolean {
  return audience !== undefined && keys.symmetric().some((key) => key.verifies(input, proof, audience))
}
