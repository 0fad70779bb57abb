import type { Handler } from './base/handler.ts'
import { pathOf } from './base/path-of.ts'
import type { Config } from './config/config.ts'
import type { EndpointUrls } from './config/endpoint-urls.ts'
import type { Context } from './context.ts'
import type { Wire } from './dialects/compile.ts'
import { DialectError, type RouteKind } from './dialects/dialect.ts'
import type { ErrorPage } from './endpoints/endpoint.ts'
import { healthEndpoint, readinessEndpoint } from './endpoints/health.ts'
import { introspectionEndpoint } from './endpoints/introspection.ts'
import { invalidationEndpoint } from './endpoints/invalidation.ts'
import { jwksEndpoint } from './endpoints/jwks.ts'
import { metadataEndpoint } from './endpoints/metadata.ts'
import { metricsEndpoint } from './endpoints/metrics-endpoint.ts'
import { revocationEndpoint } from './endpoints/revocation.ts'
import { revocationFeedEndpoint } from './endpoints/revocation-feed.ts'
import { tokenEndpoint } from './endpoints/token.ts'
import { verificationKeysEndpoint } from './endpoints/verification-keys.ts'
import { accountPage, changePasswordForm, changePasswordPage, disconnectForm } from './pages/account.ts'
import { formPostAsset, logoAsset, noIcon, stylesheetAsset } from './pages/assets.ts'
import { authorizationPage } from './pages/authorize.ts'
import { chooseAccountForm, chooseAccountPage } from './pages/choose-account.ts'
import { consentForm } from './pages/consent.ts'
import { docsPage } from './pages/docs.ts'
import { errorPage } from './pages/error-page.ts'
import { redirectTo } from './pages/layout.ts'
import { outboxPage } from './pages/outbox.ts'
import {
  newPasswordForm,
  newPasswordPage,
  resetPasswordForm,
  resetPasswordPage,
} from './pages/reset-password.ts'
import { signInForm, signInPage } from './pages/sign-in.ts'
import { signedOutPage, signOutEverywhereForm, signOutForm, signOutPage } from './pages/sign-out.ts'
import { finishSignUpForm, finishSignUpPage, signUpForm, signUpPage } from './pages/sign-up.ts'

/** One thing that the server answers. */
export interface Route {
  kind: string
  method: 'GET' | 'POST'
  /** Whole paths, the issuer's own path included; the first is the one that is advertised. */
  paths: readonly string[]
  handler: Handler
  toError?: Wire['toError']
  /** Where a person sees it: how errors are shown. */
  errorPage?: ErrorPage
}

const endpointOf: Record<RouteKind, (context: Context, wire: Wire) => Handler> = {
  authorization: authorizationPage,
  token: tokenEndpoint,
  refresh: tokenEndpoint,
  invalidate: invalidationEndpoint,
  revocation: revocationEndpoint,
  introspection: introspectionEndpoint,
}

/**
 * Everything that the server answers, and what answers it.
 *
 * @throws DialectError when a route of the dialect stands where the server has something of its own.
 */
export function createRoutes(context: Context): Route[] {
  const { config, keys, watch, wires, urls, isStopping } = context
  const { issuer } = config
  const base = pathOf(issuer).replace(/\/$/, '')
  const showError = errorPage(context)
  const logo = logoAsset(config)
  const get = (kind: string, url: string | undefined, handler: Handler): Route[] =>
    url === undefined ? [] : [{ kind, method: 'GET', paths: [pathOf(url)], handler }]
  const page = (
    kind: string,
    url: string | undefined,
    show: Handler | undefined,
    submit?: Handler,
  ): Route[] =>
    url === undefined
      ? []
      : [
          ...(show ? [pageRoute(kind, 'GET', url, show, showError)] : []),
          ...(submit ? [pageRoute(kind, 'POST', url, submit, showError)] : []),
        ]

  return distinct([
    ...wires.map((wire) => ({
      kind: wire.kind,
      method: wire.method,
      paths: wire.paths.map((path) => `${base}${path}`),
      handler: endpointOf[wire.kind](context, wire),
      toError: wire.toError,
      ...(wire.kind === 'authorization' ? { errorPage: showError } : {}),
    })),
    ...page('sign_in', urls.signIn, signInPage(context), signInForm(context)),
    ...page('choose_account', urls.chooseAccount, chooseAccountPage(context), chooseAccountForm(context)),
    ...page('consent', urls.consent, undefined, consentForm(context)),
    ...page('sign_up', urls.signUp, signUpPage(context), signUpForm(context)),
    ...page('sign_up', `${urls.signUp}/confirm`, finishSignUpPage(context), finishSignUpForm(context)),
    ...page('reset_password', urls.resetPassword, resetPasswordPage(context), resetPasswordForm(context)),
    ...page(
      'reset_password',
      `${urls.resetPassword}/confirm`,
      newPasswordPage(context),
      newPasswordForm(context),
    ),
    ...page('sign_out', urls.signOut, signOutPage(context), signOutForm(context)),
    ...page('sign_out', `${issuer}/signed-out`, signedOutPage(context)),
    ...page('account', urls.account, accountPage(context)),
    ...page('account', `${urls.account}/disconnect`, undefined, disconnectForm(context)),
    ...page('account', `${urls.account}/sign-out-everywhere`, undefined, signOutEverywhereForm(context)),
    ...page('account', `${urls.account}/password`, changePasswordPage(context), changePasswordForm(context)),
    ...page('mail', urls.mail, outboxPage(context)),
    ...get('metadata', urls.metadata, metadataEndpoint(config, urls)),
    ...get('verification_keys', urls.verificationKeys, verificationKeysEndpoint(context)),
    ...get('jwks', urls.jwks, jwksEndpoint(keys)),
    ...get('revocations', urls.revocations, revocationFeedEndpoint(context)),
    ...get('docs', urls.docs, docsPage(context)),
    ...get('assets', `${issuer}/assets/latchkey.css`, stylesheetAsset(config)),
    ...get('assets', `${issuer}/assets/form-post.js`, formPostAsset),
    ...(logo ? get('assets', `${issuer}/assets/logo`, logo) : []),
    ...get('assets', `${issuer}/favicon.ico`, logo ?? noIcon),
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

const pageRoute = (
  kind: string,
  method: 'GET' | 'POST',
  url: string,
  handler: Handler,
  showError: ErrorPage,
): Route => ({ kind, method, paths: [pathOf(url)], handler, errorPage: showError })

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
export function endpointUrls({
  config,
  wires,
  keepsOutbox,
}: {
  config: Config
  wires: readonly Wire[]
  keepsOutbox: boolean
}): EndpointUrls {
  const { issuer } = config
  const { origin, pathname } = new URL(issuer)
  const ownUrl = (kind: RouteKind) => {
    const path = wires.find((wire) => wire.kind === kind)?.paths[0]
    return path === undefined ? undefined : `${issuer}${path}`
  }
  const urlOf = (kind: RouteKind) => ownUrl(kind) ?? issuer
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
    mail: keepsOutbox ? `${issuer}/mail` : undefined,
  }
}
