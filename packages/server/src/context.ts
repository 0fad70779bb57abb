import type { Logger } from 'pino'
import type { Clock } from './base/clock.ts'
import { type ClientDirectory, createClientDirectory } from './clients/client-cache.ts'
import type { Config } from './config/config.ts'
import { compileRoutes, type Wire } from './dialects/compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { createMetrics, type Metrics } from './endpoints/metrics.ts'
import { createRequestLog, type RequestLog } from './endpoints/request-log.ts'
import type { GrantContext } from './grants/grant.ts'
import { type KeyRing, openKeyRing } from './keys/key-ring.ts'
import { createSeal } from './keys/seal.ts'
import type { Store } from './store/store.ts'
import { type HeadWatch, isConfigurationChange, watchHead } from './store/watch.ts'
import { createAccessTokenIssuer } from './tokens/access-token.ts'
import { createTokenInspection, type TokenInspection } from './tokens/inspection.ts'
import { openRevocationFeed, type RevocationFeed } from './tokens/revocation-feed.ts'

/** Everything that endpoints are made of, put together once at the start. */
export interface Context {
  config: Config
  dialect: Dialect
  wires: readonly Wire[]
  clock: Clock
  logger: Logger
  store: Store
  watch: HeadWatch
  keys: KeyRing
  clients: ClientDirectory
  feed: RevocationFeed
  tokens: TokenInspection
  grantContext: GrantContext
  metrics: Metrics
  log: RequestLog
  isStopping: () => boolean
}

export interface ContextParts {
  config: Config
  dialect: Dialect
  clock: Clock
  logger: Logger
  store: Store
  isStopping: () => boolean
}

/** Builds from the bottom up: store, watch, keys, clients, tokens, grants. */
export async function createContext(parts: ContextParts): Promise<Context> {
  const { config, dialect, clock, logger, store } = parts
  await store.revocations.initialize(config.accessTokenLifetimeSeconds)
  const watch = await watchHead(store.revocations, (error) =>
    logger.warn({ err: error }, 'the store did not answer'),
  )
  try {
    const algorithm = config.signingAlgorithm
    const keys = await openKeyRing({
      store: store.signingKeys,
      seal: createSeal(config.secrets),
      algorithm,
      clock,
      longestLifetimeSeconds: watch.head.longest_lifetime_seconds,
      onSealed: (kid) =>
        logger.warn({ kid }, 'a signing key was sealed with a secret that is not known here'),
    })
    watch.subscribe((head, previous) => (isConfigurationChange(head, previous) ? keys.reload() : undefined))
    // What changed between reading the keys and listening has been told to nobody.
    await keys.reload()
    const clients = createClientDirectory(store.clients, watch)
    const feed = await openRevocationFeed(store.revocations, watch)
    const tokens = createTokenInspection({ config, clock, keys, store, watch, feed })
    const accessTokens = createAccessTokenIssuer({
      config,
      clock,
      keys,
      opaqueTokens: store.opaqueTokens,
      watch,
    })
    const metrics = createMetrics()
    return {
      ...parts,
      wires: compileRoutes(dialect),
      watch,
      keys,
      clients,
      feed,
      tokens,
      grantContext: { config, accessTokens },
      metrics,
      log: createRequestLog(logger, metrics),
    }
  } catch (error) {
    watch.close()
    throw error
  }
}
