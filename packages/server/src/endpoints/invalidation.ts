import type { Handler } from '../base/handler.ts'
import type { Parameters, Wire } from '../dialects/compile.ts'
import { readParameters } from '../dialects/parameters.ts'
import type { TokenInspection } from '../tokens/inspection.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticatePresented, presentedToken } from './presented-client.ts'

export interface InvalidationEndpointContext extends AuthenticationContext {
  tokens: TokenInspection
}

/** Where a token may be, besides the header: what a person wants ended may be told by either of its tokens. */
const tokenParameters = ['token', 'access_token', 'refresh_token']

/**
 * Where a dialect has a place of its own to disconnect an app: ends the connection of each token that is presented, as
 * `Authorization: Bearer` or as a parameter. A client may say who it is, and then the connection must be its own. As in
 * RFC 7009 §2.2 a token that is unknown answers 200 as well, and nothing happens.
 */
export function invalidationEndpoint(context: InvalidationEndpointContext, wire: Wire): Handler {
  return async (request, exchange) => {
    const parameters = await readParameters(request, wire)
    const client = namesClient(request, parameters)
      ? await authenticatePresented(request, wire, parameters, exchange, context)
      : undefined
    for (const token of tokensOf(request, parameters)) {
      await context.tokens.endConnectionOf(token, client?.id)
    }
    return credentialResponse({}, exchange)
  }
}

/** @throws OAuthError `invalid_request` when there is none. */
function tokensOf(request: Request, parameters: Parameters): string[] {
  const tokens = [bearerToken(request), ...tokenParameters.map((name) => parameters.get(name))]
  const given = tokens.filter((token) => token !== undefined)
  return given.length > 0 ? given : [presentedToken(parameters)]
}

const bearerToken = (request: Request): string | undefined =>
  /^Bearer +([^\s]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

const namesClient = (request: Request, parameters: Parameters): boolean =>
  parameters.has('client_id') || /^Basic /i.test(request.headers.get('authorization') ?? '')
