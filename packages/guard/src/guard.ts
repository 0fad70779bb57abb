import { AuthorizationServer } from './authorization-server.ts'
import { type ChallengeContext, type Refusal, refuse } from './challenge.ts'
import { isExpired } from './claims.ts'
import { type GuardRequest, hasQuery, isPreflight, several } from './credentials.ts'
import { RevocationFeed } from './feed.ts'
import { Introspection } from './introspection.ts'
import { Keys } from './keys.ts'
import { type GuardOptions, parseOptions, type Settings } from './options.ts'
import type { CheckedToken, Principal } from './principal.ts'
import { isRejection, type Rejection } from './rejection.ts'
import { isResourceUrl, type ResourceMetadata, resourceMetadataUrl } from './resource-metadata.ts'
import { RevocationSet } from './revocations.ts'
import { type ScopeRequirement, toScopeList } from './scope.ts'
import { Tokens } from './tokens.ts'

/** What came of a check. A CORS preflight passes without a principal: it carries no credential and asks for no data. */
export type CheckResult =
  | { readonly ok: true; readonly preflight: false; readonly principal: Principal }
  | { readonly ok: true; readonly preflight: true; readonly principal: undefined }
  | Refusal

/** What a guard holds and how old it is: for a health page. Names no token and no secret. */
export interface GuardStatus {
  readonly keys: {
    readonly count: number
    readonly ageSeconds: number | undefined
    readonly problem: string | undefined
  }
  /** Undefined when revocations are not followed. */
  readonly feed: FeedStatus | undefined
  /** Entries of the revocation set, followed or shared. */
  readonly revocations: number
  readonly verifiedJwts: number
  readonly introspections: number
}

export interface FeedStatus {
  /** Undefined before the first snapshot. */
  readonly ageSeconds: number | undefined
  readonly isStale: boolean
  /** Why the last request failed; undefined when it did not. */
  readonly problem: string | undefined
}

/** Checks the requests of one API against one authorization server. */
export interface Guard {
  /**
   * Checks one request. What goes wrong is an answer, not an exception; what is not the caller's fault is a 503.
   *
   * @param request A web `Request`, Node's `IncomingMessage`, or the same members of anything else.
   * @param needs `scope`: what must have been granted, all of it. Default: nothing beyond a good token.
   */
  check(request: GuardRequest, needs?: { scope?: ScopeRequirement | undefined }): Promise<CheckResult>
  /**
   * Loads keys and the first snapshot now instead of at the first request.
   *
   * @throws Error that says what is missing, when it did not come in time.
   */
  ready(): Promise<void>
  status(): GuardStatus
  /** The document of RFC 9728. @throws Error when the audience is no URL and `resourceMetadata.resource` is not set. */
  resourceMetadata(): ResourceMetadata
  /** Where a client looks for that document. Undefined when the API has no URL. */
  readonly resourceMetadataUrl: string | undefined
  /** Stops following the feed. Later checks answer 503. */
  close(): void
}

/** The oldest Node.js that has all that a guard needs. */
const minimumNodeVersion = 24

/**
 * Makes the guard of an API. It asks the server nothing until the first check, or `ready`.
 *
 * @throws TypeError when an option is missing, unknown or wrong.
 * @throws Error on a Node.js that is too old.
 */
export function createGuard(options: GuardOptions): Guard {
  refuseOldNode(globalThis.process?.versions?.node)
  return new TokenGuard(parseOptions(options))
}

/** `version` is undefined where the guard runs on something else. */
function refuseOldNode(version: string | undefined): void {
  if (version === undefined || Number.parseInt(version, 10) >= minimumNodeVersion) return
  throw new Error(
    `@latchkey/guard: Node.js ${version} is too old. Run the API on Node.js ${minimumNodeVersion} or newer.`,
  )
}

const preflight = { ok: true, preflight: true, principal: undefined } as const

class TokenGuard implements Guard {
  readonly resourceMetadataUrl: string | undefined
  readonly #settings: Settings
  readonly #context: ChallengeContext
  readonly #keys: Keys
  readonly #introspection: Introspection | undefined
  readonly #tokens: Tokens
  readonly #revocations: RevocationSet | undefined
  readonly #feed: RevocationFeed | undefined
  readonly #refusesTokenInUrl: boolean
  #isClosed = false

  constructor(settings: Settings) {
    const { clientId, revocation, revocations, clock } = settings
    const server = new AuthorizationServer(settings)
    const resource = settings.resourceMetadata.resource ?? settings.audience
    this.#settings = settings
    this.resourceMetadataUrl = isResourceUrl(resource) ? resourceMetadataUrl(resource) : undefined
    this.#context = challengeContext(settings, this.resourceMetadataUrl)
    this.#keys = new Keys(server, { ...settings, serverEpoch: () => this.#revocations?.epoch ?? 0 })
    this.#introspection = clientId === undefined ? undefined : new Introspection(server, settings)
    const introspectsJwts = revocation === 'introspect'
    this.#tokens = new Tokens(this.#keys, this.#introspection, { ...settings, introspectsJwts })
    if (revocation === 'feed') this.#revocations = revocations ?? new RevocationSet({ now: clock.now })
    if (this.#revocations && !revocations)
      this.#feed = new RevocationFeed(server, this.#revocations, settings)
    this.#refusesTokenInUrl = settings.credentials.every(({ bearerMethod }) => bearerMethod !== 'query')
  }

  async check(
    request: GuardRequest,
    needs: { scope?: ScopeRequirement | undefined } = {},
  ): Promise<CheckResult> {
    if (isPreflight(request)) return preflight
    this.#feed?.start()
    const scope = toScopeList(needs.scope)
    const outcome = await this.#authorize(request, scope)
    if (isRejection(outcome)) return refuse(outcome, this.#context, scope)
    return { ok: true, preflight: false, principal: outcome.principal }
  }

  async ready(): Promise<void> {
    this.#feed?.start()
    const [hasKeys, hasFeed] = await Promise.all([this.#keys.load(), this.#feed?.whenLoaded() ?? true])
    if (hasKeys && hasFeed) return
    const problem = this.#keys.status().problem ?? this.#feed?.problem ?? 'no answer in time'
    throw new Error(`The guard of ${this.#settings.audience} is not ready: ${problem}.`)
  }

  status(): GuardStatus {
    return {
      keys: this.#keys.status(),
      feed: this.#revocations && {
        ageSeconds: this.#feedAgeSeconds(),
        isStale: this.#isStale(),
        problem: this.#feed?.problem,
      },
      revocations: this.#revocations?.size ?? 0,
      verifiedJwts: this.#tokens.verifiedJwts,
      introspections: this.#introspection?.size ?? 0,
    }
  }

  resourceMetadata(): ResourceMetadata {
    const { audience, issuer, credentials, resourceMetadata } = this.#settings
    if (this.resourceMetadataUrl === undefined) {
      throw new Error(
        `The audience ${audience} is no URL: set resourceMetadata.resource to the URL of the API.`,
      )
    }
    const methods = credentials
      .map(({ bearerMethod }) => bearerMethod)
      .filter((method) => method !== undefined)
    return {
      resource: audience,
      authorization_servers: [issuer],
      bearer_methods_supported: [...new Set(methods)],
      ...resourceMetadata,
    }
  }

  close(): void {
    this.#isClosed = true
    this.#feed?.close()
  }

  async #authorize(request: GuardRequest, scope: readonly string[]): Promise<CheckedToken | Rejection> {
    if (this.#isClosed) return { reason: 'closed' }
    const token = this.#findToken(request)
    if (typeof token !== 'string') return token
    const outcome = await this.#tokens.check(token)
    if (isRejection(outcome)) return outcome
    return (await this.#reject(outcome)) ?? lacks(outcome, scope) ?? outcome
  }

  /** RFC 6750 §2: one way to send a token in one request. */
  #findToken(request: GuardRequest): string | Rejection {
    if (this.#refusesTokenInUrl && hasQuery(request, 'access_token')) return { reason: 'token-in-url' }
    let found: string | undefined
    for (const credential of this.#settings.credentials) {
      const token = credential.read(request)
      if (token === several || (token !== undefined && found !== undefined))
        return { reason: 'two-credentials' }
      found ??= token
    }
    return found ?? { reason: 'no-credential' }
  }

  /** What may have changed since the token was first seen: its time, and the set of what is revoked. */
  async #reject({ principal, revocable }: CheckedToken): Promise<Rejection | undefined> {
    const { clock, clockToleranceSeconds } = this.#settings
    if (isExpired(principal.expiresAt, clockToleranceSeconds, clock.now())) return { reason: 'expired' }
    if (this.#feed && !(await this.#feed.whenLoaded())) return { reason: 'feed-not-loaded' }
    if (this.#revocations?.isRevoked(revocable)) return { reason: 'revoked' }
    return this.#isStale() && this.#settings.whenFeedIsStale === 'refuse'
      ? { reason: 'feed-stale' }
      : undefined
  }

  /** A shared set ages as the server that fills it falls behind its database. */
  #feedAgeSeconds(): number | undefined {
    return this.#feed ? this.#feed.ageSeconds : this.#revocations?.ageSeconds
  }

  #isStale(): boolean {
    const ageSeconds = this.#feedAgeSeconds()
    return ageSeconds !== undefined && ageSeconds > this.#settings.maxFeedAgeSeconds
  }
}

/** RFC 6750 §3.1: the answer names all that the request needs, not only what is missing. */
function lacks({ principal }: CheckedToken, scope: readonly string[]): Rejection | undefined {
  return scope.every((token) => principal.scope.includes(token))
    ? undefined
    : { reason: 'insufficient-scope' }
}

function challengeContext(settings: Settings, resourceMetadataUrl: string | undefined): ChallengeContext {
  const [first] = settings.credentials
  const usage = first?.usage ?? 'Authorization: Bearer <token>'
  return { scheme: first?.scheme ?? 'Bearer', usage, resourceMetadataUrl, realm: settings.audience }
}
