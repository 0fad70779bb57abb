import { z } from 'zod'
import { parseDuration } from '../base/duration.ts'
import { explainIssues } from '../base/explain.ts'
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
      z.string().max(200),
    )
    .default({}),
  accessTokenFormat: z.enum(['jwt', 'opaque']).default('jwt'),
  accessTokenLifetime: duration.default(3600),
  signingAlgorithm: z.enum(['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256']).default('ES256'),
  clientSecretOverlap: duration.default(7 * 86_400),
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
  /** Each scope of the API, with what it allows in words. */
  scopes?: Record<string, string>
  /** `jwt` (RFC 9068, checked without asking the server) or `opaque` (introspection). Default: `jwt`. */
  accessTokenFormat?: 'jwt' | 'opaque'
  /** A duration with its unit. Default: `'1h'`. */
  accessTokenLifetime?: string
  /** What JWTs are signed with. Default: `ES256`. `HS256` lets every guard of an API forge its tokens. */
  signingAlgorithm?: SigningAlgorithm
  /** How long the old secret lives beside the new one after a rotation. Default: `'7d'`. */
  clientSecretOverlap?: string
  /** The address that `latchkey serve` listens on. Default: `127.0.0.1`. */
  host?: string
  /** The port that `latchkey serve` listens on. Default: 3000. */
  port?: number
  /** `debug` logs every request, `info` those that failed. Default: `info`. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

type SigningAlgorithm = z.output<typeof schema>['signingAlgorithm']

/** The configuration, parsed once and frozen. */
export interface Config
  extends Readonly<
    Omit<z.output<typeof schema>, 'accessTokenLifetime' | 'clientSecretOverlap' | 'database'>
  > {
  readonly database: string
  /** `LATCHKEY_SECRET`, newest first: the first seals and signs, all of them open. */
  readonly secrets: readonly string[]
  readonly accessTokenLifetimeSeconds: number
  readonly clientSecretOverlapSeconds: number
}

type Settled = 'accessTokenFormat' | 'accessTokenLifetime' | 'signingAlgorithm' | 'scopes'

/** What a dialect's preset settles, unless the owner says otherwise. */
export type Policy = { [Key in Settled]?: ConfigInput[Key] | undefined }

export interface Environment {
  LATCHKEY_SECRET?: string | undefined
  DATABASE_URL?: string | undefined
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
  )
  if (!parsed.success) throw new ConfigError(explainIssues(parsed.error, schema))
  const { accessTokenLifetime, clientSecretOverlap, database, ...rest } = parsed.data
  return Object.freeze({
    ...rest,
    issuer: parseIssuer(rest.issuer),
    database: database ?? environment.DATABASE_URL ?? 'sqlite:latchkey.db',
    secrets: parseSecrets(environment.LATCHKEY_SECRET),
    accessTokenLifetimeSeconds: accessTokenLifetime,
    clientSecretOverlapSeconds: clientSecretOverlap,
  })
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
      `LATCHKEY_SECRET is shorter than ${minSecretLength} characters. Make one with \`openssl rand -base64 32\`; write \`new,old\` to change it.`,
    )
  }
  return secrets
}

function isAbsoluteUri(text: string): boolean {
  return URL.canParse(text) && !text.includes('#') && !/\s/.test(text)
}
