/** A request as a guard sees it: a web `Request` and Node's `IncomingMessage` both fit as they are. */
export interface GuardRequest {
  readonly method?: string | undefined
  /** Absolute, or path and query. */
  readonly url?: string | undefined
  /** `Headers`, or a record with names in lower case. */
  readonly headers: HeaderReader | Readonly<Record<string, string | readonly string[] | undefined>>
  /** Node's flat list of names and values. It shows a header that was sent twice, which `headers` hides. */
  readonly rawHeaders?: readonly string[] | undefined
}

interface HeaderReader {
  get(name: string): string | null | undefined
}

/** More than one credential where one may be. */
export const several = Symbol('several')

/** A place where a request may carry its credential. */
export interface Credential {
  /** The place, in words for the caller: `the Authorization header`. */
  readonly place: string
  /** How to send it: `Authorization: Bearer <token>`. */
  readonly usage: string
  /** The scheme of the challenge, when the place has one. */
  readonly scheme?: string
  /** RFC 9728 `bearer_methods_supported`, when the place is one of RFC 6750's. */
  readonly bearerMethod?: 'header' | 'query'
  /** Finds the credential. An empty one is none. */
  readonly read: (request: GuardRequest) => string | undefined | typeof several
}

const tokenPattern = /^[!#$%&'*+.^_`|~\w-]+$/
/** One word, and no parameter of another scheme's (`nonce="…"`). */
const bareToken = /^[^\s=]+$/
const authorization = 'authorization'
const authorizationPlace = 'the Authorization header'

/** `Authorization: Bearer <token>` (RFC 6750 §2.1). */
export function bearer(): Credential {
  return { ...scheme('Bearer'), bearerMethod: 'header' }
}

/** `Authorization: <name> <token>`, the name in any case; with `parameter`, `Authorization: <name> <parameter>=<token>`. */
export function scheme(name: string, options: { parameter?: string } = {}): Credential {
  const prefix = `${requireToken(name, 'scheme')} `.toLowerCase()
  const { parameter } = options
  if (parameter !== undefined) requireToken(parameter, 'scheme')
  const form = parameter === undefined ? '<token>' : `${parameter}=<token>`
  return {
    place: authorizationPlace,
    usage: `Authorization: ${name} ${form}`,
    scheme: name,
    read: (request) => {
      const value = readAuthorization(request, (part) => startsWithIgnoringCase(part, prefix))
      if (typeof value !== 'string') return value
      const rest = value.slice(prefix.length).trim()
      return (parameter === undefined ? rest : readParameter(rest, parameter)) || undefined
    },
  }
}

/** `Authorization: <token>`, without a scheme. A value of two words has a scheme (`Basic …`) and is left alone. */
export function bare(): Credential {
  return {
    place: authorizationPlace,
    usage: 'Authorization: <token>',
    read: (request) => readAuthorization(request, (part) => bareToken.test(part)),
  }
}

/** `Authorization: Basic …` with the token as its user name or its password (RFC 7617). */
export function basic(part: 'username' | 'password'): Credential {
  const inner = scheme('Basic')
  return {
    place: authorizationPlace,
    usage: `Authorization: Basic, with the token as the ${part}`,
    read: (request) => {
      const value = inner.read(request)
      return typeof value === 'string' ? readBasic(value, part) || undefined : value
    },
  }
}

/** A header of its own, as in `header('x-api-key')`. The whole value is the credential. */
export function header(name: string): Credential {
  const lowerCaseName = requireToken(name, 'header').toLowerCase()
  return {
    place: `the ${name} header`,
    usage: `${name}: <token>`,
    read: (request) => {
      const value = readHeader(request, lowerCaseName)
      if (typeof value !== 'string') return value
      return value.includes(',') ? several : value.trim() || undefined
    },
  }
}

/** A parameter of the URL, as in `query('api_key')`. URLs are logged and shared: only for clients that can do no other. */
export function query(name: string): Credential {
  if (name === '') throw new TypeError('query(): give the name of the parameter.')
  const method = name === 'access_token' ? ({ bearerMethod: 'query' } as const) : {}
  return {
    ...method,
    place: `the ${name} parameter of the URL`,
    usage: `?${name}=<token>`,
    read: (request) => {
      const [value, ...others] = readQuery(request, name)
      return others.length > 0 ? several : value || undefined
    },
  }
}

/** Whether the URL has a parameter of this name, whatever its value. */
export const hasQuery = (request: GuardRequest, name: string): boolean => readQuery(request, name).length > 0

/** A CORS preflight (Fetch §4.8): the browser's own question, which never carries a credential. */
export const isPreflight = (request: GuardRequest): boolean =>
  request.method === 'OPTIONS' &&
  readHeader(request, 'origin') !== undefined &&
  readHeader(request, 'access-control-request-method') !== undefined

/** Two headers may reach us joined by a comma, which no token holds. */
function readAuthorization(request: GuardRequest, isMine: (part: string) => boolean) {
  const value = readHeader(request, authorization)
  if (typeof value !== 'string') return value
  const parts = value.split(',')
  if (parts.length === 1) return isMine(value) ? value : undefined
  return parts.some((part) => isMine(part.trim())) ? several : undefined
}

function readHeader(
  { headers, rawHeaders }: GuardRequest,
  name: string,
): string | undefined | typeof several {
  const value = isHeaderReader(headers) ? (headers.get(name) ?? undefined) : headers[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') return value.length > 1 ? several : value[0]
  return rawHeaders && occursTwice(rawHeaders, name) ? several : value
}

const isHeaderReader = (headers: GuardRequest['headers']): headers is HeaderReader =>
  typeof headers.get === 'function'

/** Node keeps the first of two Authorization headers and drops the other in silence. */
function occursTwice(rawHeaders: readonly string[], name: string): boolean {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index]
    if (candidate?.length === name.length && candidate.toLowerCase() === name) count += 1
  }
  return count > 1
}

function readQuery({ url = '' }: GuardRequest, name: string): string[] {
  const start = url.indexOf('?')
  if (start === -1) return []
  const search = url.slice(start + 1)
  const mayHoldIt = search.includes(name) || search.includes('%') || search.includes('+')
  return mayHoldIt ? new URLSearchParams(search.replace(/#.*$/, '')).getAll(name) : []
}

function readParameter(text: string, name: string): string | undefined {
  const equals = text.indexOf('=')
  if (text.slice(0, equals).trim().toLowerCase() !== name.toLowerCase()) return undefined
  const value = text.slice(equals + 1).trim()
  return /^".*"$/.test(value) ? value.slice(1, -1) : value
}

function readBasic(encoded: string, part: 'username' | 'password'): string {
  const pair = Buffer.from(encoded, 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon === -1) return part === 'username' ? pair : ''
  return part === 'username' ? pair.slice(0, colon) : pair.slice(colon + 1)
}

const startsWithIgnoringCase = (text: string, lowerCasePrefix: string): boolean =>
  text.slice(0, lowerCasePrefix.length).toLowerCase() === lowerCasePrefix

function requireToken(name: string, what: string): string {
  if (tokenPattern.test(name)) return name
  throw new TypeError(`${what}(): ${JSON.stringify(name)} cannot stand in a header.`)
}
