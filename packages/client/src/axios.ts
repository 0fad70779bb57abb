import type { AxiosAdapter, AxiosResponse, AxiosStatic, InternalAxiosRequestConfig as Config } from 'axios'
import { isWorkerd } from './fetch.ts'
import type { UnauthorizedReason } from './reason.ts'
import type { Credential, GetTokenOptions, TokenClient } from './token-client.ts'
import { giveUpOn } from './waiting.ts'

export type { UnauthorizedReason } from './reason.ts'

/*
 * Axios declares its types twice, once for `import` and once for `require`, and takes neither's for the other's. So what is
 * declared here names none of them, and gives back the adapter's type that the app's own axios has.
 */

/** An adapter of axios, by either of its declarations. */
export type AnyAxiosAdapter = (config: never) => Promise<unknown>

/** What is needed of axios itself, `import axios from 'axios'`. */
export interface AxiosLike<Adapter extends AnyAxiosAdapter> {
  readonly Axios: new (config: Record<string, never>) => { getUri(config: object): string }
  readonly AxiosError: new (message: string, code: string) => Error
  readonly defaults: object
  getAdapter(adapters: string | string[] | undefined): Adapter
}

/** Another adapter of axios than its default, as in `{ adapter: 'fetch' }`; or several, of which the first that runs here is taken. */
export interface AxiosAdapterOptions {
  adapter?: string | AnyAxiosAdapter | (string | AnyAxiosAdapter)[] | undefined
}

/**
 * An adapter for axios 1.7 or newer that does what `client.fetch` does:
 * `axios.create({ baseURL, adapter: axiosAdapter(client, axios) })`.
 *
 * Adds the credential to requests for the client's `origins`, and to no other, also not across a redirect. A 401 gets one new
 * token and one more try, unless the answer says that the token is not the matter (`insufficient_scope`), the data is a
 * stream, or it was redirected and no GET or HEAD; {@link axiosReasonOf} says which. Interceptors and transformations run once.
 * Axios's fetch adapter before 1.12, or with a fetch in `env`, shows no redirects: no POST of it gets another try.
 *
 * With a token in another header than `Authorization` or in the URL no redirect is followed: the caller gets the 3xx (from a
 * browser's fetch: status 0). An XMLHttpRequest, axios's default in browsers, cannot be told so: say `{ adapter: 'fetch' }`.
 *
 * A request's `timeout` ends its wait for a token, too, by the error that axios has for that; the renewal goes on.
 *
 * A request with an `Authorization` header, `auth` or a user in its URL keeps that. The credential is not in the `config` of
 * responses and errors.
 *
 * @throws TokenError, from the request, when there is no token to be had; otherwise whatever axios throws.
 */
export function axiosAdapter<Adapter extends AnyAxiosAdapter>(
  client: Pick<TokenClient, 'credentialFor'>,
  axios: AxiosLike<Adapter>,
  options: AxiosAdapterOptions = {},
): Adapter {
  const whole = axios as unknown as AxiosStatic
  const { adapter = whole.defaults.adapter } = options as { adapter?: AxiosAdapter }
  return adapterOf(client, whole, adapter) as AnyAxiosAdapter as Adapter
}

function adapterOf(
  client: Pick<TokenClient, 'credentialFor'>,
  axios: AxiosStatic,
  adapter: AxiosStatic['defaults']['adapter'],
): AxiosAdapter {
  return async (config) => {
    const adapt = axios.getAdapter(adapter, { ...config, env: { fetch: notingFetch, ...config.env } })
    const url = urlOf(axios, config)
    if (!url || hasOwnCredential(url, config)) return adapt(config)
    const signal = signalOf(config)
    const ask = (options: GetTokenOptions) => inTime(axios, config, client.credentialFor(url, options))
    const credential = await ask({ signal })
    const isOwn = (name: string) => config.headers.has(name)
    if (!credential || Object.keys(credential.headers).some(isOwn)) return adapt(config)
    const first = await send(credential, url, config, adapt)
    if (!first.isRefused) return handOn(first, config)
    const renew = () => ask({ rejected: credential.token, signal })
    const hindrance = whyNotAgain(first, config)
    // Even a failed renewal is the next request's matter: this one has its answer.
    if (hindrance === 'body_not_replayed') await renew().catch(() => signal?.throwIfAborted())
    if (hindrance) return handOn(first, config, hindrance)
    discard(first)
    const second = await send((await renew()) as Credential, url, config, adapt)
    if (!second.isRefused) return handOn(second, config)
    return handOn(second, config, isOfScope(second) ? 'insufficient_scope' : 'new_token_refused')
  }
}

/** The longest that timers know, in milliseconds. */
const maxTimerMs = 2_147_483_647

/** Waits for a token as long as axios waits for an answer, and fails as axios does. */
async function inTime<Result>(axios: AxiosStatic, config: Config, work: Promise<Result>): Promise<Result> {
  const { timeout, timeoutErrorMessage, transitional } = config
  const limitMs = Number.parseInt(`${timeout}`, 10)
  if (!(limitMs > 0)) return work
  const limit = AbortSignal.timeout(Math.min(limitMs, maxTimerMs))
  return giveUpOn(limit, work).catch((thrown) => {
    if (thrown !== limit.reason) throw thrown
    const code = transitional?.clarifyTimeoutError ? 'ETIMEDOUT' : 'ECONNABORTED'
    throw new axios.AxiosError(timeoutErrorMessage || `timeout of ${timeout}ms exceeded`, code, config)
  })
}

const reasons = new WeakMap<object, UnauthorizedReason>()

/** Why the adapter handed on this 401, from its response or from the error of axios. `undefined`: it is not one of those. */
export function axiosReasonOf(errorOrResponse: unknown): UnauthorizedReason | undefined {
  const { response = errorOrResponse } = Object(errorOrResponse)
  return reasons.get(Object(response))
}

/** How it went, whether `validateStatus` took the answer or not. */
interface Sent {
  readonly response?: AxiosResponse
  readonly error?: unknown
  readonly isRedirected: boolean
  /** A 401 of the one whom the credential is for: no redirect led elsewhere. */
  readonly isRefused: boolean
}

async function send(credential: Credential, url: URL, config: Config, adapt: AxiosAdapter): Promise<Sent> {
  const hops: string[] = []
  const isOurs = () => hops.every((hop) => new URL(hop, url).origin === url.origin)
  // By axios's http adapter, of which some versions take `Authorization` to every host below the same domain.
  const beforeRedirect: Config['beforeRedirect'] = (options, ...details) => {
    hops.push(options.href)
    config.beforeRedirect?.(options, ...details)
    // Last, since hooks that bring back what the request before had are common.
    if (!isOurs()) removeToken(credential.token, options.headers)
  }
  const headers = config.headers.concat(credential.headers) as Config['headers']
  const sending = adapt({ ...config, ...routeOf(credential, url, config), headers, beforeRedirect })
  const outcome: Pick<Sent, 'response' | 'error'> = await sending.then(
    (response) => ({ response }),
    (error) => ({ response: error?.response, error }),
  )
  const { response } = outcome
  hops.push(...endOf(response?.request, credential.url))
  return { ...outcome, isRedirected: hops.length > 0, isRefused: response?.status === 401 && isOurs() }
}

/** Where to, and how far: only `Authorization` stays behind by itself at another origin. */
function routeOf({ url, headers }: Credential, { href }: URL, { fetchOptions }: Config): Partial<Config> {
  if (!isWorkerd && url === href && Object.keys(headers).join() === 'authorization') return {}
  const held = { maxRedirects: 0, fetchOptions: { ...fetchOptions, redirect: 'manual' } }
  return url === href ? held : { ...held, url, baseURL: '', params: undefined }
}

function removeToken(token: string, headers: Record<string, unknown>): void {
  for (const name of Object.keys(headers)) if (`${headers[name]}`.includes(token)) delete headers[name]
}

const answers = new WeakMap<object, Response>()

/** For axios's fetch adapter, which does not say where a request ended. */
const notingFetch = async (request: string | URL | Request, init?: RequestInit): Promise<Response> => {
  const response = await fetch(request, init)
  answers.set(Object(request), response)
  return response
}

/** Where redirects led a request that followed them by itself. */
function endOf(request: unknown, sentTo: string): string[] {
  const answer = answers.get(Object(request))
  if (answer) return answer.redirected ? [answer.url] : []
  // Nobody saw, before axios 1.12 or with a fetch of the app's own: it may have been redirected.
  if (request instanceof Request) return [sentTo]
  const { responseURL } = Object(request)
  return responseURL && responseURL !== sentTo.replace(/#.*/, '') ? [responseURL] : []
}

function whyNotAgain(first: Sent, { method = 'get', data }: Config): UnauthorizedReason | undefined {
  if (isOfScope(first)) return 'insufficient_scope'
  // What was redirected may have been done already.
  const isDone = first.isRedirected && !/^(?:get|head)$/i.test(method)
  // Of Node, of the web, of the package form-data.
  const isStream = ['pipe', 'getReader', Symbol.asyncIterator].some((name) => name in Object(data))
  return isDone || isStream ? 'body_not_replayed' : undefined
}

/** RFC 6750 §3.1. */
const isOfScope = ({ response }: Sent): boolean =>
  /error="?insufficient_scope\b/.test(`${response?.headers['www-authenticate']}`)

/** Frees the connection of a streamed answer that nobody will read. */
function discard({ response }: Sent): void {
  const { destroy, cancel = destroy } = Object(response?.data)
  if (typeof cancel === 'function') Promise.resolve(cancel.call(response?.data)).catch(() => {})
}

/** As axios would have: resolved or thrown, with the caller's own config, in which there is no credential. */
function handOn({ response, error }: Sent, config: Config, reason?: UnauthorizedReason): AxiosResponse {
  if (response) response.config = config
  if (response && reason) reasons.set(response, reason)
  if (response && !error) return response
  if (error instanceof Error && 'config' in error) error.config = config
  throw error
}

/** Where the request goes, as the adapters of axios compute it. `undefined`: nowhere, which they say better. */
function urlOf(axios: AxiosStatic, config: Config): URL | undefined {
  try {
    // The defaults of `axios` itself are in `config` already, or were not meant for it. A page's URLs are relative to it.
    return new URL(new axios.Axios({}).getUri(config), Object(globalThis).location?.href)
  } catch {
    return undefined
  }
}

/** Also `Authorization: false`, by which axios leaves the header out. */
const hasOwnCredential = ({ username, password }: URL, { headers, auth }: Config): boolean =>
  headers.has('authorization') || auth != null || username !== '' || password !== ''

/** Axios also takes signals of older polyfills: it heeds those itself, before and after the token is waited for. */
const signalOf = ({ signal }: Config): AbortSignal | undefined =>
  signal && 'throwIfAborted' in signal ? (signal as AbortSignal) : undefined
