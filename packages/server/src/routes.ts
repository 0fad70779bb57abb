import type { Handler } from './base/handler.ts'
import type { EndpointUrls } from './config/endpoint-urls.ts'
import type { Context } from './context.ts'
import type { Wire } from './dialects/compile.ts'
import { DialectError, type RouteKind } from './dialects/dialect.ts'
import { healthEndpoint, readinessEndpoint } from './endpoints/health.ts'
import { introspectionEndpoint } from './endpoints/introspection.ts'
import { jwksEndpoint } from './endpoints/jwks.ts'
import { metadataEndpoint } from './endpoints/metadata.ts'
import { metricsEndpoint } from './endpoints/metrics-endpoint.ts'
import { revocationEndpoint } from './endpoints/revocation.ts'
import { revocationFeedEndpoint } from './endpoints/revocation-feed.ts'
import { tokenEndpoint } from './endpoints/token.ts'
import { verificationKeysEndpoint } from './endpoints/verification-keys.ts'
import { docsPage } from './pages/docs.ts'
import { redirectTo } from './pages/layout.ts'
import { stylesheetAsset } from './pages/stylesheet.ts'

/** One thing that the server answers. */
export interface Route {
  kind: string
  method: 'GET' | 'POST'
  /** Whole paths, the issuer's own path included; the first is the one that is advertised. */
  paths: readonly string[]
  handler: Handler
  toError?: Wire['toError']
}

const endpointOf: Record<RouteKind, (context: Context, wire: Wire) => Handler> = {
  token: tokenEndpoint,
  revocation: revocationEndpoint,
  introspection: introspectionEndpoint,
}

/**
 * Everything that the server answers, and what answers it.
 *
 * @throws DialectError when a route of the dialect stands where the server has something of its own.
 */
export function createRoutes(context: Context, urls: EndpointUrls): Route[] {
  const { config, keys, watch, wires, isStopping } = context
  const { issuer } = config
  const base = pathOf(issuer).replace(/\/$/, '')
  const get = (kind: string, url: string | undefined, handler: Handler): Route[] =>
    url === undefined ? [] : [{ kind, method: 'GET', paths: [pathOf(url)], handler }]

  return distinct([
    ...wires.map((wire) => ({
      kind: wire.kind,
      method: wire.method,
      paths: wire.paths.map((path) => `${base}${path}`),
      handler: endpointOf[wire.kind](context, wire),
      toError: wire.toError,
    })),
    ...get('metadata', urls.metadata, metadataEndpoint(config, urls)),
    ...get('verification_keys', urls.verificationKeys, verificationKeysEndpoint(context)),
    ...get('jwks', urls.jwks, jwksEndpoint(keys)),
    ...get('revocations', urls.revocations, revocationFeedEndpoint(context)),
    ...get('docs', urls.docs, docsPage({ ...context, urls })),
    ...get('assets', `${issuer}/assets/latchkey.css`, stylesheetAsset),
    {
      kind: 'landing',
      method: 'GET',
      paths: [`${base}/`, ...(base ? [base] : [])],
      handler: redirectTo(urls.docs),
    },
    ...get('metrics', `${issuer}/metrics`, metricsEndpoint(context)),
    ...get('healthz', `${issuer}/healthz`, healthEndpoint),
    ...get('readyz', `${issuer}/readyz`, readinessEndpoint(watch, keys, isStopping)),
  ])
}

const pathOf = (url: string): string => new URL(url).pathname

function distinct(routes: Route[]): Route[] {
  const kinds = new Map<string, string>()
  for (const { kind, method, paths } of routes) {
    for (const path of paths) {
      const place = `${method} ${path}`
      const other = kinds.get(place)
      if (other !== undefined) {
        throw new DialectError(
          `dialect: ${place} cannot be a route for ${other}: the server has its ${kind} there. Choose another path.`,
        )
      }
      kinds.set(place, kind)
    }
  }
  return routes
}

/** Where things are, as clients are told: built from the configured issuer alone. */
export function endpointUrls({ config, wires }: Pick<Context, 'config' | 'wires'>): EndpointUrls {
  const { issuer } = config
  const { origin, pathname } = new URL(issuer)
  const ownUrl = (kind: string) => {
    const path = wires.find((wire) => wire.kind === kind)?.paths[0]
    return path === undefined ? undefined : `${issuer}${path}`
  }
  const urlOf = (kind: string) => ownUrl(kind) ?? issuer
  const isSymmetric = config.signingAlgorithm === 'HS256'
  return {
    metadata: `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`,
    authorization: urlOf('authorization'),
    token: urlOf('token'),
    refresh: ownUrl('refresh'),
    invalidate: ownUrl('invalidate'),
    revocation: urlOf('revocation'),
    introspection: urlOf('introspection'),
    jwks: isSymmetric ? undefined : `${issuer}/jwks`,
    verificationKeys: isSymmetric ? `${issuer}/verification-keys` : undefined,
    revocations: `${issuer}/revocations`,
    docs: `${issuer}/docs`,
    signIn: `${issuer}/sign-in`,
    chooseAccount: `${issuer}/choose-account`,
    consent: `${issuer}/consent`,
    signUp: `${issuer}/sign-up`,
    resetPassword: `${issuer}/reset-password`,
    signOut: `${issuer}/sign-out`,
    account: `${issuer}/account`,
    mail: undefined,
  }
}
