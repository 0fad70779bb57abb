import type { Config } from '../../config/config.ts'
import type { EndpointUrls } from '../../config/endpoint-urls.ts'
import type { StandardAnswer, StandardError, Wire } from '../../dialects/compile.ts'
import type {
  AnswerField,
  CredentialPresentation,
  Dialect,
  DialectRoute,
  RouteKind,
} from '../../dialects/dialect.ts'
import { presentationsOf } from '../../dialects/presentation.ts'
import { authenticatedCall, type Call, type Value } from './call.ts'

export interface DocsSource {
  config: Config
  dialect: Dialect
  wires: readonly Wire[]
  urls: EndpointUrls
}

/** Everything that the sections and the snippets tell, read from the live configuration. */
export interface DocsFacts extends DocsSource {
  tokenWire: Wire
  /** How the dialect's token answer is made; `undefined`: the standard's way. */
  answerShape: Record<string, AnswerField> | undefined
  sampleAnswer: Record<string, unknown>
  /** The path of the member that holds the access token. */
  tokenPath: string[]
  lifetime: Lifetime | undefined
  /** How the credential is presented to the API, the way that is shown first. */
  presentations: CredentialPresentation[]
  /** What the token request calls the parameter `scope`. */
  scopeParameter: string
  calls: { token: Call; api: Call; revocation: Call; introspection: Call }
}

/** The member that says how long a token lives from now on. A moment (a date) is no lifetime. */
export interface Lifetime {
  path: string[]
  unit: 'seconds' | 'minutes' | 'milliseconds'
}

/** Stands for any path of the API; `latchkey dev` serves it. */
export const samplePath = '/info'

/** What a date in a sample answer counts from: 1 January 2030. */
const sampleNow = 1_893_456_000

export function gatherFacts(source: DocsSource): DocsFacts {
  const { config, dialect, wires } = source
  const tokenWire = wireOf(wires, 'token')
  const answerShape = routeOf(dialect, 'token')?.answer
  const presentations = presentationsOf(config.audience, dialect)
  const target = (kind: RouteKind) => {
    const wire = wireOf(wires, kind)
    return { ...wire, url: `${config.issuer}${wire.paths[0]}`, shape: routeOf(dialect, kind)?.request }
  }
  const scope = authenticatedCall(target('token'), { scope: { text: '' } }).parameters
  const token: Value = { text: '', variable: 'token' }
  return {
    ...source,
    tokenWire,
    answerShape,
    sampleAnswer: sampleAnswer(config, tokenWire),
    tokenPath: pathOf(answerShape, (field) => field === 'access_token') ?? ['access_token'],
    lifetime: lifetimeOf(answerShape),
    presentations,
    scopeParameter: scope[0]?.[0] ?? 'scope',
    calls: {
      token: authenticatedCall(target('token'), { grant_type: { text: 'client_credentials' } }),
      api: apiCall(config.audience, presentations[0] ?? { scheme: 'Bearer' }),
      revocation: authenticatedCall(target('revocation'), { token }),
      introspection: authenticatedCall(target('introspection'), { token }),
    },
  }
}

/** What the server answers to a mistake, in the dialect's own words. */
export function errorAnswer(wire: Wire, error: StandardError): { status: number; body: object } {
  const { status, ...body } = error
  return wire.toError ? wire.toError(error) : { status, body }
}

function wireOf(wires: readonly Wire[], kind: RouteKind): Wire {
  const wire = wires.find((candidate) => candidate.kind === kind)
  if (wire) return wire
  throw new Error(`Every server has a route of the kind ${kind}.`)
}

const routeOf = (dialect: Dialect, kind: RouteKind): DialectRoute | undefined =>
  dialect.routes.find((route) => route.kind === kind)

function apiCall(audience: string, presentation: CredentialPresentation): Call {
  const base = /^https?:/.test(audience) ? audience.replace(/\/$/, '') : 'https://api.example.com'
  const call: Call = {
    method: 'GET',
    url: `${base}${samplePath}`,
    basic: undefined,
    encoding: 'query',
    headers: [],
    parameters: [],
  }
  const token: Value = { text: '', variable: 'token' }
  if ('query' in presentation) return { ...call, parameters: [[presentation.query, token]] }
  if ('basic' in presentation) {
    const none: Value = { text: '' }
    return { ...call, basic: presentation.basic === 'username' ? [token, none] : [none, token] }
  }
  const name = 'header' in presentation ? presentation.header : 'Authorization'
  const text = 'scheme' in presentation ? schemeText(presentation) : ''
  return { ...call, headers: [[name, { text, variable: 'token' }]] }
}

/** What stands before the token: `Bearer `, or `Token token=`. */
export const schemeText = ({
  scheme,
  parameter,
}: {
  scheme: string
  parameter?: string | undefined
}): string => (parameter === undefined ? `${scheme} ` : `${scheme} ${parameter}=`)

function sampleAnswer(config: Config, wire: Wire): Record<string, unknown> {
  const scope = Object.keys(config.scopes).join(' ')
  const answer: StandardAnswer = {
    access_token: config.accessTokenFormat === 'jwt' ? 'eyJhbGciOi…' : 'k3v9x2m7…',
    token_type: 'Bearer',
    expires_in: config.accessTokenLifetimeSeconds,
    ...(scope === '' ? {} : { scope }),
  }
  return wire.toAnswer ? wire.toAnswer({ ...answer, client_id: 'YOUR_CLIENT_ID' }, sampleNow) : answer
}

function lifetimeOf(shape: DocsFacts['answerShape']): Lifetime | undefined {
  if (!shape) return { path: ['expires_in'], unit: 'seconds' }
  for (const [name, field] of Object.entries(shape)) {
    const path = name.split('.')
    if (field === 'expires_in') return { path, unit: 'seconds' }
    if (typeof field === 'string' || !('lifetime' in field) || field.lifetime !== 'expires_in') continue
    const { unit } = field
    if (unit === 'seconds' || unit === 'minutes' || unit === 'milliseconds') return { path, unit }
  }
  return undefined
}

function pathOf(
  shape: DocsFacts['answerShape'],
  isIt: (field: AnswerField) => boolean,
): string[] | undefined {
  return Object.entries(shape ?? {})
    .find(([, field]) => isIt(field))?.[0]
    .split('.')
}
