import type { Config } from '../../config/config.ts'
import type { StandardAnswer, Wire } from '../../dialects/compile.ts'
import type { AnswerField, Dialect, DialectRoute, RouteKind } from '../../dialects/dialect.ts'
import { authenticatedCall, type Call, type CallTarget, held, plainCall, type Value } from './call.ts'

/** What a way to a token is made from. */
export interface WaySource {
  config: Config
  dialect: Dialect
  wires: readonly Wire[]
}

export type WayGrant = NonNullable<Dialect['grants']>[number]

/** One way to come by a token, as this server's dialect writes it. */
export interface TokenWay {
  grant: WayGrant
  wire: Wire
  call: Call
  /** The app that the dialect takes for granted: it needs no id of the reader's. */
  firstPartyId: string | undefined
  /** How the dialect's answer is made; `undefined`: the standard's way. */
  answerShape: Record<string, AnswerField> | undefined
  sampleAnswer: Record<string, unknown>
  /** The path of the member that holds the access token. */
  tokenPath: string[]
  /** Likewise of the refresh token; `undefined`: the answer has none. */
  refreshPath: string[] | undefined
  lifetime: Lifetime | undefined
}

/** The member that says how long a token lives from now on. A moment (a date) is no lifetime. */
export interface Lifetime {
  path: string[]
  unit: 'seconds' | 'minutes' | 'milliseconds'
}

/** What a date in a sample answer counts from: 1 January 2030. */
const sampleNow = 1_893_456_000

/** The ways that the API's page tells of: those that its dialect names, else all that the configuration has. */
export function tokenWays(source: WaySource): [TokenWay, ...TokenWay[]] {
  const { config, dialect } = source
  const all: WayGrant[] = ['client_credentials', 'authorization_code', 'password']
  const [first = 'client_credentials', ...others] = (dialect.grants ?? all).filter(
    (grant) => grant !== 'password' || config.passwordGrant,
  )
  return [wayOf(source, first), ...others.map((grant) => wayOf(source, grant))]
}

/** How a token is had by this grant, whether the page tells of it or not. */
export function wayOf(source: WaySource, grant: WayGrant): TokenWay {
  const { config } = source
  const { wire, route } = tokenRoute(source, grant)
  const firstPartyId = route?.request?.defaults?.client_id
  const target = callTarget(config, wire, route)
  const shape = route?.answer
  const refreshPath = shape ? pathOf(shape, 'refresh_token') : ['refresh_token']
  return {
    grant,
    wire,
    call:
      firstPartyId === undefined
        ? authenticatedCall(target, parametersOf(grant, config))
        : plainCall(target, parametersOf(grant, config)),
    firstPartyId,
    answerShape: shape,
    sampleAnswer: sampleAnswer(config, wire, grant),
    tokenPath: (shape && pathOf(shape, 'access_token')) ?? ['access_token'],
    refreshPath: grant === 'client_credentials' ? undefined : refreshPath,
    lifetime: lifetimeOf(shape),
  }
}

/** A password goes where the dialect names an app of its own; everything else where it does not. */
function tokenRoute(source: WaySource, grant: WayGrant): Endpoint {
  const endpoints = endpointsOf(source, 'token')
  const isFirstParty = ({ route }: Endpoint) => route?.request?.defaults?.client_id !== undefined
  const [first] = endpoints
  const chosen = endpoints.find((one) => isFirstParty(one) === (grant === 'password')) ?? first
  if (chosen) return chosen
  throw new Error('Every server has a token endpoint.')
}

interface Endpoint {
  wire: Wire
  /** What the dialect says of it; `undefined`: it is as the standard has it. */
  route: DialectRoute | undefined
}

/** The endpoints of a kind. */
export const endpointsOf = ({ wires, dialect }: WaySource, kind: RouteKind): Endpoint[] =>
  wires
    .filter((wire) => wire.kind === kind)
    .map((wire) => ({
      wire,
      route: dialect.routes.find(
        (route) => route.kind === kind && route.method === wire.method && route.paths[0] === wire.paths[0],
      ),
    }))

export const callTarget = (config: Config, wire: Wire, route: DialectRoute | undefined): CallTarget => ({
  ...wire,
  url: `${config.issuer}${wire.paths[0]}`,
  shape: route?.request,
})

function parametersOf(grant: WayGrant, config: Config): Record<string, Value> {
  const grantType = { grant_type: { text: grant } }
  if (grant === 'client_credentials') return grantType
  if (grant === 'password') {
    return { ...grantType, username: held('username'), password: held('password') }
  }
  return {
    ...grantType,
    code: held('code'),
    redirect_uri: held('redirectUri'),
    ...(config.pkce === 'required' ? { code_verifier: held('verifier') } : {}),
  }
}

function sampleAnswer(config: Config, wire: Wire, grant: WayGrant): Record<string, unknown> {
  const scope = Object.keys(config.scopes).join(' ')
  const answer: StandardAnswer = {
    access_token: config.accessTokenFormat === 'jwt' ? 'eyJhbGciOi…' : 'k3v9x2m7…',
    token_type: 'Bearer',
    expires_in: config.accessTokenLifetimeSeconds,
    ...(scope === '' ? {} : { scope }),
    ...(grant === 'client_credentials' ? {} : { refresh_token: 'm2k7p4q.d3t6…' }),
  }
  if (!wire.toAnswer) return answer
  const person =
    grant === 'client_credentials'
      ? {}
      : { refresh_expires_in: config.refreshTokenLifetimeSeconds, user_id: 'THE_PERSONS_ID' }
  return wire.toAnswer({ ...answer, ...person, client_id: 'YOUR_CLIENT_ID' }, sampleNow)
}

function lifetimeOf(shape: TokenWay['answerShape']): Lifetime | undefined {
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

const pathOf = (shape: Record<string, AnswerField>, member: string): string[] | undefined =>
  Object.entries(shape)
    .find(([, field]) => field === member)?.[0]
    .split('.')
