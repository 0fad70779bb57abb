import type { FastifyRequest } from 'fastify'
import type { Guard } from './guard.ts'
import type { Principal } from './principal.ts'
import { publishMetadata } from './resource-metadata.ts'
import { requireScopeList, type ScopeRequirement } from './scope.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `requires` of @latchkey/guard/fastify. */
    principal?: Principal
  }
}

/** What is used of a FastifyRequest. */
export type GuardedRequest = Pick<FastifyRequest, 'raw' | 'principal'>

/** What is used of a FastifyReply. */
export interface Reply {
  code(status: number): Reply
  headers(headers: Record<string, string>): Reply
  send(payload: string): Reply
}

/**
 * An `onRequest` hook: goes on only with a good token that has every scope, and sets `request.principal`. CORS
 * preflights pass without a principal, so register CORS first, and do not answer OPTIONS with data.
 *
 * @throws TypeError when the scope can never be granted.
 */
export function requires(guard: Guard, scope?: ScopeRequirement) {
  const needs = { scope: requireScopeList(scope) }
  return async (request: GuardedRequest, reply: Reply): Promise<unknown> => {
    const result = await guard.check(request.raw, needs)
    if (!result.ok) return reply.code(result.status).headers(result.headers).send(JSON.stringify(result.body))
    if (!result.preflight) request.principal = result.principal
    return undefined
  }
}

/** Who calls. @throws Error when no guard let the request in: the route lacks `requires`, or it is a preflight. */
export function principalOf(request: { principal?: Principal }): Principal {
  if (request.principal) return request.principal
  throw new Error('This request has no principal: add onRequest: requires(guard), and leave OPTIONS to CORS.')
}

/** The route that serves the document of RFC 9728, for `app.route()` at the root. @throws Error when the API has no URL. */
export function resourceMetadata(guard: Guard) {
  const { path, headers, body } = publishMetadata(guard)
  return {
    method: 'GET' as const,
    url: path,
    handler: async (_request: unknown, reply: Reply): Promise<unknown> => reply.headers(headers).send(body),
  }
}
