import type { Clock } from '../base/clock.ts'
import { invalidClient } from '../base/oauth-error.ts'
import { authenticateClient, type PresentedClient } from '../clients/authenticate.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Parameters, Wire } from '../dialects/compile.ts'
import type { ClientWithSecrets } from '../store/clients.ts'

/** Where a request says who it is from: the Authorization header and the parameters. */
export function presentedClient(request: Request, wire: Wire, parameters: Parameters): PresentedClient {
  return {
    authorization: wire.isBasicAccepted ? (request.headers.get('authorization') ?? undefined) : undefined,
    id: parameters.get('client_id'),
    secret: parameters.get('client_secret'),
  }
}

/**
 * The resource server that asks, by Basic credentials.
 *
 * @throws OAuthError `invalid_client` for anyone else.
 */
export async function authenticateResourceServer(
  request: Request,
  clients: ClientDirectory,
  clock: Clock,
): Promise<ClientWithSecrets> {
  const authorization = request.headers.get('authorization') ?? undefined
  const client = await authenticateClient(
    clients,
    { authorization, id: undefined, secret: undefined },
    clock(),
  )
  if (client.type !== 'resource_server') throw invalidClient('not a resource server')
  return client
}
