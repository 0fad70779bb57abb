import { randomBytes } from 'node:crypto'
import { invalidGrant } from '../base/oauth-error.ts'
import { base32, randomId } from '../base/random.ts'
import { intersectScope, narrowScope, parseScope } from '../base/scope.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { Connection, Grantor, NewConnection } from '../store/connections.ts'
import type { TokenAnswer } from '../tokens/access-token.ts'
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
 * What the person may still allow of what the connection was granted.
 *
 * @throws OAuthError `invalid_grant` when they lost what the API asks of every app.
 */
export function availableScope(
  { config }: Pick<GrantContext, 'config'>,
  granted: string,
  user: Pick<Grantor, 'scope'>,
): string {
  const available = intersectScope(granted, user.scope)
  if (config.requiredScope !== undefined && !parseScope(available).includes(config.requiredScope)) {
    throw invalidGrant('the person may not allow the required scope any more')
  }
  return available
}

/**
 * The tokens that a connection gives now: an access token, and the refresh token that its row says is the current one,
 * for a client that may refresh. The scope and the resource that are asked for narrow this access token alone (RFC 6749
 * §6, RFC 8707 §2.2).
 *
 * @throws OAuthError `invalid_scope`, `invalid_target`, `invalid_grant`.
 */
export async function answerConnection(
  context: GrantContext,
  client: ClientWithSecrets,
  { connection, user }: { connection: Connection; user: Grantor },
  parameters: ReadonlyMap<string, string>,
): Promise<TokenAnswer> {
  const answer = await context.accessTokens.issue({
    client,
    user,
    connectionId: connection.id,
    scope: narrowScope(parameters.get('scope'), availableScope(context, connection.scope, user)),
    audience: narrowAudience(connection.audience, parameters.get('resource'), context.config),
  })
  if (!client.grant_types.split(' ').includes('refresh_token')) return { ...answer, user_id: user.id }
  const { seed, key_number: keyNumber, id: connectionId, generation, expires_at } = connection
  const refresh_token = context.refreshTokens.derive({ keyNumber, connectionId, generation }, seed)
  if (refresh_token === undefined) throw invalidGrant('the connection was made under a secret that is gone')
  // Counts from the rotation, which in a retry is a while ago.
  const refresh_expires_in = Math.max(0, expires_at - context.clock())
  return { ...answer, refresh_token, refresh_expires_in, user_id: user.id }
}
