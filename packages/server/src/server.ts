import type { RevocationSet } from '@latchkey/guard'
import { Hono } from 'hono'
import { type DestinationStream, type Logger, pino } from 'pino'
import { type Clock, systemClock } from './base/clock.ts'
import { OAuthError } from './base/oauth-error.ts'
import {
  type Config,
  ConfigError,
  type ConfigInput,
  type Environment,
  type Policy,
  parseConfig,
} from './config/config.ts'
import type { EndpointUrls } from './config/endpoint-urls.ts'
import { type Context, createContext } from './context.ts'
import { inexpressibleUnit } from './dialects/compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { resolveDialect } from './dialects/presets.ts'
import { type EndpointOptions, endpoint } from './endpoints/endpoint.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createRoutes, endpointUrls, type Route } from './routes.ts'
import { StoreUnavailable } from './store/database.ts'
import { openDatabase } from './store/open.ts'
import { createStore, type Store } from './store/store.ts'

/** A running server, without a socket of its own: give `fetch` to whatever listens. */
export interface Latchkey {
  readonly config: Config
  readonly dialect: Dialect
  readonly store: Store
  readonly routes: readonly Pick<Route, 'kind' | 'method' | 'paths'>[]
  readonly urls: EndpointUrls
  /** What was revoked, live: a guard in this process takes it in place of the feed. */
  readonly revocations: RevocationSet
  /** Answers a request. Never rejects. */
  fetch(request: Request): Promise<Response>
  /** Answers those who wait, and says 503 at `/readyz` from now on; requests still get their answers. */
  stop(): void
  /** Ends everything and closes the database. */
  close(): Promise<void>
}

export interface LatchkeyOptions {
  /** Where secrets come from: `process.env`, unless the owner keeps them elsewhere. */
  environment: Environment
  /** Default: the system's. */
  clock?: Clock
  /** Where the log goes, a JSON line an entry. Default: standard output. */
  logDestination?: DestinationStream
  /** Bring the tables up to date at the start, in place of refusing to start. Default: no. */
  migrate?: boolean
}

/**
 * Starts Latchkey inside this process.
 *
 * @throws ConfigError, DialectError when the configuration cannot stand.
 * @throws StoreUnavailable when the database cannot be used, or lacks migrations.
 */
export async function createLatchkey(input: ConfigInput, options: LatchkeyOptions): Promise<Latchkey> {
  const { config, dialect } = resolveConfig(input, options.environment)
  const logger = createLogger(config, options.logDestination)
  const database = await openDatabase(config.database, { forServer: true })
  let isStopping = false
  try {
    await prepareTables(database, options.migrate ?? false)
    const store = createStore(database)
    const clock = options.clock ?? systemClock
    const context = await createContext({
      config,
      dialect,
      clock,
      logger,
      store,
      isStopping: () => isStopping,
    })
    const housekeeping = startHousekeeping(context)
    const stop = () => {
      isStopping = true
      context.feed.close()
    }
    const routes = createRoutes(context)
    return {
      config,
      dialect,
      store,
      routes,
      urls: endpointUrls(context),
      revocations: context.feed.revocations,
      fetch: createFetch(routes, context),
      stop,
      async close() {
        stop()
        housekeeping.stop()
        context.watch.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Joins what the owner wrote with the dialect it names, and with the policy which that implies. */
export function resolveConfig(
  input: ConfigInput,
  environment: Environment,
): { config: Config; dialect: Dialect } {
  const dialect = resolveDialect(input.dialect)
  const config = parseConfig(input, environment, dialect.policy as Policy)
  const unit = inexpressibleUnit(dialect, { expires_in: config.accessTokenLifetimeSeconds })
  if (unit)
    throw new ConfigError(
      `accessTokenLifetime: the dialect writes it in ${unit}; choose a whole number of them.`,
    )
  if (config.signingAlgorithm === 'HS256' && config.accessTokenFormat === 'opaque') {
    throw new ConfigError(
      'signingAlgorithm: opaque tokens are not signed. Leave it out, or choose accessTokenFormat `jwt`.',
    )
  }
  return { config, dialect }
}

async function prepareTables(database: Store['database'], mayMigrate: boolean): Promise<void> {
  if (mayMigrate) {
    await database.migrate()
    return
  }
  const pending = await database.pendingMigrations()
  if (pending.length === 0) return
  throw new StoreUnavailable(
    `The database lacks ${pending.join(', ')}. Run \`latchkey migrate\` with the same config.`,
  )
}

function createFetch(routes: Route[], context: Context): Latchkey['fetch'] {
  const app = new Hono()
  const options = { log: context.log, errorPageUrl: `${context.config.issuer}/docs` }
  for (const { kind, method, paths, handler, toError } of routes) {
    const answer = endpoint({ ...options, kind, toError }, handler)
    for (const path of paths) {
      app.on(method, path, (c) => answer(c.req.raw))
    }
  }
  const refusals = createRefusals(routes, options)
  app.notFound((c) => refusals.fetch(c.req.raw))
  return (request) => Promise.resolve(app.fetch(request))
}

/**
 * Refuses what no route took. A router of its own: beside the routes, each request would match two handlers, and Hono
 * calls several through its chain of middleware, but a lone one directly.
 */
function createRefusals(routes: Route[], options: Pick<EndpointOptions, 'log' | 'errorPageUrl'>): Hono {
  const app = new Hono()
  for (const { kind, paths, toError } of routes) {
    for (const path of paths) {
      const methods = routes.filter((route) => route.paths.includes(path)).map(({ method }) => method)
      const refuse = endpoint({ ...options, kind, toError }, () => refuseMethod(methods))
      app.all(path, (c) => refuse(c.req.raw))
    }
  }
  const notFound = endpoint({ ...options, kind: 'unknown' }, () => {
    throw new OAuthError(
      'not_found',
      'There is nothing at this path. The page at error_uri names every endpoint.',
    )
  })
  app.notFound((c) => notFound(c.req.raw))
  return app
}

function refuseMethod(methods: readonly string[]): never {
  const allow = methods.map((method) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
  throw new OAuthError('method_not_allowed', `Use ${methods.join(' or ')} here.`, { headers: { allow } })
}

/** What could hold a secret is cut out even if a line should ever name it. */
const redacted = [
  'authorization',
  'client_secret',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'code',
  'secret',
]

function createLogger(config: Config, destination: DestinationStream | undefined): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    redact: redacted.flatMap((name) => [name, `*.${name}`]),
  }
  return destination ? pino(options, destination) : pino(options)
}
