import type {
  AxiosAdapter,
  AxiosRequestConfig,
  AxiosResponse,
  AxiosStatic,
  InternalAxiosRequestConfig,
} from 'axios'
import { discard, isOneShot, type Outcome, type Sent, sendWith } from './axios-redirects.ts'
import type { UnauthorizedReason } from './reason.ts'
import type { TokenClient } from './token-client.ts'

export type { UnauthorizedReason } from './reason.ts'

/** Another adapter of axios than its default, as in `{ adapter: 'fetch' }`. */
export interface AxiosAdapterOptions {
  adapter?: AxiosRequestConfig['adapter']
}

/**
 * An adapter for axios 1.7 or newer that does what `client.fetch` does:
 * `axios.create({ baseURL, adapter: axiosAdapter(client, axios) })`.
 *
 * Adds the credential to requests for the client's `origins`, and to no other, also not across a redirect (in browsers, as
 * far as their own rules go: a token in `Authorization` stays behind, one in another header goes where CORS lets it). A 401
 * gets one new token and one more try, unless the answer says that the token is not the matter (`insufficient_scope`) or the
 * data is a stream; {@link axiosReasonOf} says which. Interceptors and transformations run once.
 *
 * A request with an `Authorization` header, `auth` or a user in its URL keeps that. The credential is not in the `config` of
 * responses and errors.
 *
 * @throws TokenError, from the request, when there is no token to be had; otherwise whatever axios throws.
 */
export function axiosAdapter(
  client: Pick<TokenClient, 'credentialFor'>,
  axios: AxiosStatic,
  { adapter = axios.defaults.adapter }: AxiosAdapterOptions = {},
): AxiosAdapter {
  return async (config) => {
    const parts = { axios, adapter: axios.getAdapter(adapter, config) }
    const url = urlOf(axios, config)
    if (!url) return parts.adapter(config)
    if (hasOwnCredential(url, config)) return parts.adapter(config)
    const signal = signalOf(config)
    const credential = await client.credentialFor(url, { signal })
    if (!credential) return parts.adapter(config)
    if (Object.keys(credential.headers).some((name) => config.headers.has(name))) return parts.adapter(config)
    const first = await sendWith(credential, url, config, parts)
    if (!isRefused(first)) return handOn(first, config)
    const renew = () => client.credentialFor(first.url, { rejected: credential.token, signal })
    const hindrance = whyNotAgain(first)
    // Even a failed renewal is the next request's matter: this one has its answer.
    if (hindrance === 'body_not_replayed') await renew().catch(() => signal?.throwIfAborted())
    if (hindrance) return handOn(first, config, hindrance)
    discard(first)
    const renewed = await renew()
    if (!renewed) return parts.adapter(first.config)
    const second = await sendWith(renewed, first.url, first.config, parts)
    if (!isRefused(second)) return handOn(second, config)
    return handOn(second, config, isOfScope(second) ? 'insufficient_scope' : 'new_token_refused')
  }
}

const isRefused = ({ response, isAuthorized }: Sent): boolean => isAuthorized && response?.status === 401

const reasons = new WeakMap<object, UnauthorizedReason>()

/** Why the adapter handed on this 401, from its response or from the error of axios. `undefined`: it is not one of those. */
export function axiosReasonOf(errorOrResponse: unknown): UnauthorizedReason | undefined {
  if (typeof errorOrResponse !== 'object' || errorOrResponse === null) return undefined
  const response = 'response' in errorOrResponse ? errorOrResponse.response : errorOrResponse
  return typeof response === 'object' && response !== null ? reasons.get(response) : undefined
}

/** As axios would have: resolved or thrown, with the caller's own config, in which there is no credential. */
function handOn(
  outcome: Outcome,
  config: InternalAxiosRequestConfig,
  reason?: UnauthorizedReason,
): AxiosResponse {
  const { response, error } = outcome
  if (response) {
    response.config = config
    if (reason) reasons.set(response, reason)
  }
  if (response && error === undefined) return response
  if (error instanceof Error && 'config' in error) error.config = config
  throw error
}

function whyNotAgain(first: Sent): UnauthorizedReason | undefined {
  if (isOfScope(first)) return 'insufficient_scope'
  return isOneShot(first.config.data) ? 'body_not_replayed' : undefined
}

/** RFC 6750 §3.1. */
const isOfScope = ({ response }: Outcome): boolean =>
  /\berror\s*=\s*"?insufficient_scope/i.test(`${response?.headers['www-authenticate']}`)

/** Where the request goes, as the adapters of axios compute it. `undefined`: nowhere, which they say better. */
function urlOf(axios: AxiosStatic, config: InternalAxiosRequestConfig): URL | undefined {
  try {
    const { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } = config
    const where = { url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as AxiosRequestConfig
    // The defaults of `axios` itself are in `config` already, or were not meant for it.
    const uri = new axios.Axios({}).getUri(where)
    return new URL(uri, pageUrl())
  } catch {
    return undefined
  }
}

/** What relative URLs are relative to, in a browser. */
function pageUrl(): string | undefined {
  const { location } = globalThis as { location?: { href: string } }
  return location?.href
}

/** Also `Authorization: false`, by which axios leaves the header out. */
function hasOwnCredential(
  { username, password }: URL,
  { headers, auth }: InternalAxiosRequestConfig,
): boolean {
  return headers.has('authorization') || auth != null || username !== '' || password !== ''
}

/** Axios also takes signals of older polyfills: it heeds those itself, before and after the token is waited for. */
function signalOf({ signal }: InternalAxiosRequestConfig): AbortSignal | undefined {
  return signal && 'throwIfAborted' in signal ? (signal as AbortSignal) : undefined
}
