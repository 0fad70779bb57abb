import { type Dialect, type Presentation, standard, type WireAnswer } from './wire.ts'

/** A unit in which a server writes a lifetime: a number, or a moment. A moment that has passed counts as not said. */
export type LifetimeUnit = 'seconds' | 'minutes' | 'milliseconds' | 'iso_date' | 'epoch_seconds'

/** How an API takes its token: `{ scheme: 'Bearer' }` unless it says otherwise. The same words as in a server's dialect. */
export type CredentialPresentation =
  | { readonly scheme: string; readonly parameter?: string }
  | { readonly bare: true }
  | { readonly header: string }
  | { readonly query: string }

/** Where a server departs from the standard, as data. Whatever is left out is standard. */
export interface ServerDialect {
  /** Where refresh tokens are exchanged, when not at the token endpoint. */
  readonly refreshEndpoint?: string | undefined
  /** How parameters are sent. `query`: by GET, in the URL. Default: `form`. */
  readonly body?: 'form' | 'json' | 'query' | undefined
  /** What the server calls a standard parameter: `{ client_id: 'appid' }`; null leaves it out. */
  readonly parameters?: Readonly<Record<string, string | null>> | undefined
  /** What stands between scopes. Default: a space. */
  readonly scopeSeparator?: string | undefined
  /** Where in an answer a member is, by dotted name: `{ access_token: 'data.token' }`. */
  readonly answer?:
    | Readonly<Partial<Record<'access_token' | 'refresh_token' | 'expires_in' | 'scope', string>>>
    | undefined
  /** The unit of `expires_in`. Default: `seconds`. */
  readonly lifetimeUnit?: LifetimeUnit | undefined
  /** Where in an error answer the server's words are, by dotted name. */
  readonly error?: Readonly<Partial<Record<'error' | 'error_description', string>>> | undefined
  /** The status that refuses a refresh token or a code, of a server that says no `error` in words. */
  readonly invalidGrantStatus?: number | undefined
  /** How the API takes the token. */
  readonly credential?: CredentialPresentation | undefined
}

/**
 * Makes a dialect of data.
 *
 * @throws TypeError on a member or a value that there is not.
 */
export function dialect(data: ServerDialect): Dialect {
  const { refreshEndpoint, body, parameters, scopeSeparator, answer, lifetimeUnit, error, ...others } = data
  const { invalidGrantStatus, credential, ...unknown } = others
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) throw new TypeError(`dialect: there is no member ${stranger}.`)
  for (const name of [...Object.keys(answer ?? {}), ...Object.keys(error ?? {})])
    if (!places.includes(name))
      throw new TypeError(`dialect: there is no ${name} in an answer. Known: ${places.join(', ')}.`)
  const toSeconds = units[lifetimeUnit ?? 'seconds']
  if (!toSeconds) throw new TypeError(`dialect: lifetimeUnit is one of ${Object.keys(units).join(', ')}.`)
  const write = writers[body ?? 'form']
  if (!write) throw new TypeError(`dialect: body is one of ${Object.keys(writers).join(', ')}.`)
  return {
    refreshEndpoint,
    write: (url, headers, sent) => write(url, headers, toWire(sent, parameters, scopeSeparator)),
    read(found, nowMs) {
      const moved = Object.fromEntries(
        Object.entries({ ...answer, ...error }).map(([name, path]) => [name, memberAt(found, path)]),
      )
      const said: WireAnswer = { ...standard.read(found, nowMs), ...moved }
      const expires = said.expires_in == null || said.expires_in === '' ? undefined : said.expires_in
      return {
        ...said,
        expires_in: expires === undefined ? undefined : toSeconds(expires, nowMs),
        error: typeof said.error === 'number' && said.error ? String(said.error) : said.error,
        scope: Array.isArray(said.scope) ? said.scope.join(' ') : said.scope,
      }
    },
    isInvalidGrant: (status) => status === invalidGrantStatus,
    present: credential ? presenter(credential) : standard.present,
  }
}

/** What may stand elsewhere in an answer. */
const places = ['access_token', 'refresh_token', 'expires_in', 'scope', 'error', 'error_description']

const units: Record<LifetimeUnit, (value: unknown, nowMs: number) => number | undefined> = {
  seconds: Number,
  minutes: (value) => Number(value) * 60,
  milliseconds: (value) => Number(value) / 1000,
  iso_date: (value, nowMs) => secondsUntil(Date.parse(String(value)), nowMs),
  epoch_seconds: (value, nowMs) => secondsUntil(Number(value) * 1000, nowMs),
}

/** A moment that has passed says that this machine's clock is ahead, and nothing of how long the token lives. */
const secondsUntil = (momentMs: number, nowMs: number): number | undefined =>
  momentMs > nowMs ? (momentMs - nowMs) / 1000 : undefined

const writers: Record<NonNullable<ServerDialect['body']>, Dialect['write']> = {
  form: standard.write,
  json(url, headers, parameters) {
    headers.set('content-type', 'application/json')
    return [url, { method: 'POST', headers, body: JSON.stringify(toMembers(parameters)) }]
  },
  query(url, headers, parameters) {
    const target = new URL(url)
    for (const [name, value] of parameters) target.searchParams.append(name, value)
    return [target.href, { headers }]
  },
}

/** Under the names, and with the separator, of the server. */
function toWire(
  parameters: URLSearchParams,
  names: ServerDialect['parameters'] = {},
  scopeSeparator = ' ',
): URLSearchParams {
  const wire = new URLSearchParams()
  for (const [name, value] of parameters) {
    const written = Object.hasOwn(names, name) ? names[name] : name
    if (written != null)
      wire.append(written, name === 'scope' ? value.replaceAll(' ', scopeSeparator) : value)
  }
  return wire
}

/** What stands once is a text; what stands several times is a list. */
function toMembers(parameters: URLSearchParams): Record<string, string | readonly string[] | undefined> {
  const names = [...new Set(parameters.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name)
      return [name, values.length > 1 ? values : values[0]]
    }),
  )
}

/** A member by its dotted name. */
function memberAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((found, name) => Object(found)[name], value)
}

function presenter(way: CredentialPresentation): Dialect['present'] {
  const inHeader =
    (name: string, write: (token: string) => string) =>
    (token: string, { href }: URL): Presentation => ({ url: href, headers: { [name]: write(token) } })
  if ('bare' in way) return inHeader('authorization', (token) => token)
  if ('header' in way) return inHeader(way.header.toLowerCase(), (token) => token)
  if ('scheme' in way) {
    const prefix = `${way.scheme} ${way.parameter === undefined ? '' : `${way.parameter}=`}`
    return inHeader('authorization', (token) => prefix + token)
  }
  if (!('query' in way))
    throw new TypeError('dialect: credential is { scheme }, { bare: true }, { header } or { query }.')
  return (token, url) => {
    const target = new URL(url)
    target.searchParams.set(way.query, token)
    return { url: target.href, headers: {} }
  }
}
