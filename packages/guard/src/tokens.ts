import { hash } from 'node:crypto'
import { BoundedCache } from './bounded-cache.ts'
import { checkClaims, type Expected } from './claims.ts'
import type { Clock } from './clock.ts'
import type { Introspection } from './introspection.ts'
import { checkHeader, maxTokenLength, type ParsedJwt, parseJwt } from './jwt.ts'
import type { Keys } from './keys.ts'
import type { CheckedToken } from './principal.ts'
import { isRejection, type Rejection } from './rejection.ts'
import type { Algorithm, VerificationKey } from './signature.ts'

export interface TokensOptions extends Expected {
  readonly algorithms: readonly Algorithm[]
  readonly jwtCacheEntries: number
  /** Also ask the server about each JWT. */
  readonly introspectsJwts: boolean
  readonly clock: Clock
}

type Outcome = CheckedToken | Rejection

/** What docs/protocol.md says of an opaque token. Anything else is refused without asking. */
const opaqueToken = /^[0-9a-z]{1,512}$/

/** Finds out what a token is worth, by its signature or by asking. Revocation and scope are for the caller. */
export class Tokens {
  readonly #keys: Keys
  readonly #introspection: Introspection | undefined
  readonly #options: TokensOptions
  readonly #verified: BoundedCache<{ readonly token: CheckedToken; readonly key: VerificationKey }>

  constructor(keys: Keys, introspection: Introspection | undefined, options: TokensOptions) {
    this.#keys = keys
    this.#introspection = introspection
    this.#options = options
    this.#verified = new BoundedCache(options.jwtCacheEntries)
  }

  /** JWTs whose signature need not be checked again. */
  get verifiedJwts(): number {
    return this.#verified.size
  }

  async check(token: string): Promise<Outcome> {
    if (token.length > maxTokenLength) return { reason: 'malformed' }
    const digest = hash('sha256', token, 'base64url')
    if (!token.includes('.')) return this.#checkOpaque(token, digest)
    const outcome = await this.#verifyOnce(token, digest)
    if (!this.#options.introspectsJwts || isRejection(outcome)) return outcome
    return this.#confirm(outcome, token, digest)
  }

  #checkOpaque(token: string, digest: string): Outcome | Promise<Outcome> {
    if (!opaqueToken.test(token)) return { reason: 'malformed' }
    return this.#introspection?.check(token, digest, 'opaque') ?? { reason: 'opaque-not-accepted' }
  }

  async #verifyOnce(token: string, digest: string): Promise<Outcome> {
    const known = this.#verified.get(digest)
    if (known && (await this.#keys.holds(known.key))) return known.token
    if (known) this.#verified.delete(digest)
    return this.#verify(token, digest)
  }

  /** Cheapest first: a token that its own claims rule out costs no key and no signature. */
  async #verify(token: string, digest: string): Promise<Outcome> {
    const jwt = parseJwt(token)
    if (!jwt) return { reason: 'malformed' }
    const reason = checkHeader(jwt.header, this.#options.algorithms)
    if (reason) return { reason }
    const checked = this.#checkClaims(jwt)
    if (isRejection(checked)) return checked
    const key = await this.#keys.verify(jwt)
    if (isRejection(key)) return key
    this.#verified.set(digest, { token: checked, key })
    return checked
  }

  #checkClaims({ header, claims }: ParsedJwt): Outcome {
    const kid = typeof header.kid === 'string' ? header.kid : undefined
    return checkClaims(claims, this.#options, this.#options.clock.now(), { credential: 'jwt', kid })
  }

  /** The server, too, must call this very token live. */
  async #confirm(verified: CheckedToken, token: string, digest: string): Promise<Outcome> {
    const answer = await this.#introspection?.check(token, digest, 'jwt')
    if (!answer) return { reason: 'introspection-unreachable' }
    if (isRejection(answer)) return answer
    return answer.principal.tokenId === verified.principal.tokenId ? verified : { reason: 'bad-claims' }
  }
}
