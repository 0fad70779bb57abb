import type { MiddlewareHandler } from 'hono'
import { toResponse } from './fetch.ts'
import type { Guard } from './guard.ts'
import type { Principal } from './principal.ts'
import { publishMetadata } from './resource-metadata.ts'
import { requireScopeList, type ScopeRequirement } from './scope.ts'

/** What `requires` adds: `c.get('principal')` and `c.var.principal`. */
export interface GuardedEnv {
  Variables: { principal: Principal }
}

/**
 * Hono middleware: goes on only with a good token that has every scope. CORS preflights pass without a principal, so
 * put the CORS middleware first, and do not answer OPTIONS with data.
 *
 * @throws TypeError when the scope can never be granted.
 */
export function requires(guard: Guard, scope?: ScopeRequirement): MiddlewareHandler<GuardedEnv> {
  const needs = { scope: requireScopeList(scope) }
  return async (c, next) => {
    const result = await guard.check(c.req.raw, needs)
    if (!result.ok) return toResponse(result)
    if (!result.preflight) c.set('principal', result.principal)
    await next()
  }
}

/** Hono middleware that serves the document of RFC 9728. Use it at the root. @throws Error when the API has no URL. */
export function resourceMetadata(guard: Guard): MiddlewareHandler {
  const { path, headers, body } = publishMetadata(guard)
  return async (c, next) => {
    if (c.req.method === 'GET' && c.req.path === path) return c.body(body, 200, headers)
    await next()
  }
}
