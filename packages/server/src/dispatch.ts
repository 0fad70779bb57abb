import { Hono } from 'hono'
import { OAuthError } from './base/oauth-error.ts'
import { type EndpointOptions, type ErrorPage, endpoint, preflightResponse } from './endpoints/endpoint.ts'
import type { Route } from './routes.ts'

export interface DispatchOptions extends Pick<EndpointOptions, 'log' | 'errorPageUrl' | 'addressOf'> {
  /** How it is told that there is nothing: to a browser that goes there, and to a program. */
  notFound: Pick<Route, 'toError'> & { errorPage: ErrorPage }
}

interface Environment {
  Bindings: { remoteAddress: string }
}

/** Sends each request to its route. Never rejects. */
export function createFetch(
  routes: readonly Route[],
  { notFound, ...options }: DispatchOptions,
): (request: Request, remoteAddress?: string) => Promise<Response> {
  const app = new Hono<Environment>()
  for (const { method, paths, handler, ...route } of routes) {
    const answer = endpoint({ ...options, ...route }, handler)
    for (const path of paths) {
      app.on(method, path, (c) => answer(c.req.raw, c.env.remoteAddress))
    }
  }
  const refusals = createRefusals(routes, notFound, options)
  app.notFound((c) => refusals.fetch(c.req.raw, c.env))
  return (request, remoteAddress = '') => Promise.resolve(app.fetch(request, { remoteAddress }))
}

/**
 * Refuses what no route took. A router of its own: beside the routes, each request would match two handlers, and Hono
 * calls several through its chain of middleware, but a lone one directly.
 */
function createRefusals(
  routes: readonly Route[],
  { errorPage, toError }: DispatchOptions['notFound'],
  options: Omit<DispatchOptions, 'notFound'>,
): Hono<Environment> {
  const app = new Hono<Environment>()
  for (const { paths, handler: _, method: __, ...route } of routes) {
    for (const path of paths) {
      const methods = routes.filter((other) => other.paths.includes(path)).map(({ method }) => method)
      const refuse = endpoint({ ...options, ...route }, ({ method }, exchange) =>
        method === 'OPTIONS' && !route.errorPage
          ? preflightResponse(methods, exchange)
          : refuseMethod(methods),
      )
      app.all(path, (c) => refuse(c.req.raw, c.env.remoteAddress))
    }
  }
  const refuse = () => {
    throw new OAuthError(
      'not_found',
      'There is nothing at this path. The page at error_uri names every endpoint.',
    )
  }
  const forPeople = endpoint({ ...options, kind: 'unknown', errorPage }, refuse)
  const forPrograms = endpoint({ ...options, kind: 'unknown', toError }, refuse)
  app.notFound((c) => {
    const answer = prefersPages(c.req.raw) ? forPeople : forPrograms
    return answer(c.req.raw, c.env.remoteAddress)
  })
  return app
}

/** A browser that goes somewhere names HTML first. */
const prefersPages = (request: Request): boolean => /^text\/html\b/.test(request.headers.get('accept') ?? '')

function refuseMethod(methods: readonly string[]): never {
  const allow = methods.map((method) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
  throw new OAuthError('method_not_allowed', `Use ${methods.join(' or ')} here.`, { headers: { allow } })
}
