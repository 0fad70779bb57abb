import {
  bare,
  basic,
  bearer,
  type Credential,
  createGuard,
  type Guard,
  header,
  query,
  scheme,
} from '@latchkey/guard'
import { protect } from '@latchkey/guard/fetch'
import type { CredentialPresentation } from '../../dialects/dialect.ts'
import { apiPlacesOf, presentationsOf } from '../../dialects/presentation.ts'
import type { Latchkey } from '../../server.ts'
import type { DemoClient } from './demo.ts'

/** The owner's API, as `latchkey dev` plays it: three routes, guarded as an owner would guard them. */
export interface SampleApi {
  isFor(request: Request): boolean
  fetch(request: Request): Promise<Response>
}

type Handler = (request: Request) => Promise<Response>

/** Where the API is, and each prefix of it that takes credentials in its own way, has a guard of its own. */
export function createSampleApi(latchkey: Latchkey, resourceServer: DemoClient): SampleApi {
  const { config, dialect } = latchkey
  const guardFor = (credentials: readonly CredentialPresentation[]) =>
    createGuard({
      issuer: config.issuer,
      audience: config.audience,
      clientId: resourceServer.id,
      clientSecret: resourceServer.secret,
      credentials: credentials.map(toCredential),
      algorithms: [config.signingAlgorithm],
      clockToleranceSeconds: 0,
      fetch: latchkey.fetch,
      revocations: latchkey.revocations,
      resourceMetadata: {
        scopes_supported: Object.keys(config.scopes),
        resource_documentation: latchkey.urls.docs,
      },
    })
  const guard = guardFor(presentationsOf(config.audience, dialect))
  const scopes = Object.keys(config.scopes)
  const routes = new Map([
    ...apiPlacesOf(config.audience, dialect).flatMap(({ url, credentials }) =>
      routesUnder(new URL(url).pathname, guardFor(credentials), scopes),
    ),
    ...routesUnder(apiPath, guard, scopes),
  ])
  // A dialect may put the server's own endpoints under the API's prefix.
  const serverPaths = new Set(latchkey.routes.flatMap(({ paths }) => paths))
  const isTheirs = (pathname: string) => isUnderApi(pathname) && !serverPaths.has(pathname)
  return {
    isFor: (request) => isTheirs(new URL(request.url).pathname) || isResourceMetadata(request),
    async fetch(request) {
      if (isResourceMetadata(request)) return Response.json(guard.resourceMetadata())
      const handler = routes.get(new URL(request.url).pathname)
      // Where there is nothing, the server says so in the words of its dialect.
      return handler ? handler(request) : latchkey.fetch(request)
    },
  }
}

const apiPath = '/api'

function routesUnder(base: string, guard: Guard, scopes: readonly string[]): [path: string, Handler][] {
  const info = protect(guard, {}, () => Response.json({ message: 'Your credential is valid.' }))
  const whoami = protect(guard, {}, (_, principal) =>
    Response.json({
      subject: principal.subject,
      client_id: principal.clientId,
      scope: principal.scope,
      credential: principal.credential,
      expires_at: principal.expiresAt,
    }),
  )
  return [
    [`${base}/info`, info],
    [`${base}/whoami`, whoami],
    ...scopes.map((scope): [string, Handler] => [
      `${base}/scopes/${scope}`,
      protect(guard, { scope }, () => Response.json({ scope, message: 'Allowed.' })),
    ]),
  ]
}

const isUnderApi = (pathname: string): boolean => pathname === apiPath || pathname.startsWith(`${apiPath}/`)

const isResourceMetadata = (request: Request): boolean =>
  new URL(request.url).pathname === `/.well-known/oauth-protected-resource${apiPath}`

function toCredential(presentation: CredentialPresentation): Credential {
  if ('bare' in presentation) return bare()
  if ('header' in presentation) return header(presentation.header)
  if ('query' in presentation) return query(presentation.query)
  if ('basic' in presentation) return basic(presentation.basic)
  const { scheme: name, parameter } = presentation
  if (parameter !== undefined) return scheme(name, { parameter })
  return name === 'Bearer' ? bearer() : scheme(name)
}
