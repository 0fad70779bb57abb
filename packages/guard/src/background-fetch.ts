import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'

/**
 * A `fetch` for the feed's long poll. Its connection does not keep the process alive, which the global `fetch` cannot
 * promise: an API that stops listening ends, although the feed would wait for 20 seconds more. Follows no redirect.
 */
export async function backgroundFetch(request: Request): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const open = request.url.startsWith('https:') ? requestHttps : requestHttp
  const headers = Object.fromEntries(request.headers)
  const outgoing = open(request.url, { method: request.method, headers, signal: request.signal }, resolve)
  outgoing.on('socket', (socket) => socket.unref())
  outgoing.on('error', reject)
  outgoing.end()
  return toResponse(await promise)
}

function toResponse(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 500
  const isEmpty = status === 204 || status === 304
  if (isEmpty) incoming.resume()
  const body = isEmpty ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>)
  const retryAfter = incoming.headers['retry-after']
  return new Response(body, {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  })
}
