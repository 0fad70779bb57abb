import type { Handler } from '../base/handler.ts'
import type { Wire } from '../dialects/compile.ts'
import type { GrantContext } from '../grants/grant.ts'
import { findGrant } from '../grants/grants.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticateRequest } from './presented-client.ts'

export interface TokenEndpointContext extends AuthenticationContext {
  grantContext: GrantContext
}

/** RFC 6749 §3.2: exchanges a grant for an access token. */
export function tokenEndpoint(context: TokenEndpointContext, wire: Wire): Handler {
  const { clock, grantContext } = context
  return async (request, exchange) => {
    const { client, parameters } = await authenticateRequest(request, wire, exchange, context)
    // Read before the token is made, so that a moment of expiry in the answer is never later than the token's own.
    const now = clock()
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
