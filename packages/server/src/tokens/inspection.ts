import { revocableOf } from '@latchkey/guard'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import { isRandomSecret } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Connection } from '../store/connection.ts'
import { expiryMarginSeconds } from '../store/revocations.ts'
import type { Store } from '../store/store.ts'
import type { HeadWatch } from '../store/watch.ts'
import { type AccessTokenClaims, claimsOf } from './claims.ts'
import type { RefreshTokens } from './refresh-token.ts'
import type { RevocationFeed } from './revocation-feed.ts'
import { verifyOwnJwt } from './verify-jwt.ts'

/** Reads a token that was issued here, and ends it. */
export interface TokenInspection {
  /** What a live token says; `undefined`: unknown, expired or revoked, which look the same. Exact, across processes. */
  inspect(token: string): Promise<AccessTokenClaims | undefined>
  /**
   * RFC 7009: ends the client's own token, and resolves when this process refuses it. A refresh token, the current one or
   * an earlier one, ends its connection with all its tokens. `false`: not the client's.
   */
  revoke(token: string, clientId: string): Promise<boolean>
  /**
   * Ends the connection that a token of either kind came from, also when it is a JWT that has expired. Whoever holds the
   * token may: it could do more harm than that.
   *
   * @param clientId where a client said who it is: then the connection must be its own.
   */
  endConnectionOf(token: string, clientId: string | undefined): Promise<boolean>
}

export interface InspectionOptions {
  config: Config
  clock: Clock
  keys: KeyRing
  store: Store
  watch: HeadWatch
  feed: RevocationFeed
  refreshTokens: RefreshTokens
}

/** Looks into tokens of every kind: those signed here, those kept as rows, and refresh tokens. */
export function createTokenInspection(options: InspectionOptions): TokenInspection {
  const { config, clock, keys, store, watch, feed, refreshTokens } = options

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
      : (await revokeJwt(token, clientId, event)) || (await revokeRefreshToken(token, clientId))
    if (isRevoked) await watch.check()
    return isRevoked
  }

  async function revokeRefreshToken(token: string, clientId: string): Promise<boolean> {
    const connection = await findConnection(token)
    return connection?.client_id === clientId && store.connections.end(connection.id, clientId, clock())
  }

  /** The connection of a refresh token that was made for it, of whatever generation. */
  async function findConnection(refreshToken: string): Promise<Connection | undefined> {
    const opened = refreshTokens.open(refreshToken)
    const connection = opened && (await store.connections.find(opened.connectionId))
    return connection && opened.isMadeUnder(connection.seed) ? connection : undefined
  }

  async function endConnectionOf(token: string, clientId: string | undefined): Promise<boolean> {
    const found =
      (await findConnection(token)) ?? (await connectionOfAccessToken(token, clientId !== undefined))
    if (!found || (clientId !== undefined && found.client_id !== clientId)) return false
    const isEnded = await store.connections.end(found.id, found.client_id, clock())
    if (isEnded) await watch.check()
    return isEnded
  }

  /**
   * A JWT without a key id may have been written by a resource server, which must not end what it likes: then the client
   * itself must ask.
   */
  async function connectionOfAccessToken(
    token: string,
    isClientKnown: boolean,
  ): Promise<Pick<Connection, 'id' | 'client_id'> | undefined> {
    if (isRandomSecret(token)) {
      const row = await store.opaqueTokens.find(sha256(token), clock())
      return row?.connection_id ? { id: row.connection_id, client_id: row.client_id } : undefined
    }
    const read = verifyOwnJwt(token, keys, config, clock() - config.refreshTokenLifetimeSeconds)
    const id = read?.kid !== undefined || isClientKnown ? read?.claims.connection_id : undefined
    return read && id !== undefined ? { id, client_id: read.claims.client_id } : undefined
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

  return { inspect, revoke, endConnectionOf }
}
