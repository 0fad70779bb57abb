import { OAuthError } from '../base/oauth-error.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { ClientWithSecrets } from '../store/clients.ts'

/**
 * The client that an authorization request names. It proves itself later, when it redeems the code.
 *
 * @throws OAuthError `invalid_client`, the same for one that is unknown and one that is disabled.
 */
export async function findClient(
  clients: ClientDirectory,
  clientId: string | undefined,
): Promise<ClientWithSecrets> {
  if (clientId === undefined) throw new OAuthError('invalid_request', 'The parameter client_id is missing.')
  const client = await clients.find(clientId)
  if (!client) throw refuse('unknown client')
  if (client.disabled_at !== null) throw refuse('client disabled')
  if (client.isOwnerDisabled) throw refuse('owner disabled')
  return client
}

const refuse = (reason: string): OAuthError =>
  new OAuthError('invalid_client', 'There is no app with this client_id, or it is disabled.', {
    reason,
    status: 400,
  })
