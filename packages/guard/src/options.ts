import { type Clock, systemClock } from './clock.ts'
import { bearer, type Credential } from './credentials.ts'
import type { Fetch } from './http.ts'
import { isResourceUrl, type ResourceMetadata, resourceMetadataMembers } from './resource-metadata.ts'
import { forgetMarginSeconds, RevocationSet } from './revocations.ts'
import { type Algorithm, supportedAlgorithms } from './signature.ts'

/** What an API owner tells a guard. Only `issuer` and `audience` have no default. */
export interface GuardOptions {
  /** The authorization server, exactly as it calls itself: the `iss` of every token. https, except on loopback. */
  issuer: string
  /** This API: must be in the `aud` of every token. */
  audience: string
  /** The API's own credentials at the server: for the feed, introspection and HS256 keys. */
  clientId?: string | undefined
  clientSecret?: string | undefined
  /** Where a request carries its credential. Default: `[bearer()]`. */
  credentials?: readonly Credential[] | undefined
  /** Default: ES256, EdDSA, RS256, PS256. HS256 must be named: whoever checks it can forge it. */
  algorithms?: readonly Algorithm[] | undefined
  /** How a revoked token is noticed: follow the feed, ask about each token, or not before it expires. Default: `feed`. */
  revocation?: 'feed' | 'introspect' | 'none' | undefined
  /** In one process with the server: its own live set, in place of following the feed. */
  revocations?: RevocationSet | undefined
  /** A feed without a sign of life for longer is stale. 25 to 3,600. Default: 60. */
  maxFeedAgeSeconds?: number | undefined
  /** What happens then: `refuse` answers 503, `accept` misses revocations. Default: `refuse`. */
  whenFeedIsStale?: 'refuse' | 'accept' | undefined
  /** How long the first requests wait for the feed's first snapshot. 0 to 60,000. Default: 2,000. */
  firstSnapshotTimeoutMs?: number | undefined
  /** How long an introspection answer is kept, so with `introspect` how late a revocation is noticed. 0 to 300. Default: 10. */
  introspectionCacheSeconds?: number | undefined
  /** Introspection answers that are kept. 1 to 1,000,000. Default: 10,000. */
  introspectionCacheEntries?: number | undefined
  /** Verified JWTs that are kept. 1 to 1,000,000. Default: 10,000. */
  jwtCacheEntries?: number | undefined
  /** How old keys may be before they are loaded again. 1 to 86,400. Default: 300. */
  keysMaxAgeSeconds?: number | undefined
  /** How far this machine's clock and the server's may differ. 0 to 300. Default: 5. */
  clockToleranceSeconds?: number | undefined
  /** Takes an http issuer that is not on loopback: for a private network that is trusted as a whole. Default: false. */
  allowInsecureIssuer?: boolean | undefined
  /** How the server is reached. In one process: its own `fetch`. Default: the global one. */
  fetch?: Fetch | undefined
  /** RFC 9728 members. `resource` is the audience when that is a URL; `authorization_servers` is the issuer. */
  resourceMetadata?: Partial<ResourceMetadata> | undefined
  /** For tests. */
  clock?: Clock | undefined
}

/** Options with every default in place. */
export type Settings = ReturnType<typeof parseOptions>

const defaultAlgorithms: readonly Algorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256']
const maxCacheEntries = 1_000_000

/** Checks what the owner wrote and fills in the defaults. @throws TypeError that says what to write instead. */
export function parseOptions(options: GuardOptions) {
  refuseUnknown(options)
  const settings = {
    issuer: parseIssuer(options),
    audience: text('audience', options.audience, "the API's own identifier, as in https://api.example.com"),
    ...parseOwnCredentials(options),
    credentials: parseCredentials(options.credentials),
    algorithms: parseAlgorithms(options.algorithms),
    revocation: oneOf('revocation', options.revocation, ['feed', 'introspect', 'none']),
    revocations: parseRevocations(options.revocations),
    maxFeedAgeSeconds: within('maxFeedAgeSeconds', options.maxFeedAgeSeconds ?? 60, 25, 3_600),
    whenFeedIsStale: oneOf('whenFeedIsStale', options.whenFeedIsStale, ['refuse', 'accept']),
    firstSnapshotTimeoutMs: within(
      'firstSnapshotTimeoutMs',
      options.firstSnapshotTimeoutMs ?? 2_000,
      0,
      60_000,
    ),
    introspectionCacheSeconds: within(
      'introspectionCacheSeconds',
      options.introspectionCacheSeconds ?? 10,
      0,
      300,
    ),
    introspectionCacheEntries: cacheSize('introspectionCacheEntries', options.introspectionCacheEntries),
    jwtCacheEntries: cacheSize('jwtCacheEntries', options.jwtCacheEntries),
    keysMaxAgeSeconds: within('keysMaxAgeSeconds', options.keysMaxAgeSeconds ?? 300, 1, 86_400),
    clockToleranceSeconds: within(
      'clockToleranceSeconds',
      options.clockToleranceSeconds ?? 5,
      0,
      forgetMarginSeconds,
    ),
    fetch: options.fetch,
    resourceMetadata: parseResourceMetadata(options.resourceMetadata),
    clock: options.clock ?? systemClock,
  }
  requireOwnCredentials(settings)
  return Object.freeze(settings)
}

const wrong = (message: string): TypeError => new TypeError(`createGuard: ${message}`)

/** The compiler holds this list complete. */
const knownOptions: Record<keyof GuardOptions, true> = {
  issuer: true,
  audience: true,
  clientId: true,
  clientSecret: true,
  credentials: true,
  algorithms: true,
  revocation: true,
  revocations: true,
  maxFeedAgeSeconds: true,
  whenFeedIsStale: true,
  firstSnapshotTimeoutMs: true,
  introspectionCacheSeconds: true,
  introspectionCacheEntries: true,
  jwtCacheEntries: true,
  keysMaxAgeSeconds: true,
  clockToleranceSeconds: true,
  allowInsecureIssuer: true,
  fetch: true,
  resourceMetadata: true,
  clock: true,
}

/** An option that is passed over in silence is a protection that its owner thinks is on. */
function refuseUnknown(options: GuardOptions): void {
  if (typeof options !== 'object' || options === null) throw wrong('give an object with issuer and audience.')
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(knownOptions, name))
  if (unknown === undefined) return
  throw wrong(`there is no option ${unknown}. The options are: ${Object.keys(knownOptions).join(', ')}.`)
}

/** RFC 8414 §2: https and no query or fragment. Plain http would let anyone on the way hand us keys. */
function parseIssuer({ issuer, allowInsecureIssuer = false }: GuardOptions): string {
  text('issuer', issuer, 'the URL of the authorization server')
  if (!URL.canParse(issuer))
    throw wrong(`issuer ${issuer} is not a URL. Write the server's own, with https://.`)
  const { protocol, hostname, search, hash, username } = new URL(issuer)
  if (search !== '' || hash !== '' || username !== '')
    throw wrong('issuer takes no query, fragment or user name.')
  const isSecure =
    protocol === 'https:' || (protocol === 'http:' && (allowInsecureIssuer || isLoopback(hostname)))
  if (isSecure) return issuer
  throw wrong(
    `issuer ${issuer} is not https. On a network that you trust as a whole, say allowInsecureIssuer: true.`,
  )
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

function parseOwnCredentials({ clientId, clientSecret }: GuardOptions) {
  if ((clientId === undefined) !== (clientSecret === undefined))
    throw wrong('give clientId and clientSecret together.')
  if (clientId !== undefined) text('clientId', clientId, "the API's client id at the server")
  if (clientSecret !== undefined) text('clientSecret', clientSecret, "the API's client secret at the server")
  return { clientId, clientSecret }
}

type NeedsCredentials = Pick<GuardOptions, 'clientId' | 'revocation' | 'revocations' | 'algorithms'>

function requireOwnCredentials({ clientId, revocation, revocations, algorithms }: NeedsCredentials): void {
  if (revocations && revocation !== 'feed') throw wrong("revocations goes with revocation: 'feed'.")
  if (clientId !== undefined) return
  const advice = "Give the API's clientId and clientSecret at the server"
  if (algorithms?.includes('HS256')) throw wrong(`HS256 keys are handed to known APIs only. ${advice}.`)
  if (revocation === 'none' || revocations) return
  throw wrong(
    `revocation: '${revocation}' asks the server as a known API. ${advice}, or say revocation: 'none' and revoked tokens live until they expire.`,
  )
}

function parseCredentials(credentials: readonly Credential[] = [bearer()]): readonly Credential[] {
  const isList = Array.isArray(credentials) && credentials.length > 0
  if (isList && credentials.every((credential) => typeof credential?.read === 'function'))
    return [...credentials]
  throw wrong("credentials is a list such as [bearer(), header('x-api-key')].")
}

function parseAlgorithms(algorithms = defaultAlgorithms): readonly Algorithm[] {
  const isList = Array.isArray(algorithms) && algorithms.length > 0
  if (isList && algorithms.every((name) => supportedAlgorithms.includes(name))) return [...algorithms]
  throw wrong(`algorithms is a list of some of these: ${supportedAlgorithms.join(', ')}.`)
}

function parseRevocations(revocations: RevocationSet | undefined): RevocationSet | undefined {
  if (revocations === undefined || revocations instanceof RevocationSet) return revocations
  throw wrong('revocations is a RevocationSet.')
}

function parseResourceMetadata(members: Partial<ResourceMetadata> = {}): Partial<ResourceMetadata> {
  const names: readonly string[] = resourceMetadataMembers
  const unknown = Object.keys(members).find((name) => !names.includes(name))
  if (unknown !== undefined) throw wrong(`resourceMetadata takes no ${unknown}, only: ${names.join(', ')}.`)
  if (members.resource === undefined || isResourceUrl(members.resource)) return { ...members }
  throw wrong('resourceMetadata.resource is the http or https URL of the API, without a fragment.')
}

function text(name: string, value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw wrong(`${name} is missing: give ${what}.`)
}

/** The first choice is the default. */
function oneOf<Choice extends string>(
  name: string,
  value: Choice | undefined,
  choices: readonly [Choice, ...Choice[]],
) {
  if (value === undefined) return choices[0]
  if (choices.includes(value)) return value
  throw wrong(`${name} is one of these: ${choices.join(', ')}.`)
}

function within(name: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw wrong(`${name} is a number from ${least} to ${most}.`)
}

function cacheSize(name: string, value = 10_000): number {
  if (Number.isInteger(value)) return within(name, value, 1, maxCacheEntries)
  throw wrong(`${name} is a whole number from 1 to ${maxCacheEntries}.`)
}
