import type { Logger } from 'pino'
import { type AddressOf, createAddressOf } from './base/client-address.ts'
import type { Clock } from './base/clock.ts'
import { createClientDirectory } from './clients/client-cache.ts'
import type { Config } from './config/config.ts'
import type { EndpointUrls } from './config/endpoint-urls.ts'
import type { Wire } from './dialects/compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { createMetrics, type Metrics } from './endpoints/metrics.ts'
import { createRequestLog, type RequestLog } from './endpoints/request-log.ts'
import type { GrantContext } from './grants/grant.ts'
import { type KeyRing, openKeyRing } from './keys/key-ring.ts'
import { createSeal } from './keys/seal.ts'
import { createMailer } from './mail/create-mailer.ts'
import type { DemoUser, PageContext } from './pages/page-context.ts'
import { createBrowserSessions } from './people/browser-session.ts'
import { createPeople } from './people/create-people.ts'
import type { Store } from './store/store.ts'
import { isConfigurationChange, watchHead } from './store/watch.ts'
import { createAccessTokenIssuer } from './tokens/access-token.ts'
import { createTokenInspection, type TokenInspection } from './tokens/inspection.ts'
import { createRefreshTokens } from './tokens/refresh-token.ts'
import { openRevocationFeed, type RevocationFeed } from './tokens/revocation-feed.ts'

/** Everything that endpoints are made of, put together once at the start. */
export interface Context extends PageContext {
  dialect: Dialect
  logger: Logger
  keys: KeyRing
  feed: RevocationFeed
  tokens: TokenInspection
  grantContext: GrantContext
  metrics: Metrics
  log: RequestLog
  addressOf: AddressOf
  isStopping: () => boolean
}

export interface ContextParts {
  config: Config
  dialect: Dialect
  wires: readonly Wire[]
  urls: EndpointUrls
  clock: Clock
  logger: Logger
  store: Store
  demoUsers: readonly DemoUser[]
  /** Keeps mails to be read on a page, in place of sending them. */
  keepsOutbox: boolean
  isStopping: () => boolean
}

/** Builds from the bottom up: store, watch, keys, clients, tokens, grants. */
export async function createContext(parts: ContextParts): Promise<Context> {
  const { config, clock, logger, store } = parts
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
    const refreshTokens = createRefreshTokens(config.secrets)
    const tokens = createTokenInspection({ config, clock, keys, store, watch, feed, refreshTokens })
    const accessTokens = createAccessTokenIssuer({
      config,
      clock,
      keys,
      opaqueTokens: store.opaqueTokens,
      watch,
    })
    const people = createPeople({ config, clock, store, logger })
    const metrics = createMetrics()
    return {
      ...parts,
      watch,
      keys,
      clients,
      feed,
      tokens,
      people,
      browsers: createBrowserSessions({ config, clock, store }),
      mailer: createMailer({ config, logger, clock, keepsOutbox: parts.keepsOutbox }),
      grantContext: { config, clock, store, watch, people, accessTokens, refreshTokens },
      metrics,
      log: createRequestLog(logger, metrics),
      addressOf: createAddressOf(config.trustedProxies),
    }
  } catch (error) {
    watch.close()
    throw error
  }
}
