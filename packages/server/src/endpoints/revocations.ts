import type { Clock } from '../base/clock.ts'
import type { Handler } from '../base/handler.ts'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import { maxWaitMs, type RevocationFeed } from '../tokens/revocation-feed.ts'
import { credentialResponse } from './endpoint.ts'
import { authenticateResourceServer } from './presented-client.ts'

export interface RevocationsEndpointContext {
  clock: Clock
  clients: ClientDirectory
  feed: RevocationFeed
}

/** The revocation feed, for guards (docs/protocol.md): what was ended after a cursor, held until there is news. */
export function revocationsEndpoint({ clock, clients, feed }: RevocationsEndpointContext): Handler {
  return async (request, exchange) => {
    const resourceServer = await authenticateResourceServer(request, clients, clock)
    exchange.clientId = resourceServer.id
    const after = new URL(request.url).searchParams.get('after') ?? undefined
    const page = await feed.page(after, maxWaitMs, request.signal)
    if (!page) throw temporarilyUnavailable('too many guards wait for the feed')
    return credentialResponse(page, exchange)
  }
}
