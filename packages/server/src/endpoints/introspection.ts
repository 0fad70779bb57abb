import type { Clock } from '../base/clock.ts'
import type { Handler } from '../base/handler.ts'
import { invalidClient, OAuthError } from '../base/oauth-error.ts'
import { authenticateClient } from '../clients/authenticate.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Wire } from '../dialects/compile.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { AccessTokenClaims } from '../tokens/access-token.ts'
import type { TokenInspection } from '../tokens/inspection.ts'
import { credentialResponse } from './endpoint.ts'
import { readParameters } from './parameters.ts'
import { presentedClient } from './presented-client.ts'

export interface IntrospectionEndpointContext {
  clock: Clock
  clients: ClientDirectory
  tokens: TokenInspection
}

/**
 * RFC 7662: says what a token means, to the resource server it is for or the client it was issued to. To anyone else, as
 * for a token that is unknown, expired or revoked, the answer is `{"active": false}` and nothing more.
 */
export function introspectionEndpoint(
  { clock, clients, tokens }: IntrospectionEndpointContext,
  wire: Wire,
): Handler {
  return async (request, exchange) => {
    const parameters = await readParameters(request, wire)
    const client = await authenticateClient(clients, presentedClient(request, wire, parameters), clock())
    if (client.type === 'public') throw invalidClient('a public client asked to introspect')
    exchange.clientId = client.id
    const token = parameters.get('token')
    if (token === undefined) throw new OAuthError('invalid_request', 'The parameter token is missing.')
    const claims = await tokens.inspect(token)
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
