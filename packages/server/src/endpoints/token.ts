import type { Handler } from '../base/handler.ts'
import { OAuthError } from '../base/oauth-error.ts'
import type { Parameters, Wire } from '../dialects/compile.ts'
import type { GrantContext } from '../grants/grant.ts'
import { findGrant } from '../grants/grants.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticateRequest } from './presented-client.ts'

export interface TokenEndpointContext extends AuthenticationContext {
  grantContext: GrantContext
}

/** RFC 6749 §3.2: exchanges a grant for an access token. Where a dialect refreshes elsewhere, that place does no more. */
export function tokenEndpoint(context: TokenEndpointContext, wire: Wire): Handler {
  const { clock, grantContext } = context
  return async (request, exchange) => {
    const { client, parameters } = await authenticateRequest(request, wire, exchange, context)
    // Read before the token is made, so that a moment of expiry in the answer is never later than the token's own.
    const now = clock()
    const grant = findGrant(readGrantType(parameters, wire), client, grantContext.config)
    // One moment for all of the exchange: a lifetime that begins in it is told whole.
    const answer = await grant.exchange({ ...grantContext, clock: () => now }, client, parameters, exchange)
    if (!wire.toAnswer) {
      const { refresh_expires_in, user_id, ...standard } = answer
      return credentialResponse(standard, exchange)
    }
    const { issuer, audience } = grantContext.config
    return credentialResponse(
      wire.toAnswer({ ...answer, client_id: client.id, issuer, audience }, now),
      exchange,
    )
  }
}

function readGrantType(parameters: Parameters, { kind }: Wire): string | undefined {
  const grantType = parameters.get('grant_type')
  if (kind !== 'refresh' || grantType === 'refresh_token') return grantType
  throw new OAuthError('unsupported_grant_type', 'This endpoint only exchanges refresh tokens.')
}
