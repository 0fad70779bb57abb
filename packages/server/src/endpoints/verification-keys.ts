import type { Clock } from '../base/clock.ts'
import type { Handler } from '../base/handler.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { credentialResponse } from './endpoint.ts'
import { authenticateResourceServer } from './presented-client.ts'

export interface VerificationKeysEndpointContext {
  clock: Clock
  clients: ClientDirectory
  keys: KeyRing
}

/** HS256 keys of the caller's own audience (docs/protocol.md); they are in no JWKS. */
export function verificationKeysEndpoint({ clock, clients, keys }: VerificationKeysEndpointContext): Handler {
  return async (request, exchange) => {
    const resourceServer = await authenticateResourceServer(request, clients, clock)
    exchange.clientId = resourceServer.id
    const symmetric = resourceServer.audience === null ? [] : keys.symmetricKeys(resourceServer.audience)
    const jwks = symmetric.map((key) => ({ kty: 'oct', alg: 'HS256', k: key.toString('base64url') }))
    return credentialResponse({ keys: jwks }, exchange)
  }
}
