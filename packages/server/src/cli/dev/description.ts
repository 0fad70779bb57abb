import type { DemoUser } from '../../pages/page-context.ts'
import type { Latchkey } from '../../server.ts'
import type { Demo } from './demo.ts'
import type { SignInLink } from './sign-in-link.ts'

/**
 * What `latchkey dev --json` prints, one line: a contract with scripts and tests. A member is null where this server
 * has no such thing.
 */
export interface Description {
  issuer: string
  dialect: string
  database: string
  routes: { kind: string; method: string; url: string }[]
  endpoints: Record<
    | 'token'
    | 'authorization'
    | 'revocation'
    | 'introspection'
    | 'jwks'
    | 'metadata'
    | 'refresh'
    | 'invalidate'
    | 'docs'
    | 'account'
    | 'developers'
    | 'admin'
    | 'mail'
    | 'api',
    string | null
  >
  client: { client_id: string; client_secret: string; redirect_uri: string | null }
  public_client: { client_id: string; redirect_uri: string } | null
  resource_server: { client_id: string; client_secret: string }
  users: readonly DemoUser[]
  api_key: string | null
}

/** Describes a server that runs with its demo data. */
export function describe(
  latchkey: Latchkey,
  demo: Demo,
  { redirectUri }: SignInLink,
  apiKey: string | undefined,
): Description {
  const { config, dialect, routes, urls } = latchkey
  const { origin } = new URL(config.issuer)
  return {
    issuer: config.issuer,
    dialect: dialect.name,
    database: withoutPassword(config.database),
    routes: routes.flatMap(({ kind, method, paths }) =>
      paths.map((path) => ({ kind, method, url: `${origin}${path}` })),
    ),
    endpoints: {
      token: urls.token,
      authorization: urls.authorization,
      revocation: urls.revocation,
      introspection: urls.introspection,
      jwks: urls.jwks ?? null,
      metadata: urls.metadata,
      refresh: urls.refresh ?? null,
      invalidate: urls.invalidate ?? null,
      docs: urls.docs,
      account: urls.account,
      developers: null,
      admin: null,
      mail: urls.mail ?? null,
      api: config.audience,
    },
    client: {
      client_id: demo.client.id,
      client_secret: demo.client.secret,
      redirect_uri: redirectUri,
    },
    public_client: { client_id: demo.publicClient.id, redirect_uri: redirectUri },
    resource_server: { client_id: demo.resourceServer.id, client_secret: demo.resourceServer.secret },
    users: demo.users,
    api_key: apiKey ?? null,
  }
}

function withoutPassword(database: string): string {
  if (!URL.canParse(database)) return database
  const url = new URL(database)
  if (url.password === '') return database
  url.password = '***'
  return url.href
}
