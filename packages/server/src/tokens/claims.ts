import type { UnixSeconds } from '../base/clock.ts'
import type { OpaqueToken } from '../store/opaque-tokens.ts'

/** What an access token is, whatever its form: a row of it is kept for an opaque one, a JWT says the same. */
export type IssuedToken = Omit<OpaqueToken, 'token_hash'>

/** What an access token says: the claims of RFC 9068 §2.2, and Latchkey's own, which make it revocable. */
export interface AccessTokenClaims {
  iss: string
  sub: string
  aud: string | string[]
  client_id: string
  iat: UnixSeconds
  exp: UnixSeconds
  jti: string
  scope?: string
  connection_id?: string
  client_epoch?: number
  user_epoch?: number
  epoch?: number
}

/** Without a person the subject is the client itself (RFC 9068 §2.2). A claim that has nothing to say is left out. */
export function claimsOf(token: IssuedToken, iss: string): AccessTokenClaims {
  const audience = token.audience.split(' ')
  const claims: AccessTokenClaims = {
    iss,
    sub: token.user_id ?? token.client_id,
    aud: audience.length === 1 ? token.audience : audience,
    client_id: token.client_id,
    iat: token.issued_at,
    exp: token.expires_at,
    jti: token.id,
  }
  if (token.scope !== '') claims.scope = token.scope
  if (token.connection_id) claims.connection_id = token.connection_id
  if (token.client_epoch > 0) claims.client_epoch = token.client_epoch
  if (token.user_epoch > 0) claims.user_epoch = token.user_epoch
  if (token.epoch > 0) claims.epoch = token.epoch
  return claims
}
