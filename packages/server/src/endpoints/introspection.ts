import type { Handler } from '../base/handler.ts'
import { invalidClient } from '../base/oauth-error.ts'
import type { Wire } from '../dialects/compile.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { AccessTokenClaims } from '../tokens/claims.ts'
import type { TokenInspection } from '../tokens/inspection.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticateRequest, presentedToken } from './presented-client.ts'

export interface IntrospectionEndpointContext extends AuthenticationContext {
  tokens: TokenInspection
}

/**
 * RFC 7662: says what a token means, to the resource server it is for or the client it was issued to. To anyone else, as
 * for a token that is unknown, expired or revoked, the answer is `{"active": false}` and nothing more.
 */
export function introspectionEndpoint(context: IntrospectionEndpointContext, wire: Wire): Handler {
  return async (request, exchange) => {
    const { client, parameters } = await authenticateRequest(request, wire, exchange, context)
    if (client.type === 'public') throw invalidClient('a public client asked to introspect')
    const claims = await context.tokens.inspect(presentedToken(parameters))
    const isTheirs = claims !== undefined && concerns(claims, client)
    return credentialResponse(
      isTheirs ? { active: true, token_type: 'Bearer', ...claims } : { active: false },
      exchange,
    )
  }
}

function concerns(claims: AccessTokenClaims, client: ClientWithSecrets): boolean {
  if (client.type !== 'resource_server') return claims.client_id === client.id
  return client.audience !== null && [claims.aud].flat().includes(client.audience)
}
