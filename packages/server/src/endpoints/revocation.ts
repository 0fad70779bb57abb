import type { Handler } from '../base/handler.ts'
import type { Wire } from '../dialects/compile.ts'
import type { TokenInspection } from '../tokens/inspection.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticateRequest, presentedToken } from './presented-client.ts'

export interface RevocationEndpointContext extends AuthenticationContext {
  tokens: TokenInspection
}

/**
 * RFC 7009: a client ends a token of its own. `token_type_hint` is not needed to find it, so a wrong one does no harm;
 * a token that is unknown, expired or another client's answers 200 as well (§2.2), and nothing happens. The body says
 * nothing: it is there for clients that read every answer as JSON.
 */
export function revocationEndpoint(context: RevocationEndpointContext, wire: Wire): Handler {
  return async (request, exchange) => {
    const { client, parameters } = await authenticateRequest(request, wire, exchange, context)
    await context.tokens.revoke(presentedToken(parameters), client.id)
    return credentialResponse({}, exchange)
  }
}
