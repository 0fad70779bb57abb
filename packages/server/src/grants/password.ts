import { invalidGrant, OAuthError, tooManyRequests } from '../base/oauth-error.ts'
import { intersectScope, narrowScope } from '../base/scope.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { User } from '../store/users.ts'
import type { TokenAnswer } from '../tokens/access-token.ts'
import { readAudience } from '../tokens/resource.ts'
import {
  answerConnection,
  checkRequiredScope,
  granteeOf,
  newConnection,
  refuseWhatEnded,
} from './connection.ts'
import type { Grant, GrantContext } from './grant.ts'

/**
 * RFC 6749 §4.3: a client sends a person's own password. RFC 9700 §2.4 forbids it: it is here for published pages that
 * promise it, for clients that an owner allowed it until a date, and each use is counted.
 */
export const password = {
  grantType: 'password',
  async exchange(context, client, parameters, { address }) {
    const username = parameters.get('username')
    const secret = parameters.get('password')
    if (username === undefined || secret === undefined) {
      throw new OAuthError('invalid_request', 'The parameters username and password are needed.')
    }
    if (!(await context.store.passwordGrants.use(client.id, context.clock()))) {
      throw new OAuthError(
        'unauthorized_client',
        'This client may not send passwords, or not any more: the owner of the API can allow it until a date.',
      )
    }
    const result = await context.people.signIn({ username, password: secret, address })
    if (result.kind === 'throttled') throw tooManyRequests(result.retryAfterSeconds, 'sign-in throttled')
    if (result.kind === 'refused') throw invalidGrant('unknown person or wrong password', wrongPassword)
    return answer(context, client, result.user, parameters)
  },
} satisfies Grant

const wrongPassword = 'The username or the password is wrong.'

/** A client that may refresh gets a connection; for any other the access token is all there is. */
async function answer(
  context: GrantContext,
  client: ClientWithSecrets,
  user: User,
  parameters: ReadonlyMap<string, string>,
): Promise<TokenAnswer> {
  const { config, store, accessTokens } = context
  const scope = narrowScope(parameters.get('scope'), intersectScope(client.scope, user.scope))
  // Before anything is opened, or ended by what is opened.
  checkRequiredScope(context, scope)
  const audience = readAudience(config, parameters.get('resource'))
  if (!client.grant_types.split(' ').includes('refresh_token')) {
    return { ...(await accessTokens.issue({ client, user, scope, audience })), user_id: user.id }
  }
  const base = newConnection(context)
  const connection = await store.connections.open(
    { ...base, client_id: client.id, user_id: user.id, scope, audience: audience.join(' ') },
    user,
    config.connections,
    { at: base.created_at, actor: `client:${client.id}` },
  )
  await refuseWhatEnded(context)
  if (!connection) throw invalidGrant('the person was disabled meanwhile')
  const grantee = granteeOf(context, client, connection, user, new Map())
  return answerConnection(context, client, connection, await accessTokens.issue(grantee))
}
