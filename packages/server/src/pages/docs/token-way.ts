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

/** A request that is answered with a token. */
export interface TokenRequest {
  call: Call
  /** The path of the member that holds the access token. */
  tokenPath: string[]
  /** Likewise of the refresh token; `undefined`: the answer has none. */
  refreshPath: string[] | undefined
}

/** One way to come by a token, as this server's dialect writes it. */
export interface TokenWay extends TokenRequest {
  grant: WayGrant
  wire: Wire
  /** The app that the dialect takes for granted: it needs no id of the reader's. */
  firstPartyId: string | undefined
  /** How the dialect's answer is made; `undefined`: the standard's way. */
  answerShape: Record<string, AnswerField> | undefined
  sampleAnswer: Record<string, unknown>
  lifetime: Lifetime | undefined
  /** What a refresh token of this way is good for; `undefined`: there is none. */
  connection: ConnectionCalls | undefined
}

/** What the app of a way does with its refresh token. */
export interface ConnectionCalls {
  /** RFC 6749 §6. */
  renewal: TokenRequest
  /** Ends the connection. */
  disconnect: Call
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
  const endpoint = tokenRoute(source, grant)
  const { wire, route } = endpoint
  const request = tokenRequest(config, endpoint, parametersOf(grant, config))
  const refreshPath = grant === 'client_credentials' ? undefined : request.refreshPath
  return {
    ...request,
    refreshPath,
    grant,
    wire,
    firstPartyId: firstPartyIdOf(endpoint),
    answerShape: route?.answer,
    sampleAnswer: sampleAnswer(config, wire, grant),
    lifetime: lifetimeOf(route?.answer),
    connection: refreshPath && connectionCalls(source, endpoint),
  }
}

/** The exchange of a code by an app without a secret: it says who it is, and has a verifier (RFC 7636). */
export function publicExchange(source: WaySource): Call {
  const { wire, route } = tokenRoute(source, 'authorization_code')
  return plainCall(callTarget(source.config, wire, route), {
    ...parametersOf('authorization_code', source.config),
    client_id: held('clientId'),
    code_verifier: held('verifier'),
  })
}

/** An app that the dialect takes for granted has no secret and need not say who it is. */
function tokenRequest(config: Config, endpoint: Endpoint, parameters: Record<string, Value>): TokenRequest {
  const { wire, route } = endpoint
  const target = callTarget(config, wire, route)
  const shape = route?.answer
  return {
    call: isFirstParty(endpoint) ? plainCall(target, parameters) : authenticatedCall(target, parameters),
    tokenPath: (shape && memberPath(shape, 'access_token')) ?? ['access_token'],
    refreshPath: shape ? memberPath(shape, 'refresh_token') : ['refresh_token'],
  }
}

/** A refresh token is good for the app that it was given to, so each way goes on as it began. */
function connectionCalls(source: WaySource, endpoint: Endpoint): ConnectionCalls {
  return { renewal: renewal(source, endpoint), disconnect: disconnectCall(source, endpoint) }
}

/** An endpoint that takes refresh tokens alone need not be told so. */
function renewal(source: WaySource, endpoint: Endpoint): TokenRequest {
  const refresh_token = held('refreshToken')
  const own = endpointsOf(source, 'refresh').find((one) => firstPartyIdOf(one) === firstPartyIdOf(endpoint))
  if (own) return tokenRequest(source.config, own, { refresh_token })
  return tokenRequest(source.config, endpoint, { grant_type: { text: 'refresh_token' }, refresh_token })
}

/** Where a dialect has no place of its own to disconnect, a refresh token is ended as any token is (RFC 7009). */
function disconnectCall(source: WaySource, endpoint: Endpoint): Call {
  const token = held('refreshToken')
  const [own] = endpointsOf(source, 'invalidate')
  const end = own ?? standing(source, 'revocation')
  const target = callTarget(source.config, end.wire, end.route)
  const firstPartyId = firstPartyIdOf(endpoint)
  if (firstPartyId === undefined) return authenticatedCall(target, { token })
  return plainCall(target, own ? { token } : { token, client_id: { text: firstPartyId } })
}

/** A password goes where the dialect names an app of its own; everything else where it does not. */
function tokenRoute(source: WaySource, grant: WayGrant): Endpoint {
  const isFor = (endpoint: Endpoint) => isFirstParty(endpoint) === (grant === 'password')
  return endpointsOf(source, 'token').find(isFor) ?? standing(source, 'token')
}

interface Endpoint {
  wire: Wire
  /** What the dialect says of it; `undefined`: it is as the standard has it. */
  route: DialectRoute | undefined
}

const firstPartyIdOf = ({ route }: Endpoint): string | undefined => route?.request?.defaults?.client_id
const isFirstParty = (endpoint: Endpoint): boolean => firstPartyIdOf(endpoint) !== undefined

/** The first endpoint of a kind that every server has. */
export function standing(source: WaySource, kind: RouteKind): Endpoint {
  const [first] = endpointsOf(source, kind)
  if (first) return first
  throw new Error(`Every server has a route of the kind ${kind}.`)
}

/** The endpoints of a kind. */
const endpointsOf = ({ wires, dialect }: WaySource, kind: RouteKind): Endpoint[] =>
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

const memberPath = (shape: Record<string, AnswerField>, member: string): string[] | undefined =>
  Object.entries(shape)
    .find(([, field]) => field === member)?.[0]
    .split('.')
