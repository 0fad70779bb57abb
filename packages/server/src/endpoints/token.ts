import type { Clock } from '../base/clock.ts'
import { authenticateClient } from '../clients/authenticate.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Wire } from '../dialects/compile.ts'
import type { GrantContext } from '../grants/grant.ts'
import { findGrant } from '../grants/grants.ts'
import { credentialResponse, type Handler } from './endpoint.ts'
import { readParameters } from './parameters.ts'
import { presentedClient } from './presented-client.ts'

export interface TokenEndpointContext {
  clock: Clock
  clients: ClientDirectory
  grantContext: GrantContext
}

/** RFC 6749 §3.2: exchanges a grant for an access token. */
export function tokenEndpoint({ clock, clients, grantContext }: TokenEndpointContext, wire: Wire): Handler {
  return async (request, exchange) => {
    const parameters = await readParameters(request, wire)
    const client = await authenticateClient(clients, presentedClient(request, wire, parameters), clock())
    exchange.clientId = client.id
    const grant = findGrant(parameters.get('grant_type'), client)
    const answer = await grant.exchange(grantContext, client, parameters)
    return credentialResponse(
      wire.toAnswer ? wire.toAnswer({ ...answer, client_id: client.id }, clock()) : answer,
      exchange,
    )
  }
}
