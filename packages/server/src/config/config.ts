import { isIP } from 'node:net'
import { z } from 'zod'
import { parseDuration } from '../base/duration.ts'
import { explainIssues, whatToWrite } from '../base/explain.ts'
import { type Language, languages } from '../base/language.ts'
import { isScopeToken } from '../base/scope.ts'

/** The shortest `LATCHKEY_SECRET` that is taken, in characters. */
export const minSecretLength = 32
/** The longest lifetime or overlap, in seconds: a year. What is meant to live longer is no access token. */
export const maxDurationSeconds = 366 * 86_400

const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text)
  if (seconds !== undefined && seconds <= maxDurationSeconds) return seconds
  const message = `write a number with its unit, as in '15m', '2s', '1h', '${maxDurationSeconds / 86_400}d' at most`
  context.issues.push({ code: 'custom', input: text, message })
  return z.NEVER
})

const resourceIndicator = z
  .string()
  .refine(isAbsoluteUri, 'write an absolute URI without a fragment (RFC 8707 §2)')

const scopeText = z.string().max(200)

const people = z.union(
  [
    z.strictObject({
      verify: z.custom<VerifyPerson>((value) => typeof value === 'function', 'write a function'),
    }),
    z.strictObject({
      url: z.string().refine(isSecureUrl, 'write an https URL; http is taken on loopback only'),
    }),
  ],
  { error: 'write { verify } or { url }' },
)

const schema = z.strictObject({
  issuer: z.string(),
  audience: resourceIndicator,
  resources: z.array(resourceIndicator).max(64).default([]),
  apiName: z.string().min(1).max(120).default('API'),
  database: z.string().optional(),
  dialect: z.unknown().optional(),
  scopes: z
    .record(
      z.string().refine(isScopeToken, 'a scope holds no space, quote or backslash'),
      z.union([scopeText, z.strictObject({ en: scopeText, ja: scopeText.optional() })], {
        error: 'write what the scope allows, as a text or as { en, ja }',
      }),
    )
    .default({}),
  requiredScope: z.string().refine(isScopeToken, 'a scope holds no space, quote or backslash').optional(),
  accessTokenFormat: z.enum(['jwt', 'opaque']).default('jwt'),
  accessTokenLifetime: duration.default(3600),
  signingAlgorithm: z.enum(['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256']).default('ES256'),
  clientSecretOverlap: duration.default(7 * 86_400),
  authorizationCodeLifetime: duration.default(60),
  pkce: z.enum(['required', 'optional']).default('required'),
  passwordGrant: z.boolean().default(false),
  connections: z.enum(['one', 'many']).default('many'),
  accountChooser: z.enum(['always', 'when_several']).default('when_several'),
  refreshTokenLifetime: duration.default(30 * 86_400),
  refreshTokenGrace: duration.default(30),
  refreshTokenRotation: z.boolean().default(true),
  connectionLifetime: duration.default(365 * 86_400),
  sessionIdleLifetime: duration.default(7 * 86_400),
  sessionLifetime: duration.default(30 * 86_400),
  people: people.optional(),
  signUp: z.boolean().default(true),
  mailFrom: z.email('write an email address').optional(),
  accentColor: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, "write a colour as '#1a2b3c'")
    .optional(),
  logo: z.string().min(1).optional(),
  trustedProxies: z
    .array(z.string().refine(isAddressRange, "write an address, or a range as '10.0.0.0/8'"))
    .max(64)
    .default([]),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(3000),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** What an owner writes in `latchkey.config.ts`. Only `issuer` and `audience` have no default. */
export interface ConfigInput {
  /** The URL of this server as its clients see it, https except on loopback. Every URL it gives out starts with it. */
  issuer: string
  /** The API that tokens are for (RFC 8707): the `aud` of every token that asks for nothing else. */
  audience: string
  /** Other resources that a client may ask for by `resource`. Default: none. */
  resources?: string[]
  /** What the API is called on the pages. Default: `API`. */
  apiName?: string
  /** `sqlite:path` or `postgres://…`. Default: the environment's `DATABASE_URL`, else `sqlite:latchkey.db`. */
  database?: string
  /** A preset's name, or a dialect as data. Default: `standard`. */
  dialect?: unknown
  /** Each scope of the API, with what it allows in words: English, or `{ en, ja }`. */
  scopes?: Record<string, string | { en: string; ja?: string | undefined }>
  /** A scope without which no app is connected. Default: none. */
  requiredScope?: string
  /** `jwt` (RFC 9068, checked without asking the server) or `opaque` (introspection). Default: `jwt`. */
  accessTokenFormat?: 'jwt' | 'opaque'
  /** A duration with its unit. Default: `'1h'`. */
  accessTokenLifetime?: string
  /** What JWTs are signed with. Default: `ES256`. `HS256` lets every guard of an API forge its tokens. */
  signingAlgorithm?: SigningAlgorithm
  /** How long the old secret lives beside the new one after a rotation. Default: `'7d'`. */
  clientSecretOverlap?: string
  /** How long an authorization code may be spent, a duration. Default: `'1m'`. */
  authorizationCodeLifetime?: string
  /** `required`: every app proves itself by PKCE (RFC 7636). `optional`: only public ones must. Default: `required`. */
  pkce?: 'required' | 'optional'
  /** Whether a client that is allowed it may send a person's password (RFC 6749 §4.3). Default: no. */
  passwordGrant?: boolean
  /** How many connections one person may have to one app; `one`: the next ends the last. Default: `many`. */
  connections?: 'one' | 'many'
  /** When people choose an account: at every connection, or when several are signed in. Default: `when_several`. */
  accountChooser?: 'always' | 'when_several'
  /** How long a refresh token may lie unused. Default: `'30d'`. */
  refreshTokenLifetime?: string
  /** How long a refresh token that was exchanged still gives the one that took its place. Default: `'30s'`. */
  refreshTokenGrace?: string
  /** Whether each refresh gives a new refresh token. Default: yes. */
  refreshTokenRotation?: boolean
  /** How long a connection lives however often it is refreshed. Default: `'365d'`. */
  connectionLifetime?: string
  /** How long a browser stays signed in unused, and at all. Defaults: `'7d'`, `'30d'`. */
  sessionIdleLifetime?: string
  sessionLifetime?: string
  /**
   * Where people come from when not from Latchkey's own table: a function that says who a username and password belong
   * to, or the URL of one that does (a POST, signed with the environment's `PEOPLE_SECRET`). Each gets a row at their
   * first sign-in.
   */
  people?: PeopleInput
  /** Whether people may make accounts of their own; it needs mail. Default: yes. */
  signUp?: boolean
  /** Who mails are from. Default: `no-reply@` the issuer's host. */
  mailFrom?: string
  /** The one colour of buttons and links, as `'#3a45c4'`; made lighter or darker where text could not be read. */
  accentColor?: string
  /** A file (.svg, .png, .webp or .jpg) that stands for the API's name on pages. */
  logo?: string
  /** Addresses or ranges of proxies whose `X-Forwarded-For` is believed. Default: none. */
  trustedProxies?: string[]
  /** The address that `latchkey serve` listens on. Default: `127.0.0.1`. */
  host?: string
  /** The port that `latchkey serve` listens on. Default: 3000. */
  port?: number
  /** `debug` logs every request, `info` those that failed. Default: `info`. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** A person, as the owner's own system knows them. */
export interface Person {
  /** Theirs for good: the `sub` of their tokens. 1 to 200 printable ASCII characters, no space. */
  id: string
  /** As shown to people. */
  name: string
  email?: string | undefined
  /** The scopes that they may grant, space separated. Default: all of the API's. */
  scope?: string | undefined
}

/** Says whose username and password these are; `undefined`: nobody's. Whatever it throws is answered 503. */
export type VerifyPerson = (
  username: string,
  password: string,
  options: { signal: AbortSignal },
) => Promise<Person | undefined>

export type PeopleInput = { verify: VerifyPerson } | { url: string }

type SigningAlgorithm = z.output<typeof schema>['signingAlgorithm']

/** The configuration, parsed once and frozen. */
export interface Config
  extends Readonly<Omit<z.output<typeof schema>, (typeof durations)[number] | 'database' | 'scopes'>> {
  readonly database: string
  /**
   * `LATCHKEY_SECRET`: the first seals and makes refresh tokens, all of them open. To change it where several servers
   * share a database: `old,new` everywhere, then `new,old`, then `new`, so that each knows what another makes.
   */
  readonly secrets: readonly string[]
  /** `SMTP_URL`; `undefined`: there is no mail. */
  readonly smtpUrl: string | undefined
  /** `PEOPLE_SECRET`, which signs requests to `people.url`. */
  readonly peopleSecret: string | undefined
  /** Each scope in words, in the default language. */
  readonly scopes: Readonly<Record<string, string>>
  /** Each scope in the words of each language. */
  readonly scopesIn: Readonly<Record<Language, Readonly<Record<string, string>>>>
  readonly accessTokenLifetimeSeconds: number
  readonly clientSecretOverlapSeconds: number
  readonly authorizationCodeLifetimeSeconds: number
  readonly refreshTokenLifetimeSeconds: number
  readonly refreshTokenGraceSeconds: number
  readonly connectionLifetimeSeconds: number
  readonly sessionIdleLifetimeSeconds: number
  readonly sessionLifetimeSeconds: number
}

/** Options that are durations: in the configuration their names say the unit. */
const durations = [
  'accessTokenLifetime',
  'clientSecretOverlap',
  'authorizationCodeLifetime',
  'refreshTokenLifetime',
  'refreshTokenGrace',
  'connectionLifetime',
  'sessionIdleLifetime',
  'sessionLifetime',
] as const

type Settled =
  | 'accessTokenFormat'
  | 'accessTokenLifetime'
  | 'signingAlgorithm'
  | 'scopes'
  | 'requiredScope'
  | 'authorizationCodeLifetime'
  | 'pkce'
  | 'passwordGrant'
  | 'connections'
  | 'accountChooser'
  | 'refreshTokenLifetime'
  | 'refreshTokenRotation'

/** What a dialect's preset settles, unless the owner says otherwise. */
export type Policy = { [Key in Settled]?: ConfigInput[Key] | undefined }

export interface Environment {
  LATCHKEY_SECRET?: string | undefined
  DATABASE_URL?: string | undefined
  SMTP_URL?: string | undefined
  PEOPLE_SECRET?: string | undefined
}

/** Says what is wrong with the configuration, and how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Gives `latchkey.config.ts` its types. Returns what it is given. */
export const defineConfig = (config: ConfigInput): ConfigInput => config

/**
 * Parses what the owner wrote, over what the preset settles, with the secrets of the environment.
 *
 * @throws ConfigError on an unknown option, a wrong value, an insecure issuer or a missing secret.
 */
export function parseConfig(input: unknown, environment: Environment, policy: Policy = {}): Config {
  const parsed = schema.safeParse(
    typeof input === 'object' && input !== null ? { ...policy, ...withoutUndefined(input) } : input,
    { error: whatToWrite },
  )
  if (!parsed.success) throw new ConfigError(explainIssues(parsed.error, schema))
  const { scopes, database, ...rest } = parsed.data
  checkPeople(rest.people, environment.PEOPLE_SECRET)
  return Object.freeze({
    ...withUnits(rest),
    ...wordsOfScopes(scopes),
    issuer: parseIssuer(rest.issuer),
    database: database ?? environment.DATABASE_URL ?? 'sqlite:latchkey.db',
    secrets: parseSecrets(environment.LATCHKEY_SECRET),
    smtpUrl: environment.SMTP_URL || undefined,
    peopleSecret: environment.PEOPLE_SECRET,
  })
}

type Parsed = z.output<typeof schema>
type WithoutDurations<Options> = Omit<Options, (typeof durations)[number]>

/** Renames each duration so that its name says its unit. */
function withUnits<Options extends Omit<Parsed, 'scopes' | 'database'>>(options: Options) {
  const renamed = Object.entries(options).map(([name, value]) =>
    (durations as readonly string[]).includes(name) ? [`${name}Seconds`, value] : [name, value],
  )
  return Object.fromEntries(renamed) as WithoutDurations<Options> & {
    [Name in (typeof durations)[number] as `${Name}Seconds`]: number
  }
}

function wordsOfScopes(scopes: Parsed['scopes']): Pick<Config, 'scopes' | 'scopesIn'> {
  const wordsIn = (language: Language) =>
    Object.fromEntries(
      Object.entries(scopes).map(([scope, words]) => [
        scope,
        typeof words === 'string' ? words : (words[language] ?? words.en),
      ]),
    )
  const scopesIn = Object.fromEntries(languages.map((language) => [language, wordsIn(language)]))
  return { scopes: wordsIn('en'), scopesIn: scopesIn as Config['scopesIn'] }
}

function checkPeople(people: Parsed['people'], secret: string | undefined): void {
  if (people === undefined || 'verify' in people || (secret ?? '').length >= minSecretLength) return
  throw new ConfigError(
    `people: PEOPLE_SECRET is not set, or shorter than ${minSecretLength} characters. It signs the requests to ${people.url}: make one with \`openssl rand -base64 32\` and give it to both.`,
  )
}

/** What is left open leaves the preset's choice. */
const withoutUndefined = (input: object): object =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))

/** RFC 8414 §2: a URL without query or fragment; https, unless it is this machine's loopback. */
function parseIssuer(issuer: string): string {
  if (!URL.canParse(issuer))
    throw new ConfigError(`issuer: \`${issuer}\` is not a URL. Write the server's public URL.`)
  const url = new URL(issuer)
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new ConfigError('issuer: leave out query, fragment and credentials (RFC 8414 §2).')
  }
  const isSecure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
  if (!isSecure) {
    throw new ConfigError(
      `issuer: \`${issuer}\` is not https, so tokens could be read on the way. Put TLS in front and write its https URL; http is taken on loopback only.`,
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** Whether a URL's host is this machine's own: `localhost`, 127.0.0.0/8 or `[::1]`. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

function parseSecrets(text: string | undefined): string[] {
  const secrets = (text ?? '').split(',').map((secret) => secret.trim())
  if (secrets.every((secret) => secret === '')) {
    throw new ConfigError(
      'LATCHKEY_SECRET is not set. It seals the signing keys: set it to 32 random bytes, as `openssl rand -base64 32` prints them, and keep it.',
    )
  }
  if (secrets.some((secret) => secret.length < minSecretLength)) {
    throw new ConfigError(
      `LATCHKEY_SECRET is shorter than ${minSecretLength} characters. Make one with \`openssl rand -base64 32\`; write \`new,old\` to change it, and where several servers share the database first \`old,new\` on each of them.`,
    )
  }
  return secrets
}

function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

/** An IP address, or a range of them in CIDR notation. */
function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

function isAbsoluteUri(text: string): boolean {
  return URL.canParse(text) && !text.includes('#') && !/\s/.test(text)
}
