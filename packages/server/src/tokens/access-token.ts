import { randomUUID } from 'node:crypto'
import type { Clock, UnixSeconds } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import { randomSecret } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Client } from '../store/clients.ts'
import type { OpaqueTokenStore } from '../store/opaque-tokens.ts'
import type { HeadWatch } from '../store/watch.ts'

/** A client, and the person on whose behalf it acts, if any, who get an access token. */
export interface Grantee {
  client: Pick<Client, 'id' | 'epoch'>
  user?: { id: string; epoch: number }
  connectionId?: string
  /** Space separated; empty: none. */
  scope: string
  /** Resource indicators (RFC 8707); one at least. */
  audience: readonly [string, ...string[]]
}

/** RFC 6749 §5.1. */
export interface TokenAnswer {
  access_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
  scope?: string
}

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

export interface AccessTokenIssuer {
  /** @throws StoreUnavailable when an opaque token could not be kept. */
  issue(grantee: Grantee): Promise<TokenAnswer>
}

export interface AccessTokenOptions {
  config: Config
  clock: Clock
  keys: KeyRing
  opaqueTokens: OpaqueTokenStore
  watch: HeadWatch
}

/** Issues access tokens in the configured format: a JWT is signed and not stored, an opaque one is a row. */
export function createAccessTokenIssuer(options: AccessTokenOptions): AccessTokenIssuer {
  const { config, clock, keys, opaqueTokens, watch } = options
  const lifetime = config.accessTokenLifetimeSeconds
  const answer = (access_token: string, scope: string): TokenAnswer => ({
    access_token,
    token_type: 'Bearer',
    expires_in: lifetime,
    ...(scope === '' ? {} : { scope }),
  })

  async function issueJwt(grantee: Grantee): Promise<TokenAnswer> {
    const claims = claimsOf(grantee, config.issuer, clock(), lifetime, watch.head.epoch)
    return answer(await keys.signJwt(claims, grantee.audience[0]), grantee.scope)
  }

  async function issueOpaque({ client, user, connectionId, scope, audience }: Grantee): Promise<TokenAnswer> {
    const token = randomSecret()
    const now = clock()
    await opaqueTokens.add({
      token_hash: sha256(token),
      id: randomUUID(),
      client_id: client.id,
      user_id: user?.id ?? null,
      connection_id: connectionId ?? null,
      scope,
      audience: audience.join(' '),
      client_epoch: client.epoch,
      user_epoch: user?.epoch ?? 0,
      epoch: watch.head.epoch,
      issued_at: now,
      expires_at: now + lifetime,
    })
    return answer(token, scope)
  }

  return { issue: config.accessTokenFormat === 'jwt' ? issueJwt : issueOpaque }
}

/** Without a person the subject is the client itself (RFC 9068 §2.2). A claim that has nothing to say is left out. */
function claimsOf(
  { client, user, connectionId, scope, audience }: Grantee,
  iss: string,
  now: UnixSeconds,
  lifetime: number,
  epoch: number,
): AccessTokenClaims {
  const claims: AccessTokenClaims = {
    iss,
    sub: user?.id ?? client.id,
    aud: audience.length === 1 ? audience[0] : [...audience],
    client_id: client.id,
    iat: now,
    exp: now + lifetime,
    jti: randomUUID(),
  }
  if (scope !== '') claims.scope = scope
  if (connectionId !== undefined) claims.connection_id = connectionId
  if (client.epoch > 0) claims.client_epoch = client.epoch
  if (user && user.epoch > 0) claims.user_epoch = user.epoch
  if (epoch > 0) claims.epoch = epoch
  return claims
}
