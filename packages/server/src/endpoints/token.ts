import type { Clock } from '../base/clock.ts'
import type { Handler } from '../base/handler.ts'
import { authenticateClient } from '../clients/authenticate.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Wire } from '../dialects/compile.ts'
import type { GrantContext } from '../grants/grant.ts'
import { findGrant } from '../grants/grants.ts'
import { credentialResponse } from './endpoint.ts'
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
    // Read before the token is made, so that a moment of expiry in the answer is never later than the token's own.
    const now = clock()
    const client = await authenticateClient(clients, presentedClient(request, wire, parameters), now)
    exchange.clientId = client.id
    const grant = findGrant(parameters.get('grant_type'), client)
    const answer = await grant.exchange(grantContext, client, parameters)
    if (!wire.toAnswer) return credentialResponse(answer, exchange)
    const { issuer, audience } = grantContext.config
    return credentialResponse(
      wire.toAnswer({ ...answer, client_id: client.id, issuer, audience }, now),
      exchange,
    )
  }
}
