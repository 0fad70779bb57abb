import { OAuthError } from '../base/oauth-error.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import { clientCredentials } from './client-credentials.ts'
import type { Grant } from './grant.ts'

const grants: ReadonlyMap<string, Grant> = new Map([[clientCredentials.grantType, clientCredentials]])

/** Every grant type that the token endpoint knows. */
export const grantTypes: readonly string[] = [...grants.keys()]

/**
 * The grant that a request names, when the client may use it.
 *
 * @throws OAuthError `invalid_request`, `unsupported_grant_type` or `unauthorized_client` (RFC 6749 §5.2).
 */
export function findGrant(grantType: string | undefined, client: ClientWithSecrets): Grant {
  if (grantType === undefined) {
    throw new OAuthError('invalid_request', 'The parameter grant_type is missing.')
  }
  const grant = grants.get(grantType)
  if (!grant) {
    throw new OAuthError(
      'unsupported_grant_type',
      `This server knows the grant types ${grantTypes.join(', ')}.`,
    )
  }
  if (!client.grant_types.split(' ').includes(grantType)) {
    throw new OAuthError('unauthorized_client', `This client may not use the grant type ${grantType}.`)
  }
  return grant
}
