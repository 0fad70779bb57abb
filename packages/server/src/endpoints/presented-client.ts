import type { Clock } from '../base/clock.ts'
import type { Exchange } from '../base/handler.ts'
import { invalidClient, OAuthError } from '../base/oauth-error.ts'
import { authenticateClient, type PresentedClient } from '../clients/authenticate.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Parameters, Wire } from '../dialects/compile.ts'
import { readParameters } from '../dialects/parameters.ts'
import type { ClientWithSecrets } from '../store/clients.ts'

/** What it takes to know who asks. */
export interface AuthenticationContext {
  clock: Clock
  clients: ClientDirectory
}

/** Reads a request's parameters and authenticates the client that sent it. @throws OAuthError */
export async function authenticateRequest(
  request: Request,
  wire: Wire,
  exchange: Exchange,
  context: AuthenticationContext,
): Promise<{ client: ClientWithSecrets; parameters: Parameters }> {
  const parameters = await readParameters(request, wire)
  const client = await authenticatePresented(request, wire, parameters, exchange, context)
  return { client, parameters }
}

/** Authenticates the client whose request was read already. @throws OAuthError `invalid_client` */
export async function authenticatePresented(
  request: Request,
  wire: Wire,
  parameters: Parameters,
  exchange: Exchange,
  { clients, clock }: AuthenticationContext,
): Promise<ClientWithSecrets> {
  const client = await authenticateClient(clients, presentedClient(request, wire, parameters), clock())
  exchange.clientId = client.id
  return client
}

/** The token that a request is about. @throws OAuthError `invalid_request` when there is none. */
export function presentedToken(parameters: Parameters): string {
  const token = parameters.get('token')
  if (token === undefined) throw new OAuthError('invalid_request', 'The parameter token is missing.')
  return token
}

/**
 * The resource server that asks, by Basic credentials.
 *
 * @throws OAuthError `invalid_client` for anyone else.
 */
export async function authenticateResourceServer(
  request: Request,
  exchange: Exchange,
  { clients, clock }: AuthenticationContext,
): Promise<ClientWithSecrets> {
  const authorization = request.headers.get('authorization') ?? undefined
  const client = await authenticateClient(
    clients,
    { authorization, id: undefined, secret: undefined },
    clock(),
  )
  if (client.type !== 'resource_server') throw invalidClient('not a resource server')
  exchange.clientId = client.id
  return client
}

/** Where a request says who it is from: the Authorization header and the parameters. */
function presentedClient(request: Request, wire: Wire, parameters: Parameters): PresentedClient {
  const authorization = request.headers.get('authorization') ?? ''
  const isAboutClient = wire.isBasicAccepted && !/^Bearer /i.test(authorization)
  return {
    authorization: isAboutClient && authorization !== '' ? authorization : undefined,
    id: parameters.get('client_id'),
    secret: parameters.get('client_secret'),
  }
}
