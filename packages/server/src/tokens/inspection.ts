import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { OpaqueToken } from '../store/opaque-tokens.ts'
import type { Store } from '../store/store.ts'
import type { HeadWatch } from '../store/watch.ts'
import type { AccessTokenClaims } from './access-token.ts'
import type { RevocationFeed } from './revocation-feed.ts'
import { verifyOwnJwt } from './verify-jwt.ts'

/** Reads a token that was issued here, and ends it. */
export interface TokenInspection {
  /** What a live token says; `undefined`: unknown, expired or revoked, which look the same. Exact, across processes. */
  inspect(token: string): Promise<AccessTokenClaims | undefined>
  /** RFC 7009: ends the client's own token, and resolves when this process refuses it. `false`: not the client's. */
  revoke(token: string, clientId: string): Promise<boolean>
}

export interface InspectionOptions {
  config: Config
  clock: Clock
  keys: KeyRing
  store: Store
  watch: HeadWatch
  feed: RevocationFeed
}

/** An opaque token is 52 characters of base32; whatever else has no dot is no token of ours. */
const opaqueToken = /^[a-z2-7]{52}$/

export function createTokenInspection(options: InspectionOptions): TokenInspection {
  const { config, clock, keys, store, watch, feed } = options

  async function read(token: string): Promise<{ claims: AccessTokenClaims; kid?: string } | undefined> {
    if (!opaqueToken.test(token)) return verifyOwnJwt(token, keys, config, clock())
    const row = await store.opaqueTokens.find(sha256(token), clock())
    return row && { claims: claimsOfRow(row, config.issuer) }
  }

  async function inspect(token: string): Promise<AccessTokenClaims | undefined> {
    const found = await read(token)
    if (!found) return undefined
    await watch.check()
    return feed.revocations.isRevoked(revocable(found)) ? undefined : found.claims
  }

  async function revoke(token: string, clientId: string): Promise<boolean> {
    const event = { at: clock(), actor: `client:${clientId}`, action: 'token.revoked' }
    const isOpaque = opaqueToken.test(token)
    const isRevoked = isOpaque
      ? await store.opaqueTokens.revoke(sha256(token), clientId, event)
      : await revokeJwt(token, clientId, event)
    if (isRevoked) await watch.check()
    return isRevoked
  }

  async function revokeJwt(
    token: string,
    clientId: string,
    event: { at: number; actor: string; action: string },
  ) {
    const claims = verifyOwnJwt(token, keys, config, clock())?.claims
    if (claims?.client_id !== clientId) return false
    await store.revocations.revoke(
      { kind: 'token', subject: claims.jti, client_id: clientId, epoch: null, expires_at: claims.exp },
      { ...event, subject: `token:${claims.jti}` },
    )
    return true
  }

  return { inspect, revoke }
}

function revocable({ claims, kid }: { claims: AccessTokenClaims; kid?: string }) {
  return {
    jti: claims.jti,
    kid,
    connectionId: claims.connection_id,
    clientId: claims.client_id,
    clientEpoch: claims.client_epoch ?? 0,
    subject: claims.sub,
    userEpoch: claims.user_epoch ?? 0,
    epoch: claims.epoch ?? 0,
  }
}

function claimsOfRow(row: OpaqueToken, iss: string): AccessTokenClaims {
  const audience = row.audience.split(' ')
  return {
    iss,
    sub: row.user_id ?? row.client_id,
    aud: audience.length === 1 ? row.audience : audience,
    client_id: row.client_id,
    iat: row.issued_at,
    exp: row.expires_at,
    jti: row.id,
    ...(row.scope === '' ? {} : { scope: row.scope }),
    ...(row.connection_id ? { connection_id: row.connection_id } : {}),
    ...(row.client_epoch > 0 ? { client_epoch: row.client_epoch } : {}),
    ...(row.user_epoch > 0 ? { user_epoch: row.user_epoch } : {}),
    ...(row.epoch > 0 ? { epoch: row.epoch } : {}),
  }
}
