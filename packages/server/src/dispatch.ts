import { Hono } from 'hono'
import { OAuthError } from './base/oauth-error.ts'
import { type EndpointOptions, endpoint } from './endpoints/endpoint.ts'
import type { Route } from './routes.ts'

export type DispatchOptions = Pick<EndpointOptions, 'log' | 'errorPageUrl'>

/** Sends each request to its route. Never rejects. */
export function createFetch(
  routes: readonly Route[],
  options: DispatchOptions,
): (request: Request) => Promise<Response> {
  const app = new Hono()
  for (const { kind, method, paths, handler, toError } of routes) {
    const answer = endpoint({ ...options, kind, toError }, handler)
    for (const path of paths) {
      app.on(method, path, (c) => answer(c.req.raw))
    }
  }
  const refusals = createRefusals(routes, options)
  app.notFound((c) => refusals.fetch(c.req.raw))
  return (request) => Promise.resolve(app.fetch(request))
}

/**
 * Refuses what no route took. A router of its own: beside the routes, each request would match two handlers, and Hono
 * calls several through its chain of middleware, but a lone one directly.
 */
function createRefusals(routes: readonly Route[], options: DispatchOptions): Hono {
  const app = new Hono()
  for (const { kind, paths, toError } of routes) {
    for (const path of paths) {
      const methods = routes.filter((route) => route.paths.includes(path)).map(({ method }) => method)
      const refuse = endpoint({ ...options, kind, toError }, () => refuseMethod(methods))
      app.all(path, (c) => refuse(c.req.raw))
    }
  }
  const notFound = endpoint({ ...options, kind: 'unknown' }, () => {
    throw new OAuthError(
      'not_found',
      'There is nothing at this path. The page at error_uri names every endpoint.',
    )
  })
  app.notFound((c) => notFound(c.req.raw))
  return app
}

function refuseMethod(methods: readonly string[]): never {
  const allow = methods.map((method) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
  throw new OAuthError('method_not_allowed', `Use ${methods.join(' or ')} here.`, { headers: { allow } })
}
