import type {
  AxiosAdapter,
  AxiosRequestConfig,
  AxiosRequestHeaders,
  AxiosResponse,
  AxiosStatic,
  InternalAxiosRequestConfig as Config,
} from 'axios'
import type { Credential } from './token-client.ts'

/** axios, and that one of its adapters which sends. */
export interface Parts {
  readonly axios: AxiosStatic
  readonly adapter: AxiosAdapter
}

/** How a request went, whether `validateStatus` took its answer or not. */
export interface Outcome {
  readonly response: AxiosResponse | undefined
  /** What axios threw; `undefined`: it resolved. */
  readonly error: unknown
}

/** How a request with a credential went. */
export interface Sent extends Outcome {
  /** Whether the credential went to the one who answered: not to another origin, nor back from there. */
  readonly isAuthorized: boolean
  /** What to ask for once more: the request, or what it led to, where it was a POST that became a GET and has been done. */
  readonly url: URL
  readonly config: Config
}

/** Sends a request with a credential, which stays behind where a redirect leads to another origin, and does not come back. */
export function sendWith(credential: Credential, url: URL, config: Config, parts: Parts): Promise<Sent> {
  const mode = fetchMode(config, parts)
  return mode === undefined
    ? sendGuarded(credential, url, config, parts)
    : sendHopByHop(credential, url, config, parts, mode)
}

export async function outcomeOf(work: Promise<AxiosResponse>): Promise<Outcome> {
  try {
    return { response: await work, error: undefined }
  } catch (error) {
    const isOfAxios = error instanceof Error && 'response' in error
    return { response: isOfAxios ? (error.response as AxiosResponse | undefined) : undefined, error }
  }
}

/** Streams of Node, of the web and of the package form-data: they can be read once. */
export function isOneShot(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false
  return 'pipe' in data || 'getReader' in data || Symbol.asyncIterator in data
}

/** Frees the connection of a streamed answer that nobody will read. */
export function discard({ response }: Outcome): void {
  const data: unknown = response?.data
  if (typeof data !== 'object' || data === null) return
  if ('destroy' in data && typeof data.destroy === 'function') data.destroy()
  else if ('cancel' in data && typeof data.cancel === 'function') data.cancel().catch(() => undefined)
}

type BeforeRedirect = NonNullable<AxiosRequestConfig['beforeRedirect']>

/**
 * By axios's http adapter, which follows redirects itself: it takes headers of any name along, and some versions take
 * `Authorization` to every host below the same domain. By its xhr adapter there are the browser's rules, and no hook.
 */
async function sendGuarded(credential: Credential, url: URL, config: Config, parts: Parts): Promise<Sent> {
  const present = presenter(credential, url)
  let isAuthorized = true
  let led: URL | undefined
  const beforeRedirect: BeforeRedirect = (options, ...details) => {
    const next = withoutToken(new URL(options.href), credential)
    isAuthorized &&= next.origin === url.origin
    if (options.method !== config.method?.toUpperCase()) led = next
    aim(options, isAuthorized ? present(next) : next)
    if (!isAuthorized) strip(options.headers, credential)
    config.beforeRedirect?.(options, ...details)
    // Hooks that bring back what the request before had are common.
    if (!isAuthorized) strip(options.headers, credential)
  }
  const loaded = { ...config, headers: withHeaders(config, credential, parts), beforeRedirect }
  const sending = credential.url === url.href ? loaded : aimedAt(credential.url, loaded)
  const outcome = await outcomeOf(parts.adapter(sending))
  const again = led ? asGet(led, config, parts) : config
  const isOurs = isAuthorized && !isOfOther(outcome, url)
  return { ...outcome, isAuthorized: isOurs, url: led ?? url, config: again }
}

/** An XMLHttpRequest, which has followed by itself, tells whose answer it is. */
function isOfOther({ response }: Outcome, { origin }: URL): boolean {
  const answered: unknown = response?.request?.responseURL
  return typeof answered === 'string' && URL.canParse(answered) && new URL(answered).origin !== origin
}

/** One request of a chain of redirects, without the credential. */
interface Hop {
  readonly url: URL
  readonly config: Config
  /** Whether the chain has been at no other origin. */
  readonly isAuthorized: boolean
}

/** By axios's fetch adapter outside of browsers: what the fetch of a runtime takes along differs, so each redirect is ours. */
async function sendHopByHop(
  credential: Credential,
  url: URL,
  config: Config,
  parts: Parts,
  mode: Mode,
): Promise<Sent> {
  const present = presenter(credential, url)
  let hop: Hop = { url, config, isAuthorized: true }
  for (let redirects = 0; ; redirects++) {
    const loaded = hop.isAuthorized ? load(hop, credential, present, parts) : hop.config
    const redirect = mode === 'error' ? 'error' : 'manual'
    const sending = { ...loaded, fetchOptions: { ...config.fetchOptions, redirect } }
    const outcome = await outcomeOf(parts.adapter(sending))
    if (mode !== 'follow' || !isRedirect(outcome)) {
      const isDone = hop.config.method !== config.method
      return { ...outcome, ...(isDone ? hop : { url, config }), isAuthorized: hop.isAuthorized }
    }
    discard(outcome)
    const next = redirects < maxRedirects ? nextHop(hop, outcome, credential, parts) : undefined
    if (!next) return { ...failure(config, parts), isAuthorized: false, url, config }
    hop = next
  }
}

/** Of fetch: what becomes of redirects. */
type Mode = NonNullable<RequestInit['redirect']>

/** The most redirects that are followed, as by fetch itself. */
const maxRedirects = 20

const isRedirect = ({ response }: Outcome): boolean =>
  /^30[12378]$/.test(`${response?.status}`) && typeof response?.headers.location === 'string'

function load(
  { url, config }: Hop,
  credential: Credential,
  present: (url: URL) => URL,
  parts: Parts,
): Config {
  return aimedAt(present(url).href, { ...config, headers: withHeaders(config, credential, parts) })
}

/** "HTTP-redirect fetch" of the Fetch standard. `undefined`: it leads nowhere, or what was sent can be sent only once. */
function nextHop(hop: Hop, { response }: Outcome, credential: Credential, parts: Parts): Hop | undefined {
  const { url, config } = hop
  const location = String(response?.headers.location)
  const next = URL.canParse(location, url.href) ? withoutToken(new URL(location, url), credential) : undefined
  if (!next || !/^https?:$/.test(next.protocol)) return undefined
  const isElsewhere = next.origin !== url.origin
  const becomesGet = isForGet(Number(response?.status), config.method)
  if (!becomesGet && isOneShot(config.data)) return undefined
  const { headers, ...rest } = becomesGet ? asGet(next, config, parts) : aimedAt(next.href, config)
  const kept = withHeaders({ ...rest, headers }, undefined, parts)
  if (isElsewhere) kept.delete(['cookie', 'host', 'proxy-authorization'])
  return { url: next, config: { ...rest, headers: kept }, isAuthorized: hop.isAuthorized && !isElsewhere }
}

const isForGet = (status: number, method = 'get'): boolean =>
  status === 303 ? !/^(get|head)$/i.test(method) : status < 303 && /^post$/i.test(method)

function failure(config: Config, { axios }: Parts): Outcome {
  const message = 'Redirect not followed: it leads to no http URL, too far, or its data can be sent only once'
  return { response: undefined, error: new axios.AxiosError(message, axios.AxiosError.ERR_NETWORK, config) }
}

/** Puts the token into other URLs of the same origin as `credential.url` has it. */
function presenter({ token, url: loaded }: Credential, { searchParams }: URL): (url: URL) => URL {
  const name = [...new URL(loaded).searchParams].find(
    ([name, value]) => value === token && searchParams.get(name) !== token,
  )?.[0]
  return (url) => {
    if (name === undefined) return url
    const target = new URL(url)
    target.searchParams.set(name, token)
    return target
  }
}

/** Servers may repeat in `Location` the query that they were asked with. */
function withoutToken(url: URL, { token }: Credential): URL {
  const target = new URL(url)
  for (const [name, value] of [...url.searchParams]) if (value === token) target.searchParams.delete(name)
  return target
}

/** Sets what follow-redirects makes of a URL. By a proxy the path is the whole of it. */
function aim(options: Record<string, unknown>, { href, pathname, search }: URL): void {
  if (options.href === href) return
  const path = String(options.path).startsWith('/') ? pathname + search : href
  Object.assign(options, { href, pathname, search, path })
}

function strip(headers: Record<string, unknown>, credential: Credential): void {
  const names = Object.keys(credential.headers)
  for (const name of Object.keys(headers))
    if (names.includes(name.toLowerCase()) && String(headers[name]).includes(credential.token))
      delete headers[name]
}

function withHeaders(
  { headers }: Config,
  credential: Credential | undefined,
  { axios }: Parts,
): AxiosRequestHeaders {
  return new axios.AxiosHeaders(headers).set({ ...credential?.headers }) as AxiosRequestHeaders
}

const aimedAt = (url: string, { baseURL: _, params: __, ...config }: Config): Config => ({ ...config, url })

/** What a POST led to. */
function asGet(url: URL, config: Config, { axios }: Parts): Config {
  const headers = new axios.AxiosHeaders(config.headers) as AxiosRequestHeaders
  headers.delete(Object.keys(headers.toJSON()).filter((name) => /^content-/i.test(name)))
  return aimedAt(url.href, { ...config, headers, method: 'get', data: undefined })
}

/** Browsers follow by their own rules, and show a redirect to nobody. */
const isBrowser = 'document' in globalThis || 'importScripts' in globalThis

/** What axios's fetch adapter is to do with redirects. `undefined`: it is another adapter. */
function fetchMode(config: Config, { axios, adapter }: Parts): Mode | undefined {
  if (isBrowser || adapter !== find(axios, config)) return undefined
  if (config.maxRedirects === 0) return 'manual'
  return (config.fetchOptions as RequestInit | undefined)?.redirect ?? 'follow'
}

function find(axios: AxiosStatic, config: Config): AxiosAdapter | undefined {
  try {
    return axios.getAdapter('fetch', config)
  } catch {
    return undefined
  }
}
