import type { ClientAuthentication } from './authentication.ts'
import { type Clock, systemClock } from './clock.ts'
import type { TokenError } from './errors.ts'
import { clientCredentials, type Grant } from './grants.ts'
import { isSecure } from './http.ts'
import { memoryStore, type TokenStore } from './store.ts'
import { type Dialect, standard } from './wire.ts'

/** What was renewed. No secret. */
export interface Renewal {
  /** The grant that the server was asked for. `undefined`: another user of the store had renewed already. */
  readonly grantType: string | undefined
  /** The new token's lifetime. `undefined`: the server did not say. */
  readonly expiresInSeconds: number | undefined
  /** The new token's scope, as the server said it. */
  readonly scope: string | undefined
}

/** What is told of a failure. */
export interface Failure {
  /** Whether the client asks again by itself, at once. */
  readonly willRetry: boolean
  /** Whether callers still have a token that lives. */
  readonly hasToken: boolean
}

export interface ClientOptions {
  /**
   * The authorization server, exactly as it calls itself; its endpoints are found by RFC 8414 or OpenID Connect Discovery. Or
   * give `tokenEndpoint`.
   */
  issuer?: string | undefined
  /** Where tokens come from: no discovery then. https, except on loopback. */
  tokenEndpoint?: string | undefined
  clientId?: string | undefined
  clientSecret?: string | undefined
  /** How the client proves who it is. Default: `basic()`; `none()` without a secret. */
  auth?: ClientAuthentication | undefined
  /** How the first token is got. Default: `clientCredentials()`. */
  grant?: Grant | undefined
  /** Scopes, separated by spaces: of `clientCredentials()` and `password()`. A person's are what they were asked for. */
  scope?: string | undefined
  /** RFC 8707: the API that the token is for. */
  resource?: string | readonly string[] | undefined
  /** More parameters of every token request, as in `{ audience: '…' }`. */
  parameters?: Readonly<Record<string, string>> | undefined
  /** Origins that get the credential, as in `['https://api.example.com']`. https, except on loopback. Default: those of `resource`. */
  origins?: readonly string[] | undefined
  /** Where tokens are kept. Default: `memoryStore()`. */
  store?: TokenStore | undefined
  /** Where the server departs from the standard: `dialect({ … })` of `@latchkey/client/dialect`. */
  dialect?: Dialect | undefined
  /** How long a token lives of which the server does not say. Default: until an API refuses it. */
  defaultLifetimeSeconds?: number | undefined
  /**
   * For one answer of the token endpoint, its body included. 100 to 10,000. Default: 4,000, so that a request and its
   * retry take less than a third of the 30 seconds in which Latchkey forgives a lost answer.
   */
  timeoutMs?: number | undefined
  /** Takes http endpoints that are not on loopback: for a private network that is trusted as a whole. Default: false. */
  allowInsecure?: boolean | undefined
  /** After each renewal. */
  onRenew?: ((renewal: Renewal) => void) | undefined
  /** After each failure to renew or to keep. */
  onError?: ((error: TokenError, failure: Failure) => void) | undefined
  /** How server and API are reached. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined
  /** For tests. */
  clock?: Clock | undefined
}

/** Options with every default in place. */
export type Settings = ReturnType<typeof parseOptions>

/** Checks what was written and fills in the defaults. @throws TypeError that says what to write instead. */
export function parseOptions(options: ClientOptions) {
  const {
    issuer,
    tokenEndpoint,
    clientId,
    clientSecret,
    auth,
    scope,
    resource = [],
    origins,
    fetch,
  } = options
  const { grant = clientCredentials(), parameters = {}, store = memoryStore(), clock = systemClock } = options
  const { dialect = standard, allowInsecure = false, timeoutMs = 4_000 } = options
  const { defaultLifetimeSeconds, onRenew, onError } = options
  const known = {
    issuer,
    tokenEndpoint,
    clientId,
    clientSecret,
    auth,
    scope,
    resource,
    origins,
    fetch,
    grant,
    parameters,
    store,
    clock,
    dialect,
    allowInsecure,
    timeoutMs,
    defaultLifetimeSeconds,
    onRenew,
    onError,
  }
  for (const name in options) demand(name in known, `there is no option ${name}`)
  const server = issuer ?? tokenEndpoint
  demand(server, 'give issuer or tokenEndpoint')
  const resources = [resource].flat()
  const gettingToken = origins ?? resources.filter((url) => isSecure(url, allowInsecure))
  const urls = [server, tokenEndpoint ?? server, dialect.refreshEndpoint ?? server, ...gettingToken]
  demand(
    urls.every((url) => isSecure(url, allowInsecure)),
    'endpoints and origins are https URLs, or say allowInsecure',
  )
  demand(
    clientSecret === undefined || (clientSecret && clientId),
    'give clientId and clientSecret, or no secret',
  )
  demand(Number.isFinite(timeoutMs) && timeoutMs >= 100 && timeoutMs <= 10_000, 'timeoutMs is 100 to 10000')
  demand(defaultLifetimeSeconds === undefined || defaultLifetimeSeconds > 0, 'defaultLifetimeSeconds > 0')
  const asked = [scope, resources, parameters, { ...grant.parameters, password: 0 }]
  return {
    ...known,
    resources,
    owner: JSON.stringify([1, server, clientId]),
    asked: grant.isRepeatable ? JSON.stringify(asked) : undefined,
    origins: gettingToken.map((url) => new URL(url).origin),
    transport: {
      // Looked up at each call: what instruments the global fetch later is heard too.
      fetch: fetch ?? ((...call: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...call)),
      timeoutMs,
      allowInsecure,
    },
  }
}

/** @throws TypeError with the advice, unless all is well. */
export function demand(isWell: unknown, advice: string): asserts isWell {
  if (!isWell) throw new TypeError(`createTokenClient: ${advice}.`)
}
