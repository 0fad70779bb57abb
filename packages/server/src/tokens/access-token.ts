import { randomUUID } from 'node:crypto'
import type { Clock, UnixSeconds } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import { randomSecret } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Client } from '../store/clients.ts'
import type { OpaqueToken, OpaqueTokenStore } from '../store/opaque-tokens.ts'
import type { HeadWatch } from '../store/watch.ts'
import { claimsOf, type IssuedToken } from './claims.ts'

/** A client, and the person on whose behalf it acts, if any, who get an access token. */
export interface Grantee {
  client: Pick<Client, 'id' | 'epoch'>
  user?: { id: string; epoch: number }
  connectionId?: string
  /** Space separated; empty: none. */
  scope: string
  /** Resource indicators (RFC 8707); one at least. */
  audience: readonly [string, ...string[]]
  /** When what it comes from ends: no token lives longer. Default: never. */
  endsAt?: UnixSeconds
}

/** RFC 6749 §5.1, and what a dialect may say besides. */
export interface TokenAnswer {
  access_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
  scope?: string
  refresh_token?: string
  /** Seconds until the refresh token expires unused. No member of the standard answer. */
  refresh_expires_in?: number
  /** The person on whose behalf. No member of the standard answer. */
  user_id?: string
}

/** A token that is made and not yet given to anybody. */
export interface DraftedToken {
  /** What must be kept first; `undefined`: a JWT, of which nothing is. */
  row: OpaqueToken | undefined
  answer(): TokenAnswer | Promise<TokenAnswer>
}

export interface AccessTokenIssuer {
  /** For whoever keeps the row in a transaction of their own. */
  draft(grantee: Grantee): DraftedToken
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
  const answer = (access_token: string, { scope, issued_at, expires_at }: IssuedToken): TokenAnswer => ({
    access_token,
    token_type: 'Bearer',
    expires_in: expires_at - issued_at,
    ...(scope === '' ? {} : { scope }),
  })

  const describe = (
    { client, user, connectionId, scope, audience, endsAt = Number.POSITIVE_INFINITY }: Grantee,
    now: UnixSeconds,
  ): IssuedToken => ({
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
    expires_at: Math.max(now + 1, Math.min(now + config.accessTokenLifetimeSeconds, endsAt)),
  })

  function draftJwt(grantee: Grantee): DraftedToken {
    const token = describe(grantee, clock())
    const sign = () => keys.signJwt(claimsOf(token, config.issuer), grantee.audience[0])
    return { row: undefined, answer: async () => answer(await sign(), token) }
  }

  function draftOpaque(grantee: Grantee): DraftedToken {
    const [text, token] = [randomSecret(), describe(grantee, clock())]
    return { row: { token_hash: sha256(text), ...token }, answer: () => answer(text, token) }
  }

  const draft = config.accessTokenFormat === 'jwt' ? draftJwt : draftOpaque
  return {
    draft,
    async issue(grantee) {
      const drafted = draft(grantee)
      if (drafted.row) await opaqueTokens.add(drafted.row)
      return drafted.answer()
    },
  }
}
