import type { Refusal } from './challenge.ts'
import type { Guard } from './guard.ts'
import type { Principal } from './principal.ts'
import { publishMetadata } from './resource-metadata.ts'
import { requireScopeList, type ScopeRequirement } from './scope.ts'

export interface ProtectOptions {
  /** What the caller must have been granted, all of it. Default: a good token is enough. */
  readonly scope?: ScopeRequirement | undefined
  /** Answers CORS preflights, which carry no credential. Default: 204 without any CORS header. */
  readonly preflight?: ((request: Request) => Response | Promise<Response>) | undefined
}

/**
 * Puts a guard in front of a web-standard handler. The handler runs only with a principal; what a platform passes
 * besides the request (`env`, `context`) follows the principal.
 *
 * @throws TypeError when the scope can never be granted.
 */
export function protect<Rest extends unknown[]>(
  guard: Guard,
  options: ProtectOptions,
  handler: (request: Request, principal: Principal, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const needs = { scope: requireScopeList(options.scope) }
  const answerPreflight = options.preflight ?? (() => new Response(null, { status: 204 }))
  return async (request, ...rest) => {
    const result = await guard.check(request, needs)
    if (!result.ok) return toResponse(result)
    return result.preflight ? answerPreflight(request) : handler(request, result.principal, ...rest)
  }
}

/** A refusal as a web-standard Response. */
export function toResponse(refusal: Refusal): Response {
  return new Response(JSON.stringify(refusal.body), { status: refusal.status, headers: refusal.headers })
}

/**
 * Serves the document of RFC 9728; undefined for a request that asks for something else.
 *
 * @throws Error when the API has no URL.
 */
export function resourceMetadata(guard: Guard): (request: Request) => Response | undefined {
  const { path, headers, body } = publishMetadata(guard)
  return (request) => {
    if (request.method !== 'GET' || new URL(request.url).pathname !== path) return undefined
    return new Response(body, { headers })
  }
}
