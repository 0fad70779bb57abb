import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { basic, postForm } from '../../support/server.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { startApi } from './api.ts'
import {
  type AppCredentials,
  type AuthorizationServer,
  randomText,
  tokenLifetimeSeconds,
} from './authorization-server.ts'
import { memoryAdapter } from './memory-adapter.ts'

export interface OidcProvider extends AuthorizationServer {
  /** A client that proves itself by assertions, signed with the private key. */
  signingApp: { clientId: string; privateKey: KeyObject }
}

const redirectUri = 'https://app.example.com/callback'
const accountId = 'jane.black'
/** What the apps may ask for. */
const scope = 'read'

/** `oidc-provider`: it rotates refresh tokens, and a second use of one ends the connection. Its API introspects. */
export async function startOidcProvider(): Promise<OidcProvider> {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(await startFaultProxy(['/token']))
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const apps = { app: newApp('app'), postApp: newApp('post-app') }
  const ownApi = newApp('api')
  const clients = clientsOf({ ...apps, ownApi, publicKey })
  const provider = new Provider(proxy.url, { ...configuration, adapter: memoryAdapter(), clients })
  const url = await serve(provider, stack)
  proxy.forwardTo(url)
  const check = (request: Request, needsWrite: boolean) => introspect(url, ownApi, request, needsWrite)
  const api = stack.use(await startApi(check))
  const revoke = async (token: string) => {
    await postForm(`${url}/token/revocation`, { token }, encoded(apps.app))
  }
  const resources = stack.move()
  return {
    proxy,
    api,
    place: { issuer: proxy.url },
    ...apps,
    publicApp: { clientId: 'public-app' },
    signingApp: { clientId: 'signing-app', privateKey },
    connect: (clientId) => saveModel(provider, 'RefreshToken', clientId, { rotations: 0 }),
    makeCode: () => makeCode(provider, apps.app.clientId),
    revokeAccessToken: revoke,
    endConnection: revoke,
    rotates: true,
    afterLostAnswer: 'ends',
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

const day = 86_400

const configuration = {
  scopes: [scope, 'write'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
  },
  ttl: {
    AccessToken: tokenLifetimeSeconds,
    ClientCredentials: tokenLifetimeSeconds,
    AuthorizationCode: 60,
    RefreshToken: day,
    Grant: day,
  },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [newSigningKey()] },
  cookies: { keys: ['a key of the tests'] },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
}

/** Its secret holds what Basic and forms must encode. */
const newApp = (clientId: string): AppCredentials => ({ clientId, clientSecret: `${randomText()}:+/%&="` })

/** RFC 6749 §2.3.1. */
const encoded = ({ clientId, clientSecret }: AppCredentials) => ({
  id: encodeURIComponent(clientId),
  secret: encodeURIComponent(clientSecret),
})

interface Apps extends Record<'app' | 'postApp' | 'ownApi', AppCredentials> {
  /** Of the app that signs. */
  publicKey: KeyObject
}

function clientsOf({ app, postApp, ownApi, publicKey }: Apps) {
  const connecting = ['authorization_code', 'refresh_token']
  return [
    client(app, 'client_secret_basic'),
    client(postApp, 'client_secret_post'),
    client(ownApi, 'client_secret_basic'),
    { ...client({ clientId: 'public-app' }, 'none'), grant_types: connecting },
    {
      ...client({ clientId: 'signing-app' }, 'private_key_jwt'),
      jwks: { keys: [publicKey.export({ format: 'jwk' })] },
    },
  ]
}

function client({ clientId, clientSecret }: Partial<AppCredentials>, method: string) {
  return {
    client_id: clientId,
    scope,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    token_endpoint_auth_method: method,
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
    redirect_uris: [redirectUri],
    response_types: ['code'],
  }
}

function newSigningKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }
}

async function serve(provider: Provider, stack: AsyncDisposableStack): Promise<string> {
  const server = createServer(provider.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What a person's consent leads to. */
async function saveModel(
  provider: Provider,
  name: 'RefreshToken' | 'AuthorizationCode',
  clientId: string,
  members: Record<string, unknown>,
): Promise<string> {
  const grant = new provider.Grant({ clientId, accountId })
  grant.addOIDCScope(scope)
  const grantId = await grant.save()
  const client = await provider.Client.find(clientId)
  const gty = 'authorization_code'
  return new provider[name]({ client, accountId, grantId, gty, scope, ...members }).save()
}

async function makeCode(provider: Provider, clientId: string) {
  const codeVerifier = randomText() + randomText()
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
  const pkce = { codeChallenge, codeChallengeMethod: 'S256' }
  const code = await saveModel(provider, 'AuthorizationCode', clientId, { redirectUri, ...pkce })
  return { code, codeVerifier, redirectUri }
}

/** RFC 7662, asked as the API. */
async function introspect(
  url: string,
  ownApi: AppCredentials,
  request: Request,
  needsWrite: boolean,
): Promise<Response> {
  const { id, secret } = encoded(ownApi)
  const token = request.headers.get('authorization')?.replace(/^Bearer /, '') ?? ''
  const answer = await fetch(`${url}/token/introspection`, {
    method: 'POST',
    headers: { authorization: basic(id, secret) },
    body: new URLSearchParams({ token }),
  })
  const { active, scope = '' } = (await answer.json()) as { active: boolean; scope?: string }
  const challenge = (error: string) => ({ 'www-authenticate': `Bearer error="${error}"` })
  if (!active) return new Response(null, { status: 401, headers: challenge('invalid_token') })
  if (!scope.split(' ').includes(needsWrite ? 'write' : 'read'))
    return new Response(null, { status: 403, headers: challenge('insufficient_scope') })
  return Response.json({})
}
