import { isCount, isText } from './json.ts'
import type { CheckedToken, Principal } from './principal.ts'
import type { Reason, Rejection } from './rejection.ts'
import type { RevocableToken } from './revocations.ts'

export interface Expected {
  readonly issuer: string
  readonly audience: string
  /** How far the server's clock and this one may differ. */
  readonly clockToleranceSeconds: number
}

/** Where the claims come from. */
export interface Origin {
  readonly credential: Principal['credential']
  /** The `kid` of the JWT. */
  readonly kid?: string | undefined
}

/** The claims that revocation goes by, checked or one's own. */
export interface RevocableClaims {
  readonly jti: string
  readonly client_id: string
  readonly sub: string
  readonly connection_id?: string | undefined
  readonly client_epoch?: number
  readonly user_epoch?: number
  readonly epoch?: number
}

const maxAudiences = 64

/**
 * Checks the claims of an access token (RFC 9068 §4, or an introspection answer, RFC 7662 §2.2): issuer, audience,
 * times, and the claims that revocation goes by. Pure: `now` is passed in, in Unix seconds.
 */
export function checkClaims(
  claims: Record<string, unknown>,
  expected: Expected,
  now: number,
  origin: Origin,
): CheckedToken | Rejection {
  const audience = readAudience(claims.aud)
  if (claims.iss !== expected.issuer) return { reason: 'wrong-issuer' }
  if (!audience.includes(expected.audience)) return { reason: 'wrong-audience' }
  const reason = checkTimes(claims, expected.clockToleranceSeconds, now)
  if (reason) return { reason }
  return toCheckedToken(claims, audience, origin) ?? { reason: 'bad-claims' }
}

/** What a token is known by to the feed. `kid`: that of its JWT. */
export const revocableOf = (claims: RevocableClaims, kid?: string): RevocableToken => ({
  jti: claims.jti,
  kid,
  connectionId: claims.connection_id,
  clientId: claims.client_id,
  clientEpoch: claims.client_epoch ?? 0,
  subject: claims.sub,
  userEpoch: claims.user_epoch ?? 0,
  epoch: claims.epoch ?? 0,
})

/** Whether a token's time is over. */
export const isExpired = (expiresAt: number, clockToleranceSeconds: number, now: number): boolean =>
  now >= expiresAt + clockToleranceSeconds

/** RFC 7519 §4.1.4 to §4.1.6. `exp` must be there; text and NaN are not times. */
function checkTimes(claims: Record<string, unknown>, tolerance: number, now: number): Reason | undefined {
  const { exp, nbf = 0, iat = 0 } = claims
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat)) return 'bad-claims'
  if (isExpired(exp, tolerance, now)) return 'expired'
  if (nbf > now + tolerance || iat > now + tolerance) return 'not-yet-valid'
  return undefined
}

function toCheckedToken(
  claims: Record<string, unknown>,
  audience: readonly string[],
  { credential, kid }: Origin,
): CheckedToken | undefined {
  const { iss, sub, client_id, jti, exp, scope = '', connection_id, username } = claims
  const { client_epoch = 0, user_epoch = 0, epoch = 0 } = claims
  if (!isText(iss) || !isText(sub) || !isText(client_id) || !isText(jti) || !isTime(exp)) return undefined
  if (typeof scope !== 'string' || !isTextOrAbsent(connection_id) || !isTextOrAbsent(username))
    return undefined
  if (!isCount(client_epoch) || !isCount(user_epoch) || !isCount(epoch)) return undefined
  const principal: Principal = {
    subject: sub,
    clientId: client_id,
    scope: scope.split(' ').filter((token) => token !== ''),
    audience,
    issuer: iss,
    expiresAt: exp,
    tokenId: jti,
    ...(connection_id === undefined ? {} : { connectionId: connection_id }),
    ...(username === undefined ? {} : { username }),
    credential,
    claims,
  }
  return {
    principal: deepFreeze(principal),
    revocable: revocableOf({ jti, client_id, sub, connection_id, client_epoch, user_epoch, epoch }, kid),
  }
}

/** `aud` is one string or several (RFC 7519 §4.1.3); anything else is nobody. */
function readAudience(aud: unknown): readonly string[] {
  const list = Array.isArray(aud) ? aud : [aud]
  return list.length <= maxAudiences && list.every(isText) ? [...list] : []
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
const isTextOrAbsent = (value: unknown): value is string | undefined => value === undefined || isText(value)

/**
 * A handler that changed its principal would change it for every later request with the same token. Without recursion:
 * how deep claims are nested is up to whoever made the token.
 */
function deepFreeze(principal: Principal): Principal {
  const pending: object[] = [principal]
  for (const value of pending) {
    for (const member of Object.values(value))
      if (typeof member === 'object' && member !== null) pending.push(member)
    Object.freeze(value)
  }
  return principal
}
