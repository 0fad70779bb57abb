import type { EndpointUrls } from '../../config/endpoint-urls.ts'
import type { StandardError, Wire } from '../../dialects/compile.ts'
import type { CredentialPresentation, RouteKind } from '../../dialects/dialect.ts'
import { apiPlacesOf, presentationsOf } from '../../dialects/presentation.ts'
import { authenticatedCall, type Call, type CallTarget, held, plainCall, type Value } from './call.ts'
import { callTarget, standing, type TokenWay, tokenWays, type WayGrant, type WaySource } from './token-way.ts'

export interface DocsSource extends WaySource {
  urls: EndpointUrls
}

/** Everything that the sections and the snippets tell, read from the live configuration. */
export interface DocsFacts extends DocsSource {
  /** The way to a token that step 1 shows. */
  first: TokenWay
  others: TokenWay[]
  /** How the credential is presented to the API, the way that is shown first. */
  presentations: CredentialPresentation[]
  /** What the token request calls the parameter `scope`. */
  scopeParameter: string
  calls: {
    api: Call
    /** Ends the token of step 1. */
    revocation: Call
    introspection: Call
    /** The link that a person follows. */
    authorization: Call
  }
}

/** Stands for any path of the API; `latchkey dev` serves it. */
export const samplePath = '/info'

export function gatherFacts(source: DocsSource): DocsFacts {
  const { config, dialect } = source
  const [first, ...others] = tokenWays(source)
  const presentations = presentationsOf(config.audience, dialect)
  const target = (kind: RouteKind): CallTarget => {
    const { wire, route } = standing(source, kind)
    return callTarget(config, wire, route)
  }
  const scope = authenticatedCall(target('token'), { scope: { text: '' } }).parameters
  return {
    ...source,
    first,
    others,
    presentations,
    scopeParameter: scope[0]?.[0] ?? 'scope',
    calls: {
      api: apiCall(source, presentations[0] ?? { scheme: 'Bearer' }),
      revocation: ofApp(first, target('revocation'), { token: held('token') }),
      introspection: authenticatedCall(target('introspection'), { token: held('token') }),
      authorization: plainCall(target('authorization'), authorizationParameters(source)),
    },
  }
}

/** What the server answers to a mistake, in the dialect's own words. */
export function errorAnswer(wire: Wire, error: StandardError): { status: number; body: object } {
  const { status, ...body } = error
  return wire.toError ? wire.toError(error) : { status, body }
}

/** The way of this grant, if the page tells of it. */
export const wayBy = ({ first, others }: DocsFacts, grant: WayGrant): TokenWay | undefined =>
  [first, ...others].find((way) => way.grant === grant)

/** Whether the page tells how an app acts for people. */
export const hasPeople = (facts: DocsFacts): boolean => wayBy(facts, 'authorization_code') !== undefined

/** An app that has no secret names itself, in a parameter. */
function ofApp({ firstPartyId }: TokenWay, target: CallTarget, parameters: Record<string, Value>): Call {
  return firstPartyId === undefined
    ? authenticatedCall(target, parameters)
    : plainCall(target, { ...parameters, client_id: { text: firstPartyId } })
}

function authorizationParameters({ config, dialect }: WaySource): Record<string, Value> {
  const route = dialect.routes.find(({ kind }) => kind === 'authorization')
  const scope = Object.keys(config.scopes).join(route?.request?.scopeSeparator ?? ' ')
  return {
    response_type: { text: 'code' },
    client_id: held('clientId'),
    redirect_uri: held('redirectUri'),
    ...(scope === '' ? {} : { scope: { text: scope } }),
    state: held('state'),
    ...(config.pkce === 'required'
      ? { code_challenge: held('challenge'), code_challenge_method: { text: 'S256' } }
      : {}),
  }
}

/** A call to the first place of the API that takes the credential so. */
function apiCall({ config, dialect }: WaySource, presentation: CredentialPresentation): Call {
  const places = apiPlacesOf(config.audience, dialect)
  const isTaken = (one: CredentialPresentation) => JSON.stringify(one) === JSON.stringify(presentation)
  const place = places.find(({ credentials }) => credentials.some(isTaken)) ?? places[0]
  const base = /^https?:/.test(place.url) ? place.url.replace(/\/$/, '') : 'https://api.example.com'
  const call: Call = {
    method: 'GET',
    url: `${base}${samplePath}`,
    basic: undefined,
    encoding: 'query',
    headers: [],
    parameters: [],
  }
  const token = held('token')
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
