import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { bearer, createGuard, header } from '@latchkey/guard'
import { protect } from '@latchkey/guard/fetch'
import { type Listener, listen } from '@latchkey/server'
import { startServer, type TestServer } from '../support/server.ts'
import type { Setup } from './scenario.ts'

export interface World extends AsyncDisposable {
  /** What a scenario is told. */
  setup: Setup
  /** Token requests so far. */
  tokenRequests(): number
  /** The token endpoint waits so long before it reads a request, in milliseconds. */
  delayTokens(milliseconds: number): void
  /** The token endpoint waits until then. */
  holdTokens(until: Promise<unknown>): void
  /** The API's `/patience` is answered from now on, also to those who have asked. */
  endPatience(): void
}

type Handler = (request: Request) => Response | Promise<Response>

/** Pages of any origin may call; what an owner who allows that sends. */
const anyOrigin = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': '*, authorization',
  'access-control-expose-headers': 'www-authenticate',
}

/**
 * Three origins in this process, for a client in another: a real server behind a count of its token requests, an API that
 * is guarded, and a stranger that says which credentials it got to see.
 */
export async function startWorld(): Promise<World> {
  const [front, api, stranger, closed] = await Promise.all([open(), open(), open(), holdClosed()])
  const server = await startServer({ issuer: front.origin, audience: `${front.origin}/api` })
  const setup = {
    issuer: front.origin,
    clientId: server.client.id,
    clientSecret: server.client.secret,
    revocationEndpoint: server.latchkey.urls.revocation,
    api: api.origin,
    stranger: stranger.origin,
    closed: closed.origin,
    canStream: true,
  }
  let tokenRequests = 0
  let delayMs = 0
  let gate: Promise<unknown> = Promise.resolve()
  const patience = Promise.withResolvers<void>()
  const closing = new AbortController()
  const isClosing = once(closing.signal, 'abort')
  const waitFor = (milliseconds: number) =>
    delay(milliseconds, undefined, { signal: closing.signal }).catch(() => {})
  front.serve(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/silent') await waitFor(silenceMs)
    if (pathname !== '/token' || request.method !== 'POST') return server.latchkey.fetch(request)
    tokenRequests++
    await waitFor(delayMs)
    await Promise.race([gate, isClosing])
    return server.latchkey.fetch(request)
  })
  const guard = guardOf(server)
  const untilImpatient = async () => {
    await Promise.race([patience.promise, isClosing])
    return new Response()
  }
  api.serve(withPreflight(apiOf(guard, stranger.origin, () => tokenRequests, untilImpatient)))
  stranger.serve(withPreflight((request) => (request.url.endsWith('/page') ? emptyPage : seen)(request)))
  return {
    setup,
    tokenRequests: () => tokenRequests,
    delayTokens(milliseconds) {
      delayMs = milliseconds
    },
    holdTokens(until) {
      gate = until
    },
    endPatience: () => patience.resolve(),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await Promise.all([front, api, stranger].map((each) => each.close()))
      guard.close()
      await closed[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** What says nothing for longer than any client of these tests waits, in milliseconds. */
const silenceMs = 20_000

/** An origin where nobody listens, nor can: its port is that from which a connection goes out, for as long as it is held. */
async function holdClosed(): Promise<AsyncDisposable & { origin: string }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[peer]] = await Promise.all([accepted, once(socket, 'connect')])
  return {
    origin: `http://127.0.0.1:${socket.localPort}`,
    async [Symbol.asyncDispose]() {
      peer.destroy()
      socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function open(): Promise<Listener & { origin: string }> {
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  return { ...listener, origin: `http://127.0.0.1:${listener.port}` }
}

/** Looks into the server's own revocations, so that what is ended is refused in the next request. */
function guardOf({ latchkey, resourceServer }: TestServer) {
  return createGuard({
    issuer: latchkey.config.issuer,
    audience: latchkey.config.audience,
    clientId: resourceServer.id,
    clientSecret: resourceServer.secret,
    credentials: [bearer(), header('x-token')],
    fetch: latchkey.fetch,
    revocations: latchkey.revocations,
  })
}

function apiOf(
  guard: ReturnType<typeof guardOf>,
  stranger: string,
  countTokenRequests: () => number,
  untilImpatient: Handler,
): Handler {
  const routes: Record<string, Handler> = {
    '/info': protect(guard, { scope: 'read' }, () => Response.json({ message: 'Hello.' })),
    '/write': protect(guard, { scope: 'write' }, () => Response.json({})),
    '/echo': protect(guard, {}, async (request) => new Response(await request.text())),
    '/away': protect(guard, {}, () => redirect(`${stranger}/seen`)),
    '/around': protect(guard, {}, () => redirect('/info')),
    '/token-requests': () => new Response(String(countTokenRequests())),
    '/patience': untilImpatient,
    '/page': emptyPage,
  }
  return (request) => routes[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 })
}

const redirect = (location: string): Response => new Response(null, { status: 302, headers: { location } })

const seen: Handler = ({ headers }) =>
  Response.json({ authorization: headers.get('authorization'), header: headers.get('x-token') })

const emptyPage: Handler = () =>
  new Response('<!doctype html><title>A page</title>', { headers: { 'content-type': 'text/html' } })

function withPreflight(handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    const answer = request.method === 'OPTIONS' ? new Response(null, { status: 204 }) : await handler(request)
    const response = new Response(answer.body, answer)
    for (const [name, value] of Object.entries(anyOrigin)) response.headers.set(name, value)
    return response
  }
}
