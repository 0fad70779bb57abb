import type { RevocationSet } from '@latchkey/guard'
import { type DestinationStream, type Logger, pino } from 'pino'
import { type Clock, systemClock } from './base/clock.ts'
import type { Config, ConfigInput, Environment } from './config/config.ts'
import type { EndpointUrls } from './config/endpoint-urls.ts'
import { createContext } from './context.ts'
import { compileRoutes } from './dialects/compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { createFetch } from './dispatch.ts'
import { startHousekeeping } from './housekeeping.ts'
import { errorPage } from './pages/error-page.ts'
import type { DemoUser } from './pages/page-context.ts'
import { resolveConfig } from './resolve-config.ts'
import { createRoutes, endpointUrls, type Route } from './routes.ts'
import { StoreUnavailable } from './store/database.ts'
import { openDatabase } from './store/open.ts'
import { createStore, type Store } from './store/store.ts'

export type { DemoUser } from './pages/page-context.ts'

/** A running server, without a socket of its own: give `fetch` to whatever listens. */
export interface Latchkey {
  readonly config: Config
  readonly dialect: Dialect
  readonly store: Store
  readonly routes: readonly Pick<Route, 'kind' | 'method' | 'paths'>[]
  readonly urls: EndpointUrls
  /** What was revoked, live: a guard in this process takes it in place of the feed. */
  readonly revocations: RevocationSet
  /**
   * Answers a request. Never rejects.
   *
   * @param remoteAddress the IP address of the connection, which sign-in is throttled by. Left out: all come from one place.
   */
  fetch(request: Request, remoteAddress?: string): Promise<Response>
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
  /** People whose passwords the sign-in page shows. For trying things out alone. Default: none. */
  demoUsers?: readonly DemoUser[]
  /** Keep mails to be read at `urls.mail`, in place of sending them. For trying things out alone. Default: no. */
  keepsOutbox?: boolean
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
    const { demoUsers = [], keepsOutbox = false } = options
    const wires = compileRoutes(dialect)
    const urls = endpointUrls({ config, wires, keepsOutbox })
    const context = await createContext({
      config,
      dialect,
      wires,
      urls,
      demoUsers,
      keepsOutbox,
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
      urls,
      revocations: context.feed.revocations,
      fetch: createFetch(routes, {
        log: context.log,
        addressOf: context.addressOf,
        errorPageUrl: urls.docs,
        notFound: {
          errorPage: errorPage(context),
          toError: wires.find(({ kind }) => kind === 'token')?.toError,
        },
      }),
      stop,
      async close() {
        stop()
        housekeeping.stop()
        context.watch.close()
        await context.mailer?.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
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
