import type { AuthorizationServer } from './authorization-server.ts'
import { BoundedCache } from './bounded-cache.ts'
import { checkClaims, type Expected } from './claims.ts'
import type { Clock } from './clock.ts'
import { Unavailable } from './http.ts'
import type { CheckedToken, Principal } from './principal.ts'
import type { Rejection } from './rejection.ts'

export interface IntrospectionOptions extends Expected {
  readonly introspectionCacheSeconds: number
  readonly introspectionCacheEntries: number
  readonly clock: Clock
}

type Outcome = CheckedToken | Rejection

const maxAnswerBytes = 65_536
/** Beyond this many at once a request is told to come back, instead of queueing without end. */
const maxInFlight = 1_000

/**
 * Asks the server what a token is worth (RFC 7662). A live answer is kept for a moment; "not active" is never kept:
 * a token may be asked about before a replica of the server has heard of it, and the server finds that out cheaply.
 */
export class Introspection {
  readonly #server: AuthorizationServer
  readonly #options: IntrospectionOptions
  readonly #live: BoundedCache<{ readonly token: CheckedToken; readonly until: number }>
  readonly #inFlight = new Map<string, Promise<Outcome>>()

  constructor(server: AuthorizationServer, options: IntrospectionOptions) {
    this.#server = server
    this.#options = options
    this.#live = new BoundedCache(options.introspectionCacheEntries)
  }

  /** Live answers that are kept. */
  get size(): number {
    return this.#live.size
  }

  /** The token, if it is live. `digest` is its SHA-256: the token itself is never kept. */
  async check(token: string, digest: string, credential: Principal['credential']): Promise<Outcome> {
    const known = this.#live.get(digest)
    if (known && this.#options.clock.monotonicMs() < known.until) return known.token
    if (known) this.#live.delete(digest)
    return this.#inFlight.get(digest) ?? this.#ask(token, digest, credential)
  }

  async #ask(token: string, digest: string, credential: Principal['credential']): Promise<Outcome> {
    if (this.#inFlight.size >= maxInFlight) return { reason: 'introspection-busy', retryAfterSeconds: 1 }
    const flight = this.#introspect(token, credential)
    this.#inFlight.set(digest, flight)
    try {
      const outcome = await flight
      if ('principal' in outcome) this.#keep(digest, outcome)
      return outcome
    } finally {
      this.#inFlight.delete(digest)
    }
  }

  #keep(digest: string, token: CheckedToken): void {
    const { clock, introspectionCacheSeconds } = this.#options
    if (introspectionCacheSeconds === 0) return
    this.#live.set(digest, { token, until: clock.monotonicMs() + introspectionCacheSeconds * 1000 })
  }

  async #introspect(token: string, credential: Principal['credential']): Promise<Outcome> {
    try {
      const { introspection } = await this.#server.endpoints()
      if (introspection === undefined) throw new Unavailable('the issuer has no introspection endpoint')
      const form = { token }
      const answer = await this.#server.ask(introspection, {
        form,
        maxBytes: maxAnswerBytes,
        authenticated: true,
      })
      return this.#read(answer, credential)
    } catch (error) {
      if (error instanceof Unavailable) return toRejection(error)
      throw error
    }
  }

  #read(answer: Record<string, unknown>, credential: Principal['credential']): Outcome {
    if (answer.active === false) return { reason: 'inactive' }
    if (answer.active !== true) throw new Unavailable('the introspection answer was not understood')
    return checkClaims(answer, this.#options, this.#options.clock.now(), { credential })
  }
}

function toRejection({ credentialsRefused, retryAfterSeconds }: Unavailable): Rejection {
  const reason = credentialsRefused ? 'own-credentials-refused' : 'introspection-unreachable'
  return { reason, retryAfterSeconds }
}
