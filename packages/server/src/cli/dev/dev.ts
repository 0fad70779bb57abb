import { pino } from 'pino'
import type { ConfigInput, Environment } from '../../config/config.ts'
import { resolveDialect } from '../../dialects/presets.ts'
import { type Listener, listen } from '../../listen.ts'
import { createLatchkey, type Latchkey } from '../../server.ts'
import { CommandError } from '../command-error.ts'
import { loadConfig } from '../config-file.ts'
import { untilStopped } from '../until-stopped.ts'
import { printLine } from '../with-store.ts'
import { createCallbackPage } from './callback.ts'
import { devDatabase } from './database.ts'
import { createDemo, type Demo } from './demo.ts'
import { type Description, describe } from './description.ts'
import { panel } from './panel.ts'
import { createSampleApi } from './sample-api.ts'
import { seed, seedApiKey } from './seed.ts'
import { createSignInLink, type SignInLink } from './sign-in-link.ts'

/** `latchkey dev` listens here only: its credentials are for trying things out. */
const host = '127.0.0.1'

const defaultPort = 3000

/** What scopes the sample API has when neither the config nor the dialect names any. */
const sampleScopes = { read: 'Read your data', write: 'Change your data' }

interface DevEnvironment extends Environment {
  /** Set where npm runs a script, as in `npm start`. */
  npm_lifecycle_event?: string | undefined
}

export interface DevOptions {
  dialect?: string
  port?: string
  database?: string
  config?: string
  json?: boolean
}

/** `latchkey dev`: the server with a sample API, demo clients and demo users, ready to try. */
export async function dev(options: DevOptions, environment: DevEnvironment): Promise<void> {
  const input: Partial<ConfigInput> = options.config === undefined ? {} : await loadConfig(options)
  // A name that is not known is told before anything of the machine is.
  resolveDialect(dialectOf(options, input))
  const listener = await listen({ host, port: portOf(options, input) })
  try {
    const { latchkey, demo } = await start(options, input, `http://${host}:${listener.port}`, environment)
    try {
      const stopped = untilStopped(environment.npm_lifecycle_event !== undefined)
      const { description, link } = await prepare(latchkey, demo, listener.serve)
      printLine(options.json ? JSON.stringify(description) : panel(description, link, latchkey))
      await stopped
      latchkey.stop()
      await listener.close()
    } finally {
      await latchkey.close()
    }
  } finally {
    await listener.close()
  }
}

async function start(
  options: DevOptions,
  input: Partial<ConfigInput>,
  issuer: string,
  environment: Environment,
): Promise<{ latchkey: Latchkey; demo: Demo }> {
  const dialect = dialectOf(options, input)
  const { url, secret } = devDatabase(options.database ?? input.database, dialect, environment)
  const scopes = input.scopes ?? resolveDialect(dialect).policy.scopes ?? sampleScopes
  const config = {
    apiName: 'Sample API',
    ...input,
    issuer,
    audience: `${issuer}/api`,
    database: url,
    dialect,
    scopes,
  }
  const demo = createDemo(secret, input.people === undefined)
  const latchkey = await createLatchkey(config, {
    environment: { LATCHKEY_SECRET: secret, PEOPLE_SECRET: environment.PEOPLE_SECRET },
    logDestination: pino.destination({ fd: 2, sync: true }),
    migrate: true,
    demoUsers: demo.users,
    keepsOutbox: true,
  })
  return { latchkey, demo }
}

/** Makes the demo data where it is not there yet, and serves the owner's API and the demo app in front of the server. */
async function prepare(
  latchkey: Latchkey,
  demo: Demo,
  serve: Listener['serve'],
): Promise<{ description: Description; link: SignInLink }> {
  await seed(latchkey, demo)
  const apiKey = await seedApiKey(latchkey, demo)
  const link = createSignInLink(latchkey, demo)
  const sites = [createSampleApi(latchkey, demo.resourceServer), createCallbackPage(latchkey, demo, link)]
  serve((request, remoteAddress) => {
    const site = sites.find((candidate) => candidate.isFor(request))
    return site ? site.fetch(request) : latchkey.fetch(request, remoteAddress)
  })
  return { description: describe(latchkey, demo, link, apiKey), link }
}

const dialectOf = (options: DevOptions, input: Partial<ConfigInput>): unknown =>
  options.dialect ?? input.dialect ?? 'standard'

function portOf({ port }: DevOptions, input: Partial<ConfigInput>): number {
  return port === undefined ? (input.port ?? defaultPort) : parsePort(port)
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new CommandError(`--port ${text} is not a port. Give a number from 0 to 65535; 0 takes a free one.`)
}
