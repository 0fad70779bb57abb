import { setTimeout as delay } from 'node:timers/promises'
import { bearer, createGuard, header } from '@latchkey/guard'
import { protect } from '@latchkey/guard/fetch'
import { type Listener, listen } from '@latchkey/server'
import { freePort } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/server.ts'
import type { Setup } from './scenario.ts'

export interface World extends AsyncDisposable {
  /** What a scenario is told. */
  setup: Setup
  /** Token requests so far. */
  tokenRequests(): number
  /** The token endpoint waits so long before it reads a request, in milliseconds. */
  delayTokens(milliseconds: number): void
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
  const [front, api, stranger] = await Promise.all([open(), open(), open()])
  const server = await startServer({ issuer: front.origin, audience: `${front.origin}/api` })
  const setup = {
    issuer: front.origin,
    clientId: server.client.id,
    clientSecret: server.client.secret,
    revocationEndpoint: server.latchkey.urls.revocation,
    api: api.origin,
    stranger: stranger.origin,
    closed: `http://127.0.0.1:${await freePort()}`,
    canStream: true,
  }
  let tokenRequests = 0
  let delayMs = 0
  const closing = new AbortController()
  const waitFor = (milliseconds: number) =>
    delay(milliseconds, undefined, { signal: closing.signal }).catch(() => {})
  front.serve(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/silent') await waitFor(silenceMs)
    if (pathname !== '/token' || request.method !== 'POST') return server.latchkey.fetch(request)
    tokenRequests++
    await waitFor(delayMs)
    return server.latchkey.fetch(request)
  })
  const guard = guardOf(server)
  api.serve(withPreflight(apiOf(guard, stranger.origin, () => tokenRequests)))
  stranger.serve(withPreflight((request) => (request.url.endsWith('/page') ? emptyPage : seen)(request)))
  return {
    setup,
    tokenRequests: () => tokenRequests,
    delayTokens(milliseconds) {
      delayMs = milliseconds
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await Promise.all([front, api, stranger].map((each) => each.close()))
      guard.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** What says nothing for longer than any client of these tests waits, in milliseconds. */
const silenceMs = 20_000

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
): Handler {
  const routes: Record<string, Handler> = {
    '/info': protect(guard, { scope: 'read' }, () => Response.json({ message: 'Hello.' })),
    '/write': protect(guard, { scope: 'write' }, () => Response.json({})),
    '/echo': protect(guard, {}, async (request) => new Response(await request.text())),
    '/away': protect(guard, {}, () => redirect(`${stranger}/seen`)),
    '/around': protect(guard, {}, () => redirect('/info')),
    '/token-requests': () => new Response(String(countTokenRequests())),
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
