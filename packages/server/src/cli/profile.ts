import type { Stats } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import {
  basic,
  type ClientAuthentication,
  type ClientOptions,
  clientCredentials,
  type Grant,
  none,
  password,
  post,
  refreshToken,
} from '@latchkey/client'
import { dialect as dialectOf, type ServerDialect } from '@latchkey/client/dialect'
import { z } from 'zod'
import { explainIssues, whatToWrite } from '../base/explain.ts'
import { lifetimeUnits } from '../dialects/dialect.ts'
import { CommandError } from './command-error.ts'

/** What a profile is called when nobody names it. */
export const profileFileName = 'latchkey.profile.json'

/** The longest profile that is read, in bytes. */
export const maxProfileBytes = 65_536

/** Where secrets come from that a profile names by their variable. */
export type Variables = Readonly<Record<string, string | undefined>>

/** How to be a client of some server, read from a file. */
export interface Profile {
  /** The file, as it was named. */
  readonly path: string
  /** All that a client needs but its store. */
  readonly options: ClientOptions
  /** Whether it is of a person's connection, which only they can begin again. */
  readonly isConnection: boolean
  /** The file in which its tokens are kept: from the profile's folder, or from the current one where the profile is a pipe. */
  readonly tokens: string
  /** Whether it holds a secret, as any of `parameters` may be, and others on this machine may read it. */
  readonly isOpenToOthers: boolean
}

/**
 * Reads a profile: JSON that says where tokens come from, and as whom to ask. In place of a secret it may name a variable
 * of the environment: `{ "env": "BILLING_SECRET" }`.
 *
 * @throws CommandError that quotes no value of it.
 */
export async function readProfile(named: string | undefined, variables: Variables): Promise<Profile> {
  const path = named ?? profileFileName
  const { text, mode, isStream } = await read(path, named !== undefined)
  const parsed = schema.safeParse(parse(text, path), { error: whatToWrite })
  if (!parsed.success) throw new CommandError(`${path}: ${explainIssues(parsed.error, schema)}`)
  const profile = parsed.data
  const { clientSecret, refreshToken, parameters = {} } = profile
  const secrets = [clientSecret, refreshToken, personOf(profile)?.password, ...Object.values(parameters)]
  return {
    path,
    options: toOptions(profile, (secret, at) => reveal(secret, `${path}: ${at}`, variables)),
    isConnection: profile.grant === 'refresh_token',
    tokens: tokensOf(profile, path, isStream),
    isOpenToOthers: (mode & 0o077) !== 0 && secrets.some((secret) => typeof secret === 'string'),
  }
}

const text = z.string().min(1)

const secret = z.union(
  [text, z.strictObject({ env: z.string().regex(/^\w+$/, 'write the name of a variable') })],
  { error: 'write a text, or { "env": "NAME" } for a variable of the environment' },
)

/** What is printed around a token, in a header. */
const visible = z.string().regex(/^[ -~]+$/, 'write visible ASCII')

const credential = z.union(
  [
    z.strictObject({ scheme: visible, parameter: visible.exactOptional() }),
    z.strictObject({ bare: z.literal(true) }),
    z.strictObject({ header: z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'write the name of a header') }),
    z.strictObject({ query: text }),
  ],
  { error: 'write { scheme }, { scheme, parameter }, { bare: true }, { header } or { query }' },
)

/** The client's own dialect, which is a server's as seen from outside. */
const dialect = z.strictObject({
  refreshEndpoint: z.string().optional(),
  body: z.enum(['form', 'json', 'query']).optional(),
  parameters: z.record(z.string(), z.string().nullable()).optional(),
  scopeSeparator: z.string().optional(),
  answer: z
    .strictObject({
      access_token: text.exactOptional(),
      refresh_token: text.exactOptional(),
      expires_in: text.exactOptional(),
      scope: text.exactOptional(),
    })
    .optional(),
  lifetimeUnit: z.enum(lifetimeUnits).optional(),
  error: z.strictObject({ error: text.exactOptional(), error_description: text.exactOptional() }).optional(),
  invalidGrantStatus: z.int().min(400).max(599).optional(),
  credential: credential.optional(),
}) satisfies z.ZodType<ServerDialect>

const grantForms = {
  error:
    'write "client_credentials", "refresh_token" or { "password": { "username": "…", "password": "…" } }',
}

const grants = [
  z.enum(['client_credentials', 'refresh_token'], grantForms),
  z.strictObject({ password: z.strictObject({ username: text, password: secret }) }),
] as const

const schema = z
  .strictObject({
    issuer: z.string().optional(),
    tokenEndpoint: z.string().optional(),
    clientId: text.optional(),
    clientSecret: secret.optional(),
    auth: z.enum(['basic', 'post', 'none']).optional(),
    grant: z.union(grants, grantForms).default('client_credentials'),
    refreshToken: secret.optional(),
    scope: z.string().optional(),
    resource: z.union([text, z.array(text)], { error: 'write a text or a list of texts' }).optional(),
    parameters: z.record(z.string(), z.string()).optional(),
    dialect: dialect.optional(),
    defaultLifetimeSeconds: z.int().min(1).optional(),
    allowInsecure: z.boolean().optional(),
    tokens: text.optional(),
  })
  .superRefine(({ grant, refreshToken, auth, clientSecret }, context) => {
    const complain = (at: string, message: string) =>
      context.addIssue({ code: 'custom', path: [at], message })
    if (refreshToken !== undefined && grant !== 'refresh_token')
      complain('refreshToken', 'it goes with "grant": "refresh_token"')
    if (clientSecret === undefined && auth !== undefined && auth !== 'none')
      complain('clientSecret', `it is missing; write it, or "auth": "none" for a client that has none`)
  })

type Written = z.output<typeof schema>
type Secret = z.output<typeof secret>
type Reveal = (secret: Secret, at: string) => string

function toOptions(profile: Written, reveal: Reveal): ClientOptions {
  const { clientSecret, auth, dialect, grant: _, refreshToken: __, tokens: ___, ...rest } = profile
  return {
    ...rest,
    dialect: dialect && dialectOf(dialect),
    clientSecret: clientSecret && reveal(clientSecret, 'clientSecret'),
    auth: auth && strategies[auth](),
    grant: toGrant(profile, reveal),
  }
}

const strategies: Record<'basic' | 'post' | 'none', () => ClientAuthentication> = { basic, post, none }

function toGrant(profile: Written, reveal: Reveal): Grant {
  const person = personOf(profile)
  if (person) {
    const { username } = person
    return password({ username, password: reveal(person.password, 'grant.password.password') })
  }
  if (profile.grant === 'client_credentials') return clientCredentials()
  return refreshToken(profile.refreshToken && reveal(profile.refreshToken, 'refreshToken'))
}

const personOf = ({ grant }: Written) => (typeof grant === 'object' ? grant.password : undefined)

/** Beside a pipe there is no folder that anything could be kept in. */
function tokensOf({ tokens }: Written, path: string, isStream: boolean): string {
  if (!isStream) return resolve(dirname(path), tokens ?? `${basename(path, '.json')}.tokens.json`)
  if (tokens !== undefined) return resolve(tokens)
  throw new CommandError(
    `${path} is no file that tokens are kept beside. Write "tokens": "FILE" in that profile: a path from this folder.`,
  )
}

function reveal(secret: Secret, at: string, variables: Variables): string {
  if (typeof secret === 'string') return secret
  const value = variables[secret.env]
  if (value) return value
  throw new CommandError(`${at}: the variable ${secret.env} is not set in the environment. Export it first.`)
}

const smallest =
  '{"issuer": "https://auth.example.com", "clientId": "…", "clientSecret": {"env": "CLIENT_SECRET"}}'

interface Found {
  text: string
  mode: number
  /** Whether it is a pipe, or was handed over open, so that it stands in no folder. */
  isStream: boolean
}

async function read(path: string, isNamed: boolean): Promise<Found> {
  try {
    await using file = await open(path)
    const found = await file.stat()
    if (othersMayWrite(found))
      throw new CommandError(`${path} may be written by others. Run \`chmod go-w ${path}\`, and own it.`)
    // It may be a pipe, or a device without an end: one byte too many tells enough.
    const bytes = await buffer(file.createReadStream({ end: maxProfileBytes, autoClose: false }))
    if (bytes.length > maxProfileBytes)
      throw new CommandError(`${path} is no profile: it is longer than 64 KiB.`)
    const isStream = !found.isFile() || descriptorFolder.test(await realpath(dirname(path)))
    return { text: bytes.toString(), mode: found.mode, isStream }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    if (error.code !== 'ENOENT') throw new CommandError(`${path} cannot be read: ${error.code}.`)
    throw new CommandError(
      isNamed
        ? `There is no file ${path}, which --profile names.`
        : `There is no ${path} in this folder. Write one, as in ${smallest}, or name another with --profile.`,
    )
  }
}

/** Where what is open has its names, files too, as /dev/stdin and /dev/fd/63. */
const descriptorFolder = /^\/(dev|dev\/fd|proc\/.+)$/

/**
 * Whoever writes a profile has this user's secrets sent wherever they like. Windows knows no such modes and owners, and those
 * of a device, such as a terminal, are not about what is read from it.
 */
function othersMayWrite(found: Stats): boolean {
  const own = process.geteuid?.()
  if (own === undefined || found.isCharacterDevice()) return false
  return (found.mode & 0o022) !== 0 || (found.uid !== own && found.uid !== 0)
}

/** The reader's own words would quote the text, and with it a secret. */
function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const where = /\(line \d+ column \d+\)/.exec(String(error))?.[0]
    throw new CommandError(`${path} is no JSON${where ? ` ${where}` : ''}. Write it as in ${smallest}.`)
  }
}
