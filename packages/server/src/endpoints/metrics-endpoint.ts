import type { Clock } from '../base/clock.ts'
import type { Handler } from '../base/handler.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Metrics } from './metrics.ts'
import { authenticateResourceServer } from './presented-client.ts'

export interface MetricsEndpointContext {
  clock: Clock
  clients: ClientDirectory
  metrics: Metrics
}

/** Metrics in the text format of Prometheus, for a resource server's Basic credentials. */
export function metricsEndpoint({ clock, clients, metrics }: MetricsEndpointContext): Handler {
  return async (request, exchange) => {
    await authenticateResourceServer(request, clients, clock)
    const { contentType, text } = await metrics.expose()
    return new Response(text, {
      headers: {
        'content-type': contentType,
        'cache-control': 'no-store',
        'x-request-id': exchange.requestId,
      },
    })
  }
}
