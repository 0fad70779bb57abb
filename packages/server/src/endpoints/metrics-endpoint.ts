import type { Handler } from '../base/handler.ts'
import { respond } from './endpoint.ts'
import type { Metrics } from './metrics.ts'
import { type AuthenticationContext, authenticateResourceServer } from './presented-client.ts'

export interface MetricsEndpointContext extends AuthenticationContext {
  metrics: Metrics
}

/** Metrics in the text format of Prometheus, for a resource server's Basic credentials. */
export function metricsEndpoint(context: MetricsEndpointContext): Handler {
  return async (request, exchange) => {
    await authenticateResourceServer(request, exchange, context)
    const { contentType, text } = await context.metrics.expose()
    return respond(text, { 'content-type': contentType, 'cache-control': 'no-store' }, exchange)
  }
}
