import { OAuthError } from '../base/oauth-error.ts'
import type { AnswerField, Dialect, DialectRoute, ErrorShape, RequestShape, RouteKind } from './dialect.ts'
import { placeholder } from './vocabulary.ts'

/** Parameters by name, each once and none empty (RFC 6749 §3.2). */
export type Parameters = Map<string, string>

/** What of a request is not a parameter, yet may hold one. */
export interface RequestHead {
  header(name: string): string | undefined
}

/** The standard answer's members, of which a dialect picks. */
export type StandardAnswer = Readonly<Record<string, string | number | boolean | undefined>>

export interface StandardError {
  error: string
  error_description: string
  error_uri: string
  status: number
}

/**
 * A route, ready to serve: functions from the wire to the standard and back. One that is `undefined` changes nothing,
 * which is how the standard dialect costs nothing.
 */
export interface Wire {
  kind: RouteKind
  method: 'GET' | 'POST'
  /** The first is the one that is advertised. */
  paths: readonly [string, ...string[]]
  from: ReadonlySet<'form' | 'json' | 'query'>
  isBasicAccepted: boolean
  toStandard: ((parameters: Parameters, head: RequestHead) => Parameters) | undefined
  toAnswer: ((answer: StandardAnswer, now: number) => Record<string, unknown>) | undefined
  toError: ((error: StandardError) => { status: number; body: Record<string, unknown> }) | undefined
  /** What an error redirect carries beside the standard's own parameters. */
  toRedirectError: ((error: StandardError) => Record<string, string>) | undefined
}

/** Where each kind is that exists without a word from the dialect. */
const standardRoutes: readonly DialectRoute[] = [
  { kind: 'authorization', method: 'GET', paths: ['/authorize'] },
  { kind: 'token', method: 'POST', paths: ['/token'] },
  { kind: 'revocation', method: 'POST', paths: ['/revoke'] },
  { kind: 'introspection', method: 'POST', paths: ['/introspect'] },
]

/** Every route that a dialect serves: its own, and the standard one for each kind that it does not speak of. */
export function compileRoutes(dialect: Dialect): Wire[] {
  const spoken = new Set(dialect.routes.map(({ kind }) => kind))
  const others = standardRoutes.filter(({ kind }) => !spoken.has(kind))
  return [...dialect.routes, ...others].map(compileRoute)
}

/** Lifetimes in seconds, by the member of the standard answer that says them. */
export interface AnswerLifetimes {
  expires_in: number
  refresh_expires_in: number
}

/**
 * Whether every lifetime that a dialect writes comes out as a whole number of its unit.
 *
 * @returns the first that does not, with the unit that cannot say it; or `undefined`.
 */
export function inexpressibleLifetime(
  dialect: Dialect,
  lifetimes: AnswerLifetimes,
): { lifetime: keyof AnswerLifetimes; unit: string } | undefined {
  const fields = dialect.routes.flatMap(({ answer }) => Object.values(answer ?? {}))
  for (const field of fields) {
    if (typeof field === 'string' || !('unit' in field)) continue
    const { lifetime, unit } = field
    if (unit === 'minutes' && lifetimes[lifetime] % 60 !== 0) return { lifetime, unit }
  }
  return undefined
}

function compileRoute(route: DialectRoute): Wire {
  const [first, ...more] = route.paths
  return {
    kind: route.kind,
    method: route.method,
    paths: [first ?? '/', ...more],
    from: new Set(route.request?.from ?? [route.method === 'GET' ? 'query' : 'form']),
    isBasicAccepted: route.request?.isBasicAccepted ?? true,
    toStandard: compileRequest(requestOf(route)),
    toAnswer: route.answer && compileAnswer(route.answer),
    toError: route.error && compileError(route.error),
    toRedirectError: route.redirectErrors && compileRedirectErrors(route.redirectErrors),
  }
}

/** At a refresh endpoint it goes without saying what is to be exchanged. */
function requestOf({ kind, request = {} }: DialectRoute): RequestShape {
  if (kind !== 'refresh') return request
  return { ...request, defaults: { grant_type: 'refresh_token', ...request.defaults } }
}

function compileRequest(shape: RequestShape): Wire['toStandard'] {
  const { rename = {}, headers = {}, values = {}, defaults = {}, scopeSeparator = ' ' } = shape
  const isPlain = [rename, headers, values, defaults].every((part) => Object.keys(part).length === 0)
  if (isPlain && scopeSeparator === ' ') return undefined
  const nameOf = new Map(Object.entries(rename))

  return (parameters, head) => {
    const standard: Parameters = new Map()
    const set = (name: string, sent: string) => {
      const value = own(own(values, name), sent) ?? sent
      const earlier = standard.get(name)
      if (earlier !== undefined && earlier !== value) {
        throw new OAuthError('invalid_request', `The parameter ${name} is given twice, differently.`)
      }
      standard.set(name, value)
    }
    for (const [name, value] of parameters) set(nameOf.get(name) ?? name, value)
    for (const [header, name] of Object.entries(headers)) {
      const value = head.header(header)
      if (value !== undefined && value !== '') set(name, value)
    }
    for (const [name, value] of Object.entries(defaults)) {
      const isSaid = standard.has(name) || (name === 'client_id' && isNamedByBasic(head))
      if (!isSaid) standard.set(name, value)
    }
    const scope = standard.get('scope')
    if (scope !== undefined && scopeSeparator !== ' ') {
      standard.set('scope', scope.split(scopeSeparator).join(' '))
    }
    return standard
  }
}

/** Who a request is from goes without saying where it says nothing of a client (RFC 6749 §2.3.1). */
const isNamedByBasic = (head: RequestHead): boolean => /^Basic /i.test(head.header('authorization') ?? '')

function compileAnswer(shape: Record<string, AnswerField>): NonNullable<Wire['toAnswer']> {
  const fields = Object.entries(shape).map(([name, field]) => ({
    path: name.split('.'),
    read: compileField(field),
  }))
  return (answer, now) => {
    const body: Record<string, unknown> = {}
    for (const { path, read } of fields) {
      const value = read(answer, now)
      if (value !== undefined) place(body, path, value)
    }
    return body
  }
}

type ReadField = (answer: StandardAnswer, now: number) => unknown

function compileField(field: AnswerField): ReadField {
  if (typeof field === 'string') return (answer) => answer[field]
  if ('constant' in field) return () => field.constant
  if ('lifetime' in field) return (answer, now) => lifetimeIn(field.unit, answer[field.lifetime], now)
  if ('list' in field) return (answer) => textOf(answer[field.list])?.split(' ')
  if ('joined' in field) return (answer) => textOf(answer[field.joined])?.split(' ').join(field.separator)
  if ('lowerCase' in field) return (answer) => textOf(answer[field.lowerCase])?.toLowerCase()
  return (answer) => fill(field.template, answer)
}

/** Rounds down where it must: a client may renew too early, never too late. */
function lifetimeIn(unit: string, seconds: unknown, now: number): unknown {
  if (typeof seconds !== 'number') return undefined
  if (unit === 'minutes') return Math.floor(seconds / 60)
  if (unit === 'milliseconds') return seconds * 1000
  if (unit === 'epoch_seconds') return now + seconds
  if (unit === 'iso_date') return new Date((now + seconds) * 1000).toISOString()
  return seconds
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function compileError(shape: ErrorShape): NonNullable<Wire['toError']> {
  const members = Object.entries(shape.body).map(([name, value]) => ({ path: name.split('.'), value }))
  return (standard) => {
    const status = own(shape.statuses, standard.error) ?? standard.status
    const code = own(shape.codes, standard.error) ?? standard.error
    const error_description = own(shape.messages, standard.error) ?? standard.error_description
    const body: Record<string, unknown> = {}
    for (const { path, value } of members) {
      place(body, path, fillDeep(value, { ...standard, error_description, status, code }))
    }
    return { status, body }
  }
}

const compileRedirectErrors =
  (shape: Readonly<Record<string, string>>): NonNullable<Wire['toRedirectError']> =>
  (standard) =>
    Object.fromEntries(
      Object.entries(shape).map(([name, text]) => [name, fill(text, { ...standard, code: standard.error })]),
    )

/** A text that is one placeholder becomes the value itself, so that `{status}` stays a number. */
function fillDeep(value: unknown, from: StandardAnswer): unknown {
  if (typeof value === 'string') {
    const only = /^\{(\w+)\}$/.exec(value)
    return only?.[1] === undefined ? fill(value, from) : from[only[1]]
  }
  if (Array.isArray(value)) return value.map((element) => fillDeep(element, from))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillDeep(member, from)]))
}

const fill = (template: string, from: StandardAnswer): string =>
  template.replace(placeholder, (_, name: string) => String(from[name] ?? ''))

/** A member of the record's own: no name that a request brings finds what every object inherits. */
const own = <Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined =>
  record && Object.hasOwn(record, name) ? record[name] : undefined

/** Sets a member by its path; the names come from the owner's dialect, never from a request. */
function place(body: Record<string, unknown>, path: string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) {
    body[name] = value
    return
  }
  const inner = own(body, name)
  const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}
  body[name] = next
  place(next, rest, value)
}
