import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createFetch } from '../fetch.ts'
import type { Credential, GetTokenOptions } from '../token-client.ts'

/** What an API was sent. */
export interface Received {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** An HTTP server that notes what it is sent. */
export interface Api extends AsyncDisposable {
  readonly origin: string
  readonly received: Received[]
  /** Connections that it was opened. */
  readonly connections: () => number
}

/** Starts one on loopback. */
export async function startApi(answer: (request: Received) => Reply | Promise<Reply>): Promise<Api> {
  const received: Received[] = []
  let connections = 0
  const server = createServer(async (incoming, outgoing) => {
    try {
      const { method = '', url: path = '', headers } = incoming
      const request = { method, path, headers, body: (await buffer(incoming)).toString('latin1') }
      received.push(request)
      const { status = 200, headers: sent = {}, body = 'fine' } = await answer(request)
      outgoing.writeHead(status, sent).end(body)
    } catch {
      outgoing.destroy()
    }
  })
  server.on('connection', () => connections++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** How the API takes its token. */
type Way = 'authorization' | 'x-api-key' | 'query' | 'authorization and x-api-key'

/** A `fetch` with tokens t1, t2…: a rejected one is followed by the next. Notes what was asked. */
export function makeFetch(
  origins: readonly string[],
  options: {
    way?: Way
    fetch?: typeof globalThis.fetch
    renew?: (options: GetTokenOptions) => Promise<void>
  } = {},
) {
  const { way = 'authorization', renew } = options
  let generation = 1
  const asked: { url: string; rejected: string | undefined; signal: AbortSignal | null | undefined }[] = []
  async function credentialFor(
    url: string | URL,
    given: GetTokenOptions = {},
  ): Promise<Credential | undefined> {
    const target = new URL(url)
    const { rejected, signal } = given
    if (!origins.includes(target.origin)) return undefined
    asked.push({ url: target.href, rejected, signal })
    signal?.throwIfAborted()
    if (rejected) await renew?.(given)
    if (rejected === `t${generation}`) generation++
    return present(way, `t${generation}`, target)
  }
  const send = createFetch({ credentialFor, fetch: options.fetch ?? fetch })
  return { fetch: send, asked, generation: () => generation }
}

function present(way: Way, token: string, url: URL): Credential {
  if (way !== 'query') {
    const all = { authorization: `Bearer ${token}`, 'x-api-key': token }
    const headers = Object.entries(all).filter(([name]) => way.includes(name))
    return { token, url: url.href, headers: Object.fromEntries(headers) }
  }
  const target = new URL(url)
  target.searchParams.set('access_token', token)
  return { token, url: target.href, headers: {} }
}

/** Answers 401 to all but one token. */
export const accepting =
  (token: string) =>
  ({ headers, path }: Received): Reply => {
    const found = [
      headers.authorization?.slice(7),
      headers['x-api-key'],
      new URL(path, 'http://x').searchParams.get('access_token'),
    ]
    return found.includes(token)
      ? {}
      : { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' }, body: 'refused' }
  }

/** A `fetch` that notes what it was asked and what it gave. */
export function spyOnFetch() {
  const calls: { input: string | URL | Request; init: RequestInit | undefined }[] = []
  const responses: Response[] = []
  const spy: typeof globalThis.fetch = async (input, init) => {
    calls.push({ input, init })
    const response = await fetch(input, init)
    responses.push(response)
    return response
  }
  return { fetch: spy, calls, responses }
}

export const redirect = (location: string, status = 302): Reply => ({
  status,
  headers: { location },
  body: 'moved',
})
