import { randomUUID } from 'node:crypto'
import { createGuard } from '@latchkey/guard'
import { protect } from '@latchkey/guard/fetch'
import { listen } from '@latchkey/server'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { addPerson, issueCode, redeem, registerCodeClient, tokensOf } from '../support/connection.ts'
import { startServer } from '../support/server.ts'
import { callHeader, type WorkerSettings } from './shared-file-settings.ts'

/** A server whose access tokens live for a second, an API, and one connection. */
export interface RotatingServer extends AsyncDisposable {
  readonly settings: Omit<WorkerSettings, 'file'>
  /** Each refresh token that came, and how often. */
  readonly presented: ReadonlyMap<string, number>
}

type Serve = (request: Request) => Response | Promise<Response>

/** Opens a port before what is served there is known, and counts refresh tokens at its `/token`. */
async function openFront() {
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  const presented = new Map<string, number>()
  return {
    url: `http://127.0.0.1:${listener.port}`,
    presented,
    serve(fetch: Serve) {
      listener.serve(async (request) => {
        if (new URL(request.url).pathname !== '/token') return fetch(request)
        const text = await request.text()
        const token = new URLSearchParams(text).get('refresh_token') ?? ''
        presented.set(token, (presented.get(token) ?? 0) + 1)
        const { method, headers } = request
        return fetch(new Request(request.url, { method, headers, body: text }))
      })
    },
    [Symbol.asyncDispose]: () => listener.close(),
  }
}

/** Latchkey forgives a spent refresh token for 30 seconds, and its guard a token that expired 5 seconds ago. */
async function startLatchkey(): Promise<RotatingServer> {
  await using stack = new AsyncDisposableStack()
  const front = stack.use(await openFront())
  const { latchkey } = stack.use(await startServer({ issuer: front.url, accessTokenLifetime: '1s' }))
  const { issuer, audience } = latchkey.config
  const guard = createGuard({ issuer, audience, fetch: latchkey.fetch, revocations: latchkey.revocations })
  stack.defer(() => guard.close())
  const api = protect(guard, { scope: 'read' }, () => new Response('read'))
  front.serve((request) => (request.url.endsWith('/read') ? api(request) : latchkey.fetch(request)))
  const parts = { store: latchkey.store, clock: systemClock }
  const app = await registerCodeClient(parts)
  const code = await issueCode(parts, app, await addPerson(parts), { audience })
  const { refreshToken } = tokensOf(await redeem(`${front.url}/token`, app, code))
  const place = { issuer, clientId: app.id, clientSecret: app.secret }
  front.presented.clear()
  const resources = stack.move()
  return {
    settings: { ...place, api: `${front.url}/read`, start: refreshToken },
    presented: front.presented,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/**
 * Forgives nothing: a refresh token that comes twice ends the connection. Its access tokens end to the millisecond, and
 * each fourth before its time. The second try of a call needs a newer token than the first, and no more: whether that one
 * outlives the way to the API is up to the machine.
 */
async function startStrict(): Promise<RotatingServer> {
  const front = await openFront()
  const start = randomUUID()
  const ends = new Map<string, number>()
  const refusedOf = new Map<string, string>()
  let current: string | undefined = start

  async function exchange(request: Request): Promise<Response> {
    const token = new URLSearchParams(await request.text()).get('refresh_token')
    current = token === current ? randomUUID() : undefined
    if (current === undefined) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    const accessToken = randomUUID()
    const lifetimeMs = (ends.size + 1) % 4 === 0 ? 300 : 1_000
    ends.set(accessToken, Date.now() + lifetimeMs)
    const said = { token_type: 'Bearer', expires_in: 1, refresh_token: current }
    return Response.json({ access_token: accessToken, ...said })
  }

  const isNewer = (token: string, other: string): boolean => {
    const inOrder = [...ends.keys()]
    return inOrder.indexOf(token) > inOrder.indexOf(other)
  }

  function check(request: Request): Response {
    const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    const call = request.headers.get(callHeader) ?? ''
    const refused = refusedOf.get(call)
    const isGood = (ends.get(token) ?? 0) > Date.now()
    if (isGood || (refused !== undefined && isNewer(token, refused))) return new Response('read')
    refusedOf.set(call, token)
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    return new Response(null, { status: 401, headers })
  }

  front.serve((request) => (request.url.endsWith('/read') ? check(request) : exchange(request)))
  const place = { tokenEndpoint: `${front.url}/token`, clientId: 'app' }
  return {
    settings: { ...place, api: `${front.url}/read`, start },
    presented: front.presented,
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  }
}

export const rotatingServers = { latchkey: startLatchkey, strict: startStrict }

export type RotatingServerName = keyof typeof rotatingServers
