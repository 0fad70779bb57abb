import { OAuthError } from '../base/oauth-error.ts'
import { narrowScope } from '../base/scope.ts'
import { readAudience } from '../tokens/resource.ts'
import type { Grant } from './grant.ts'

/** RFC 6749 §4.4: a client asks for a token for itself. */
export const clientCredentials = {
  grantType: 'client_credentials',
  exchange({ config, accessTokens }, client, parameters) {
    if (client.type !== 'confidential') {
      throw new OAuthError(
        'unauthorized_client',
        'Only a client with a secret may ask for a token for itself.',
      )
    }
    const scope = narrowScope(parameters.get('scope'), client.scope)
    const audience = readAudience(config, parameters.get('resource'))
    return accessTokens.issue({ client, scope, audience })
  },
} satisfies Grant
