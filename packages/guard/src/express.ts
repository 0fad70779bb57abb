import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from './guard.ts'
import type { Principal } from './principal.ts'
import { publishMetadata } from './resource-metadata.ts'
import { requireScopeList, type ScopeRequirement } from './scope.ts'

declare global {
  namespace Express {
    interface Request {
      /** Set by `requires` of @latchkey/guard/express. */
      principal?: Principal
    }
  }
}

/** A request that may have passed a guard. */
export type GuardedRequest = IncomingMessage & { principal?: Principal }

/** Middleware of Express, and of anything else that is built on Node's own request and response. */
export type Middleware = (req: GuardedRequest, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Express middleware: goes on only with a good token that has every scope, and sets `req.principal`. CORS preflights
 * pass without a principal, so put the CORS middleware first, and do not answer OPTIONS with data.
 *
 * @throws TypeError when the scope can never be granted.
 */
export function requires(guard: Guard, scope?: ScopeRequirement): Middleware {
  const needs = { scope: requireScopeList(scope) }
  return (req, res, next) => {
    guard
      .check(req, needs)
      .then((result) => {
        if (!result.ok)
          return void res.writeHead(result.status, result.headers).end(JSON.stringify(result.body))
        if (!result.preflight) req.principal = result.principal
        next()
      })
      .catch(next)
  }
}

/** Who calls. @throws Error when no guard let the request in: the route lacks `requires`, or it is a preflight. */
export function principalOf(req: { principal?: Principal }): Principal {
  if (req.principal) return req.principal
  throw new Error(
    'This request has no principal: put requires(guard) before the handler, and leave OPTIONS to CORS.',
  )
}

/** Express middleware that serves the document of RFC 9728. Use it at the root. @throws Error when the API has no URL. */
export function resourceMetadata(guard: Guard): Middleware {
  const { path, headers, body } = publishMetadata(guard)
  return (req, res, next) => {
    if (req.method !== 'GET' || req.url?.split('?', 1)[0] !== path) return next()
    res.writeHead(200, headers).end(body)
  }
}
