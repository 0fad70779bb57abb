import { OAuthError } from '../base/oauth-error.ts'
import type { Config } from '../config/config.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import { authorizationCode } from './authorization-code.ts'
import { clientCredentials } from './client-credentials.ts'
import type { Grant } from './grant.ts'
import { password } from './password.ts'
import { refreshToken } from './refresh-token.ts'

const grants: ReadonlyMap<string, Grant> = new Map(
  [authorizationCode, refreshToken, clientCredentials, password].map((grant) => [grant.grantType, grant]),
)

/** The grant types that the token endpoint takes: the password one only where the owner's settings name it. */
export const grantTypesOf = ({ passwordGrant }: Pick<Config, 'passwordGrant'>): string[] =>
  [...grants.keys()].filter((grantType) => grantType !== password.grantType || passwordGrant)

/**
 * The grant that a request names, when the client may use it.
 *
 * @throws OAuthError `invalid_request`, `unsupported_grant_type` or `unauthorized_client` (RFC 6749 §5.2).
 */
export function findGrant(
  grantType: string | undefined,
  client: ClientWithSecrets,
  config: Pick<Config, 'passwordGrant'>,
): Grant {
  if (grantType === undefined) {
    throw new OAuthError('invalid_request', 'The parameter grant_type is missing.')
  }
  const known = grantTypesOf(config)
  const grant = known.includes(grantType) ? grants.get(grantType) : undefined
  if (!grant) {
    throw new OAuthError('unsupported_grant_type', `This server knows the grant types ${known.join(', ')}.`)
  }
  if (!client.grant_types.split(' ').includes(grantType)) {
    throw new OAuthError('unauthorized_client', `This client may not use the grant type ${grantType}.`)
  }
  return grant
}
