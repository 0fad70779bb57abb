import type { Clock } from '../base/clock.ts'
import type { Handler } from '../base/handler.ts'
import { OAuthError } from '../base/oauth-error.ts'
import { authenticateClient } from '../clients/authenticate.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Wire } from '../dialects/compile.ts'
import type { TokenInspection } from '../tokens/inspection.ts'
import { readParameters } from './parameters.ts'
import { presentedClient } from './presented-client.ts'

export interface RevocationEndpointContext {
  clock: Clock
  clients: ClientDirectory
  tokens: TokenInspection
}

/**
 * RFC 7009: a client ends a token of its own. `token_type_hint` is not needed to find it, so a wrong one does no harm;
 * a token that is unknown, expired or another client's answers 200 as well (§2.2), and nothing happens.
 */
export function revocationEndpoint(
  { clock, clients, tokens }: RevocationEndpointContext,
  wire: Wire,
): Handler {
  return async (request, exchange) => {
    const parameters = await readParameters(request, wire)
    const client = await authenticateClient(clients, presentedClient(request, wire, parameters), clock())
    exchange.clientId = client.id
    const token = parameters.get('token')
    if (token === undefined) throw new OAuthError('invalid_request', 'The parameter token is missing.')
    await tokens.revoke(token, client.id)
    return new Response(null, {
      status: 200,
      headers: { 'cache-control': 'no-store', 'x-request-id': exchange.requestId },
    })
  }
}
