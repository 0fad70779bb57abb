import { createHash } from 'node:crypto'
import { listen } from '@latchkey/server'
import OAuth2Server from '@node-oauth/oauth2-server'
import { startFaultProxy } from '../fault-proxy.ts'
import { startApi } from './api.ts'
import { type AuthorizationServer, randomText, tokenLifetimeSeconds } from './authorization-server.ts'

type Token = OAuth2Server.Token
type Client = OAuth2Server.Client
type User = OAuth2Server.User
type Code = OAuth2Server.AuthorizationCode
const { Request: OAuthRequest, Response: OAuthResponse, OAuthError } = OAuth2Server

/**
 * `@node-oauth/oauth2-server` over what is in memory: a refresh token is good once, and nothing is forgiven.
 *
 * `isRotating: false`: answers to a refresh have no refresh token, and the one that is there stays good.
 */
export async function startNodeOauth({ isRotating = true } = {}): Promise<AuthorizationServer> {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(await startFaultProxy(['/token']))
  const tables = createTables()
  const server = new OAuth2Server({
    model: createModel(tables),
    accessTokenLifetime: tokenLifetimeSeconds,
    alwaysIssueNewRefreshToken: isRotating,
    requireClientAuthentication: { refresh_token: false },
  })
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  stack.defer(() => listener.close())
  listener.serve((request) => answerToken(server, request))
  proxy.forwardTo(`http://127.0.0.1:${listener.port}`)
  const api = stack.use(await startApi((request, needsWrite) => answerApi(server, request, needsWrite)))
  const app = { clientId: 'app', clientSecret: tables.secret }
  const resources = stack.move()
  return {
    proxy,
    api,
    place: { tokenEndpoint: `${proxy.url}/token` },
    app,
    postApp: app,
    publicApp: { clientId: 'public-app' },
    connect: async (clientId) => connect(tables, clientId),
    makeCode: async () => makeCode(tables),
    revokeAccessToken: async (token) => forget(tables, token),
    endConnection: async (token) => forget(tables, token),
    rotates: isRotating,
    afterLostAnswer: isRotating ? 'ends' : 'lives',
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

const redirectUri = 'https://app.example.com/callback'
/** What the apps may ask for. */
const scopes = ['read']
const user = { name: 'Jane Black' }

function createTables() {
  const grants = ['client_credentials', 'authorization_code', 'refresh_token']
  const clients = ['app', 'public-app'].map((id): Client => ({ id, grants, redirectUris: [redirectUri] }))
  return { secret: randomText(), clients, tokens: new Set<Token>(), codes: new Map<string, Code>() }
}

type Tables = ReturnType<typeof createTables>

function clientOf({ clients }: Tables, id: string): Client {
  const client = clients.find((client) => client.id === id)
  if (!client) throw new Error(`There is no client ${id}.`)
  return client
}

/** What the library asks of whoever keeps its tokens. */
function createModel(tables: Tables) {
  const { secret, clients, tokens, codes } = tables
  const find = (text: string) => [...tokens].find(({ refreshToken }) => refreshToken === text)
  return {
    getClient: async (id: string, given: string | undefined) =>
      clients.find((client) => client.id === id && (id === 'public-app' || given === secret)),
    async saveToken(token: Token, client: Client, user: User) {
      const saved = { ...token, client, user }
      tokens.add(saved)
      return saved
    },
    getAccessToken: async (text: string) => [...tokens].find(({ accessToken }) => accessToken === text),
    async getRefreshToken(text: string) {
      const found = find(text)
      return found && { ...found, refreshToken: text }
    },
    async revokeToken({ refreshToken }: OAuth2Server.RefreshToken) {
      const found = find(refreshToken)
      if (found) delete found.refreshToken
      return found !== undefined
    },
    getAuthorizationCode: async (code: string) => codes.get(code),
    saveAuthorizationCode: async () => undefined,
    revokeAuthorizationCode: async ({ authorizationCode }: Code) => codes.delete(authorizationCode),
    getUserFromClient: async ({ id }: Client) => ({ id }),
    validateScope: async (_: User, __: Client, scope: string[] = scopes) =>
      scope.every((one) => scopes.includes(one)) && scope,
    verifyScope: async ({ scope = [] }: Token, needed: string[]) =>
      needed.every((one) => scope.includes(one)),
  }
}

/** A connection as it is after a while: with an access token that has expired. */
function connect(tables: Tables, clientId: string): string {
  const [accessToken, refreshToken] = [randomText(), randomText()]
  const client = clientOf(tables, clientId)
  const accessTokenExpiresAt = new Date(0)
  tables.tokens.add({ accessToken, accessTokenExpiresAt, refreshToken, scope: scopes, client, user })
  return refreshToken
}

function makeCode(tables: Tables) {
  const [code, codeVerifier] = [randomText(), randomText() + randomText()]
  tables.codes.set(code, {
    authorizationCode: code,
    expiresAt: new Date(Date.now() + 60_000),
    redirectUri,
    scope: scopes,
    client: clientOf(tables, 'app'),
    user,
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    codeChallengeMethod: 'S256',
  })
  return { code, codeVerifier, redirectUri }
}

function forget({ tokens }: Tables, text: string): void {
  for (const token of tokens)
    if (token.accessToken === text || token.refreshToken === text) tokens.delete(token)
}

async function readRequest(request: Request) {
  const body = Object.fromEntries(new URLSearchParams(await request.text()))
  const headers = Object.fromEntries(request.headers)
  return new OAuthRequest({ headers, method: request.method, query: {}, body })
}

async function answerToken(server: OAuth2Server, request: Request): Promise<Response> {
  const response = new OAuthResponse()
  // What it throws is in the response as well.
  await server.token(await readRequest(request), response).catch(() => undefined)
  return Response.json(response.body, { status: response.status ?? 500, headers: response.headers ?? {} })
}

async function answerApi(server: OAuth2Server, request: Request, needsWrite: boolean): Promise<Response> {
  const response = new OAuthResponse()
  try {
    const scope = needsWrite ? ['write'] : ['read']
    await server.authenticate(await readRequest(request), response, { scope })
    return Response.json({})
  } catch (error) {
    const status = error instanceof OAuthError ? error.code : 500
    return new Response(null, { status, headers: response.headers ?? {} })
  }
}
