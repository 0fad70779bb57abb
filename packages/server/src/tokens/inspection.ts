import { revocableOf } from '@latchkey/guard'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import { isRandomSecret } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { expiryMarginSeconds } from '../store/revocations.ts'
import type { Store } from '../store/store.ts'
import type { HeadWatch } from '../store/watch.ts'
import { type AccessTokenClaims, claimsOf } from './claims.ts'
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

export function createTokenInspection(options: InspectionOptions): TokenInspection {
  const { config, clock, keys, store, watch, feed } = options

  async function read(token: string): Promise<{ claims: AccessTokenClaims; kid?: string } | undefined> {
    if (!isRandomSecret(token)) return verifyOwnJwt(token, keys, config, clock())
    const row = await store.opaqueTokens.find(sha256(token), clock())
    return row && { claims: claimsOf(row, config.issuer) }
  }

  async function inspect(token: string): Promise<AccessTokenClaims | undefined> {
    await watch.check()
    const found = await read(token)
    if (!found) return undefined
    return feed.revocations.isRevoked(revocableOf(found.claims, found.kid)) ? undefined : found.claims
  }

  async function revoke(token: string, clientId: string): Promise<boolean> {
    const event = { at: clock(), actor: `client:${clientId}`, action: 'token.revoked' }
    const isRevoked = isRandomSecret(token)
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
    // A guard whose clock is behind takes the token for a while longer, so it can be ended for as long.
    const claims = verifyOwnJwt(token, keys, config, clock() - expiryMarginSeconds)?.claims
    if (claims?.client_id !== clientId) return false
    await store.revocations.revoke(
      { kind: 'token', subject: claims.jti, client_id: clientId, epoch: null, expires_at: claims.exp },
      { ...event, subject: `token:${claims.jti}` },
    )
    return true
  }

  return { inspect, revoke }
}
