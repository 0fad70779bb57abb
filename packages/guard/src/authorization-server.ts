import { backgroundFetch } from './background-fetch.ts'
import type { Clock } from './clock.ts'
import { type Fetch, requestJson, Unavailable } from './http.ts'
import { Refreshing } from './refreshing.ts'

export interface AuthorizationServerOptions {
  readonly issuer: string
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  readonly fetch?: Fetch | undefined
  readonly clock: Clock
}

/** What a guard reads from the metadata; a member that the server does not name is undefined. */
export interface Endpoints {
  readonly jwks: string | undefined
  readonly introspection: string | undefined
  readonly revocations: string | undefined
  readonly verificationKeys: string | undefined
}

export interface Question {
  readonly maxBytes: number
  readonly timeoutMs?: number
  /** Form parameters: makes it a POST. */
  readonly form?: Record<string, string>
  /** Sends the guard's own credentials. */
  readonly authenticated?: boolean
  /** Does not keep the process alive while it waits. */
  readonly background?: boolean
  readonly signal?: AbortSignal
}

const requestTimeoutMs = 5_000
const metadataLimits = { maxAgeMs: 600_000, coolDownMs: 10_000, patienceMs: 300 }
const maxMetadataBytes = 65_536

/** The issuer of the tokens, found by its metadata (RFC 8414) and asked with the guard's own credentials. */
export class AuthorizationServer {
  readonly #options: AuthorizationServerOptions
  readonly #metadata: Refreshing<Endpoints>

  constructor(options: AuthorizationServerOptions) {
    this.#options = options
    this.#metadata = new Refreshing(() => this.#loadEndpoints(), metadataLimits, options.clock)
  }

  /** @throws Unavailable while the metadata was never read. */
  endpoints(): Promise<Endpoints> {
    return this.#metadata.required()
  }

  /** Asks one of the endpoints. @throws Unavailable */
  ask(url: string, question: Question): Promise<Record<string, unknown>> {
    const { form, authenticated, background, timeoutMs = requestTimeoutMs, ...limits } = question
    const headers: Record<string, string> = {}
    if (authenticated) headers.authorization = this.#basic()
    if (form) headers['content-type'] = 'application/x-www-form-urlencoded'
    const post = form ? { method: 'POST' as const, body: new URLSearchParams(form).toString() } : {}
    return requestJson(this.#fetch(background), { url, headers, timeoutMs, ...limits, ...post })
  }

  #fetch(background = false): Fetch {
    return this.#options.fetch ?? (background ? backgroundFetch : (request) => globalThis.fetch(request))
  }

  /** RFC 6749 §2.3.1: both parts are form-encoded first. */
  #basic(): string {
    const { clientId = '', clientSecret = '' } = this.#options
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
    return `Basic ${Buffer.from(pair).toString('base64')}`
  }

  async #loadEndpoints(): Promise<Endpoints> {
    const { issuer } = this.#options
    const metadata = await this.ask(metadataUrl(issuer), { maxBytes: maxMetadataBytes })
    if (metadata.issuer !== issuer) {
      throw new Unavailable(
        `The server at ${issuer} calls itself another issuer: set the guard's issuer to that one.`,
      )
    }
    return {
      jwks: readEndpoint(metadata.jwks_uri, issuer),
      introspection: readEndpoint(metadata.introspection_endpoint, issuer),
      revocations: readEndpoint(metadata.latchkey_revocations_endpoint, issuer),
      verificationKeys: readEndpoint(metadata.latchkey_verification_keys_endpoint, issuer),
    }
  }
}

/** RFC 8414 §3.1: the well-known part goes before the issuer's path. */
function metadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`
}

/** Latchkey's endpoints live under its issuer: the guard's credentials go to no other origin, whatever metadata says. */
function readEndpoint(value: unknown, issuer: string): string | undefined {
  if (value === undefined) return undefined
  const isOwn =
    typeof value === 'string' && URL.canParse(value) && new URL(value).origin === new URL(issuer).origin
  if (isOwn) return value
  throw new Unavailable("the metadata names an endpoint that is not at the issuer's own origin")
}
