import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { Exchange } from '../base/handler.ts'
import type { OAuthError } from '../base/oauth-error.ts'
import { base32 } from '../base/random.ts'
import type { Metrics } from './metrics.ts'

/** Tells logs and metrics how requests ended. A URL, a header or a body never gets here, so no secret can. */
export interface RequestLog {
  /** Unlike any other: random for the process, counted within it. */
  nextRequestId(): string
  answered(kind: string, method: string, status: number, exchange: Exchange): void
  failed(kind: string, method: string, status: number, exchange: Exchange, error: OAuthError): void
}

export function createRequestLog(logger: Logger, metrics: Metrics): RequestLog {
  const prefix = base32(randomBytes(8))
  const isVerbose = logger.isLevelEnabled('debug')
  let count = 0
  return {
    nextRequestId: () => `${prefix}-${(++count).toString(36)}`,

    answered(kind, method, status, { requestId, clientId }) {
      metrics.count(kind, 'ok')
      if (isVerbose)
        logger.debug(
          { request_id: requestId, endpoint: kind, method, status, client_id: clientId },
          'answered',
        )
    },

    failed(kind, method, status, { requestId, clientId }, error) {
      metrics.count(kind, error.code)
      const entry = {
        request_id: requestId,
        endpoint: kind,
        method,
        status,
        error: error.code,
        reason: error.reason ?? error.message,
        client_id: clientId,
      }
      // The dialect may write another status; whose fault it was stays.
      if (error.status >= 500) logger.error({ ...entry, cause: describeCause(error.cause) }, 'failed')
      else logger.info(entry, 'refused')
    },
  }
}

/** Messages of the errors beneath, and where the first was thrown. */
function describeCause(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  const deeper = describeCause(cause.cause)
  return `${cause.stack ?? cause.message}${deeper ? ` <- ${deeper}` : ''}`
}
