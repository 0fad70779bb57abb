import type { RevocableToken } from './revocations.ts'

/** Who calls, and what they may do: one shape, whatever the credential was. Frozen, because it is cached and shared. */
export interface Principal {
  /** `sub`: the person, or the client itself when it calls for nobody. */
  readonly subject: string
  readonly clientId: string
  /** What was granted; empty when nothing was. */
  readonly scope: readonly string[]
  /** `aud`: always holds the guard's own audience. */
  readonly audience: readonly string[]
  readonly issuer: string
  /** Unix seconds. */
  readonly expiresAt: number
  /** `jti`. Names the credential and is no secret. */
  readonly tokenId: string
  /** The connection of one person and one app, when the token came from one. */
  readonly connectionId?: string
  /** The person's name at the server; known for opaque tokens only. */
  readonly username?: string
  readonly credential: 'jwt' | 'opaque'
  /** Every claim of the JWT, or the whole introspection answer. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** A credential that was good when it was checked. Expiry, revocation and scope are checked each time it is used. */
export interface CheckedToken {
  readonly principal: Principal
  readonly revocable: RevocableToken
}
