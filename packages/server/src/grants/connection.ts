import { randomBytes } from 'node:crypto'
import { invalidGrant } from '../base/oauth-error.ts'
import { base32, randomId } from '../base/random.ts'
import { intersectScope, narrowScope, parseScope } from '../base/scope.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { Connection, Grantor, NewConnection } from '../store/connection.ts'
import type { Grantee, TokenAnswer } from '../tokens/access-token.ts'
import { narrowAudience } from '../tokens/resource.ts'
import type { GrantContext } from './grant.ts'

/** What is in every new connection, whatever it grants. */
export function newConnection({
  config,
  clock,
  refreshTokens,
}: GrantContext): Omit<NewConnection, 'client_id' | 'user_id' | 'scope' | 'audience'> {
  const now = clock()
  const absolute_expires_at = now + config.connectionLifetimeSeconds
  return {
    id: randomId(),
    seed: base32(randomBytes(16)),
    key_number: refreshTokens.keyNumber,
    created_at: now,
    expires_at: Math.min(now + config.refreshTokenLifetimeSeconds, absolute_expires_at),
    absolute_expires_at,
  }
}

/**
 * What of a granted scope is still to be had: what the person may allow today, and the client ask for.
 *
 * @throws OAuthError `invalid_grant` when nothing is, or not what the API asks of every app.
 */
export function availableScope(
  { config }: Pick<GrantContext, 'config'>,
  client: Pick<ClientWithSecrets, 'scope'>,
  granted: string,
  user: Pick<Grantor, 'scope'>,
): string {
  const available = intersectScope(intersectScope(granted, client.scope), user.scope)
  if (available === '' && granted !== '') throw invalidGrant('nothing of the granted scope is left')
  checkRequiredScope({ config }, available)
  return available
}

/** @throws OAuthError `invalid_grant` without the scope that the API asks of every app. */
export function checkRequiredScope({ config }: Pick<GrantContext, 'config'>, scope: string): void {
  if (config.requiredScope === undefined || parseScope(scope).includes(config.requiredScope)) return
  throw invalidGrant('the person may not allow the required scope, or not any more')
}

/**
 * Whom the access token of a connection is for, and for what: the scope and the resource that are asked for narrow this
 * token alone (RFC 6749 §6, RFC 8707 §2.2).
 *
 * @throws OAuthError `invalid_scope`, `invalid_target`, `invalid_grant`.
 */
export const granteeOf = (
  context: Pick<GrantContext, 'config'>,
  client: ClientWithSecrets,
  connection: Connection,
  user: Grantor,
  parameters: ReadonlyMap<string, string>,
): Grantee => ({
  client,
  user,
  connectionId: connection.id,
  endsAt: connection.absolute_expires_at,
  scope: narrowScope(parameters.get('scope'), availableScope(context, client, connection.scope, user)),
  audience: narrowAudience(connection.audience, parameters.get('resource'), context.config),
})

/**
 * The tokens that a connection gives now: the access token, and the refresh token that its row says is the current one, for
 * a client that may refresh.
 */
export function answerConnection(
  { refreshTokens, clock }: Pick<GrantContext, 'refreshTokens' | 'clock'>,
  client: ClientWithSecrets,
  connection: Connection,
  accessToken: TokenAnswer,
): TokenAnswer {
  const answer = { ...accessToken, user_id: connection.user_id }
  if (!client.grant_types.split(' ').includes('refresh_token')) return answer
  const { seed, key_number: keyNumber, id: connectionId, generation, expires_at } = connection
  const refresh_token = refreshTokens.derive({ keyNumber, connectionId, generation }, seed)
  if (refresh_token === undefined) throw invalidGrant('the connection was made under a secret that is gone')
  // Counts from the rotation, which in a retry is a while ago.
  return { ...answer, refresh_token, refresh_expires_in: Math.max(0, expires_at - clock()) }
}

/**
 * What was ended just now is refused in this process from here on. What was done stands whether or not this look at the
 * feed succeeds: the watch looks again in a moment.
 */
export const refuseWhatEnded = ({ watch }: Pick<GrantContext, 'watch'>): Promise<void> =>
  watch.check().catch(() => {})
