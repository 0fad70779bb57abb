import type { AddressOf } from '../base/client-address.ts'
import type { Exchange, Handler } from '../base/handler.ts'
import { OAuthError, temporarilyUnavailable } from '../base/oauth-error.ts'
import type { Wire } from '../dialects/compile.ts'
import { StoreUnavailable } from '../store/database.ts'
import type { RequestLog } from './request-log.ts'

export interface EndpointOptions {
  /** Names it in logs and metrics: one of a fixed few. */
  kind: string
  /** Where the page that explains errors is. */
  errorPageUrl: string
  log: RequestLog
  addressOf: AddressOf
  /** How its dialect writes errors; the standard's way when it is left out. */
  toError?: Wire['toError']
  /** How a page shows an error to a person, in place of JSON. */
  errorPage?: ErrorPage
}

export type ErrorPage = (error: OAuthError, request: Request, exchange: Exchange) => Promise<Response>

/** Makes an endpoint of a handler: gives each request an id, each failure its answer, and tells the log. */
export function endpoint(
  options: EndpointOptions,
  handler: Handler,
): (request: Request, remoteAddress?: string) => Promise<Response> {
  const { kind, log, addressOf, errorPage } = options
  return async (request, remoteAddress = '') => {
    const exchange: Exchange = {
      requestId: log.nextRequestId(),
      address: addressOf(request, remoteAddress),
    }
    try {
      const response = await handler(request, exchange)
      log.answered(kind, request.method, response.status, exchange)
      return response
    } catch (error) {
      const failure = asOAuthError(error)
      const response = errorPage
        ? await errorPage(failure, request, exchange)
        : errorResponse(failure, options, exchange)
      log.failed(kind, request.method, response.status, exchange, failure)
      return response
    }
  }
}

/** An answer of any type, under the id of its request. */
export function respond(
  body: string | null,
  headers: Record<string, string>,
  { requestId }: Exchange,
  status = 200,
): Response {
  return new Response(body, { status, headers: { ...headers, 'x-request-id': requestId } })
}

/** No endpoint looks at a cookie, so a page of any origin may call it as any other program may. */
const anyOrigin = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'retry-after, www-authenticate, x-request-id',
}

const unstoredJson = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  pragma: 'no-cache',
  ...anyOrigin,
}

/** JSON that nobody may keep: tokens, and what is said of them (RFC 6749 §5.1). */
export function credentialResponse(body: unknown, exchange: Exchange): Response {
  return respond(JSON.stringify(body), unstoredJson, exchange)
}

/** JSON that caches may keep for so many seconds. */
export function publicResponse(body: unknown, maxAgeSeconds: number, exchange: Exchange): Response {
  const headers = {
    'content-type': 'application/json',
    'cache-control': `public, max-age=${maxAgeSeconds}`,
    ...anyOrigin,
  }
  return respond(JSON.stringify(body), headers, exchange)
}

/** How long a browser may keep the answer to a preflight, in seconds. */
const preflightMaxAgeSeconds = 86_400

/** The answer to a browser that asks whether a page of another origin may call (Fetch standard, CORS preflight). */
export function preflightResponse(methods: readonly string[], exchange: Exchange): Response {
  const headers = {
    ...anyOrigin,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': '*, authorization',
    'access-control-max-age': String(preflightMaxAgeSeconds),
  }
  return respond(null, headers, exchange, 204)
}

/** RFC 6749 §5.2. */
function errorResponse(error: OAuthError, options: EndpointOptions, exchange: Exchange): Response {
  const standard = {
    error: error.code,
    error_description: error.message,
    error_uri: `${options.errorPageUrl}#${error.code}`,
  }
  const { status, body } = options.toError
    ? options.toError({ ...standard, status: error.status })
    : { status: error.status, body: standard }
  return respond(JSON.stringify(body), { ...unstoredJson, ...error.headers }, exchange, status)
}

function asOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof StoreUnavailable) return temporarilyUnavailable(error.message, error)
  const options = { reason: error instanceof Error ? error.message : String(error), cause: error }
  return new OAuthError(
    'server_error',
    'The server failed. Try again; if it stays, tell its owner the x-request-id.',
    options,
  )
}
