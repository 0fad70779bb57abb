import type { Handler } from '../base/handler.ts'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import { maxWaitMs, type RevocationFeed } from '../tokens/revocation-feed.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticateResourceServer } from './presented-client.ts'

export interface RevocationFeedEndpointContext extends AuthenticationContext {
  feed: RevocationFeed
}

/** The revocation feed, for guards (docs/protocol.md): what was ended after a cursor, held until there is news. */
export function revocationFeedEndpoint(context: RevocationFeedEndpointContext): Handler {
  return async (request, exchange) => {
    await authenticateResourceServer(request, exchange, context)
    const after = new URL(request.url).searchParams.get('after') ?? undefined
    const page = await context.feed.page(after, maxWaitMs, request.signal)
    if (!page) throw temporarilyUnavailable('too many guards wait for the feed')
    return credentialResponse(page, exchange)
  }
}
