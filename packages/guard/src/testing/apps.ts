import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express, { Router } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import * as forExpress from '../express.ts'
import * as forFastify from '../fastify.ts'
import * as forFetch from '../fetch.ts'
import * as forHono from '../hono.ts'
import type { Guard, Principal } from '../index.ts'

/** One API on loopback. */
export interface RunningApp {
  readonly port: number
  close(): Promise<void>
}

/** The word that only a handler says: where it appears, the guard let the request in. */
export const secretWord = 'handler-was-reached'

const answer = (principal: Principal | undefined) => ({
  word: secretWord,
  subject: principal?.subject,
  scope: principal?.scope,
})

/**
 * The same API in each framework: `/info` needs a good token, `/read` and `/both` need scopes, everything below the
 * prefix `/api` needs `read`, and `/api/admin` has a second guard that needs `admin`.
 */
export const apps: Record<string, (guard: Guard) => Promise<RunningApp>> = {
  fetch: (guard) => {
    const say = (_: Request, principal: Principal) => Response.json(answer(principal))
    const routes: Record<string, (request: Request) => Promise<Response>> = {
      '/info': forFetch.protect(guard, {}, say),
      '/read': forFetch.protect(guard, { scope: 'read' }, say),
      '/both': forFetch.protect(guard, { scope: ['read', 'write'] }, say),
    }
    const inner: Record<string, (request: Request, outer: Principal) => Response | Promise<Response>> = {
      '/api/secret': say,
      '/api/admin': forFetch.protect(guard, { scope: 'admin' }, say),
    }
    const notFound = () => new Response('nothing here', { status: 404 })
    const underApi = forFetch.protect(guard, { scope: 'read' }, (request, principal) =>
      (inner[new URL(request.url).pathname] ?? notFound)(request, principal),
    )
    const metadata = forFetch.resourceMetadata(guard)
    const handle = (request: Request) => {
      const { pathname } = new URL(request.url)
      const route = pathname.startsWith('/api/') ? underApi : (routes[pathname] ?? notFound)
      return metadata(request) ?? route(request)
    }
    return listen(getRequestListener(handle))
  },

  hono: (guard) => {
    const app = new Hono()
    const api = new Hono<forHono.GuardedEnv>()
    app.use(forHono.resourceMetadata(guard))
    app.get('/info', forHono.requires(guard), (c) => c.json(answer(c.get('principal'))))
    app.get('/read', forHono.requires(guard, 'read'), (c) => c.json(answer(c.var.principal)))
    app.get('/both', forHono.requires(guard, ['read', 'write']), (c) => c.json(answer(c.var.principal)))
    api.use(forHono.requires(guard, 'read'))
    api.get('/secret', (c) => c.json(answer(c.var.principal)))
    api.get('/admin', forHono.requires(guard, 'admin'), (c) => c.json(answer(c.var.principal)))
    app.route('/api', api)
    return listen(getRequestListener(app.fetch))
  },

  express: (guard) => {
    const app = express().set('env', 'test')
    const api = Router()
    app.use(forExpress.resourceMetadata(guard))
    app.get('/info', forExpress.requires(guard), (req, res) => void res.json(answer(req.principal)))
    app.get('/read', forExpress.requires(guard, 'read'), (req, res) => void res.json(answer(req.principal)))
    app.get(
      '/both',
      forExpress.requires(guard, ['read', 'write']),
      (req, res) => void res.json(answer(req.principal)),
    )
    api.get('/secret', (req, res) => void res.json(answer(forExpress.principalOf(req))))
    api.get('/admin', forExpress.requires(guard, 'admin'), (req, res) => void res.json(answer(req.principal)))
    app.use('/api', forExpress.requires(guard, 'read'), api)
    app.get('/unguarded', (req, res) => void res.json(forExpress.principalOf(req)))
    return listen(app)
  },

  fastify: async (guard) => {
    const app = fastify()
    app.route(forFastify.resourceMetadata(guard))
    app.get('/info', { onRequest: forFastify.requires(guard) }, async (request) => answer(request.principal))
    app.get('/read', { onRequest: forFastify.requires(guard, 'read') }, async (request) =>
      answer(request.principal),
    )
    app.get('/both', { onRequest: forFastify.requires(guard, ['read', 'write']) }, async (request) =>
      answer(request.principal),
    )
    app.register(
      async (api) => {
        api.addHook('onRequest', forFastify.requires(guard, 'read'))
        api.get('/secret', async (request) => answer(forFastify.principalOf(request)))
        api.get('/admin', { onRequest: forFastify.requires(guard, 'admin') }, async (request) =>
          answer(request.principal),
        )
      },
      { prefix: '/api' },
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    return { port, close: () => app.close() }
  },
}

async function listen(handle: RequestListener): Promise<RunningApp> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
