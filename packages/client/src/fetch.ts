import { giveReason } from './reason.ts'
import type { Credential, TokenClient } from './token-client.ts'

type Fetch = typeof globalThis.fetch

interface FetchParts {
  readonly credentialFor: TokenClient['credentialFor']
  /** What requests are sent with. It follows redirects by the Fetch standard: docs/decisions/0011. */
  readonly fetch: Fetch
}

/** So long nobody asks for another token where an API has refused a new one: it would fare no better. */
const hopelessMs = 5_000

/** Makes {@link TokenClient.fetch}. */
export function createFetch({ credentialFor, fetch }: FetchParts): Fetch {
  let hopeless: string | undefined
  let hopelessUntilMs = 0

  return async (input, init) => {
    const call = readCall(input, init)
    const { url, headers, signal } = call
    const isOwn = (name: string) => headers.has(name)
    const credential = isOwn('authorization') ? undefined : await credentialFor(url, { signal })
    if (!credential || Object.keys(credential.headers).some(isOwn)) return fetch(input, init)
    return sendTwiceAtMost(call, credential)
  }

  async function sendTwiceAtMost(call: Call, credential: Credential): Promise<Response> {
    const { url, method, signal } = call
    const spare = copyOf(call)
    const response = await send(call, credential)
    const isOurs = !response.redirected || new URL(response.url).origin === url.origin
    if (response.status !== 401 || !isOurs) return response
    if (isOfScope(response)) return giveReason(response, 'insufficient_scope')
    if (credential.token + url.origin === hopeless && performance.now() < hopelessUntilMs)
      return giveReason(response, 'new_token_refused')
    const renewal = credentialFor(url, { rejected: credential.token, signal })
    // What was redirected may have been done already.
    if (!spare || (response.redirected && !isRead(method))) {
      await renewal.catch(() => signal?.throwIfAborted())
      return giveReason(response, 'body_not_replayed')
    }
    const renewed = await renewal.finally(() => {
      response.body?.cancel().catch(() => {})
    })
    const again = await send(spare, renewed as Credential)
    if (again.status === 401) {
      hopeless = renewed?.token + url.origin
      hopelessUntilMs = performance.now() + hopelessMs
      giveReason(again, isOfScope(again) ? 'insufficient_scope' : 'new_token_refused')
    }
    return again
  }

  function send({ url, request, init, headers, redirect }: Call, credential: Credential): Promise<Response> {
    const all = new Headers([...headers, ...Object.entries(credential.headers)])
    // Only `Authorization` stays behind by itself at another origin.
    const isInUrl = credential.url !== url.href
    const isHeld = isWorkerd || isInUrl || String(Object.keys(credential.headers)) !== 'authorization'
    const target = request && isInUrl ? new Request(credential.url, request) : request
    return fetch(target ?? credential.url, {
      ...init,
      headers: all,
      redirect: isHeld && redirect === 'follow' ? 'manual' : redirect,
    })
  }
}

/** Where `Authorization` goes along, too, unless the worker's compatibility date is from 2025-09-01 on. */
export const isWorkerd = globalThis.navigator?.userAgent === 'Cloudflare-Workers'

type Call = ReturnType<typeof readCall>

function readCall(input: string | URL | Request, own?: RequestInit | null) {
  const init = own ?? {}
  const request = input instanceof Request ? input : undefined
  const read = <Name extends 'method' | 'redirect' | 'signal' | 'headers'>(name: Name) =>
    init[name] ?? request?.[name]
  return {
    request,
    init,
    // What is relative to a page, the platform resolves.
    url: new URL(request?.url ?? new Request(input).url),
    method: read('method') ?? 'GET',
    redirect: read('redirect') ?? 'follow',
    signal: read('signal'),
    headers: new Headers(read('headers')),
  }
}

const isRead = (method: string) => /^(GET|HEAD)$/i.test(method)

/** The same, to be sent once more. `undefined`: its body can be read once. */
function copyOf(call: Call): Call | undefined {
  const { request, method, init } = call
  if (!request || isRead(method) || init.body) return isStream(init.body) ? undefined : call
  const type = request.headers.get('content-type')
  // What has such a type is in memory already, and no endless stream.
  const isText = type ? /[/+]json(;|$)|form|text\/plain/.test(type) : !request.body
  return isText && !request.bodyUsed ? { ...call, request: request.clone() } : undefined
}

const isStream = (body: unknown): boolean =>
  body instanceof ReadableStream || Symbol.asyncIterator in Object(body)

/** RFC 6750 §3.1. */
const isOfScope = ({ headers }: Response) =>
  /error="?insufficient_scope\b/.test(headers.get('www-authenticate') ?? '')
