import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { startServer, type TestServer } from '../support/server.ts'

const formats = ['jwt', 'opaque'] as const

/** How a client may prove who it is: both that the metadata names. */
const authentications = { basic: client.ClientSecretBasic, post: client.ClientSecretPost }

function discover(
  server: TestServer,
  { id, secret }: { id: string; secret: string },
  authentication: (secret: string) => client.ClientAuth = client.ClientSecretBasic,
): Promise<client.Configuration> {
  return client.discovery(new URL(server.url), id, undefined, authentication(secret), {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  })
}

for (const accessTokenFormat of formats) {
  for (const [name, authentication] of Object.entries(authentications)) {
    test(`openid-client gets, introspects and revokes a token (${accessTokenFormat}, ${name})`, async () => {
      await using server = await startServer({ accessTokenFormat })
      const app = await discover(server, server.client, authentication)
      const api = await discover(server, server.resourceServer, authentication)
      const [kept, ended] = [await ask(app), await ask(app)]
      for (const configuration of [app, api]) {
        const answer = await client.tokenIntrospection(configuration, ended)
        assert.deepEqual(
          [answer.active, answer.client_id, answer.sub, answer.scope, answer.iss],
          [true, server.client.id, server.client.id, 'read', server.url],
        )
        assert.deepEqual([answer.aud].flat(), [server.latchkey.config.audience])
      }
      await client.tokenRevocation(app, ended, { token_type_hint: 'access_token' })
      for (const configuration of [app, api]) {
        assert.deepEqual(await client.tokenIntrospection(configuration, ended), { active: false })
        assert.equal((await client.tokenIntrospection(configuration, kept)).active, true)
      }
    })
  }
}

async function ask(configuration: client.Configuration): Promise<string> {
  const { access_token, token_type, scope, expiresIn } = await client.clientCredentialsGrant(configuration, {
    scope: 'read',
  })
  assert.deepEqual([token_type, scope], ['bearer', 'read'])
  const seconds = expiresIn() ?? 0
  assert.ok(seconds > 0 && seconds <= 3600)
  return access_token
}

test('openid-client revokes only what is its own: the API ends no token of the app', async () => {
  await using server = await startServer()
  const app = await discover(server, server.client)
  const api = await discover(server, server.resourceServer)
  const token = await ask(app)
  await client.tokenRevocation(api, token)
  assert.equal((await client.tokenIntrospection(app, token)).active, true)
})

test('openid-client learns by the standard code why it is refused', async () => {
  await using server = await startServer()
  const app = await discover(server, server.client)
  const stranger = await discover(server, { id: server.client.id, secret: 'a secret that is not its own' })
  await assert.rejects(
    client.clientCredentialsGrant(app, { scope: 'admin' }),
    (error) =>
      error instanceof client.ResponseBodyError && error.error === 'invalid_scope' && error.status === 400,
  )
  await assert.rejects(client.clientCredentialsGrant(stranger), (error) => isRefused(error, 401))
  await assert.rejects(client.tokenIntrospection(stranger, 'a token'), (error) => isRefused(error, 401))
})

/** The library reads the challenge where the server sends one (RFC 6749 §5.2), else the body. */
function isRefused(error: unknown, status: number): boolean {
  return (
    (error instanceof client.WWWAuthenticateChallengeError || error instanceof client.ResponseBodyError) &&
    error.status === status
  )
}

const insecure = { [oauth.allowInsecureRequests]: true }

for (const accessTokenFormat of formats) {
  test(`oauth4webapi gets, introspects and revokes a token (${accessTokenFormat})`, async () => {
    await using server = await startServer({ accessTokenFormat })
    const authorizationServer = await findServer(server)
    const self: oauth.Client = { client_id: server.client.id }
    const proof = oauth.ClientSecretBasic(server.client.secret)
    const api: oauth.Client = { client_id: server.resourceServer.id }
    const apiProof = oauth.ClientSecretBasic(server.resourceServer.secret)
    const introspect = async (who: oauth.Client, whoseProof: oauth.ClientAuth, token: string) => {
      const response = await oauth.introspectionRequest(authorizationServer, who, whoseProof, token, insecure)
      return oauth.processIntrospectionResponse(authorizationServer, who, response)
    }

    const granted = await oauth.clientCredentialsGrantRequest(
      authorizationServer,
      self,
      proof,
      { scope: 'read write' },
      insecure,
    )
    const { access_token: token, scope } = await oauth.processClientCredentialsResponse(
      authorizationServer,
      self,
      granted,
    )
    assert.equal(scope, 'read write')
    assert.equal((await introspect(self, proof, token)).active, true)
    assert.equal((await introspect(api, apiProof, token)).active, true)

    const revoked = await oauth.revocationRequest(authorizationServer, self, proof, token, insecure)
    await oauth.processRevocationResponse(revoked)
    assert.deepEqual(await introspect(self, proof, token), { active: false })
    assert.deepEqual(await introspect(api, apiProof, token), { active: false })
  })
}

test('oauth4webapi takes our JWT for an access token of RFC 9068, by the published keys', async () => {
  await using server = await startServer()
  const token = await ask(await discover(server, server.client))
  const { audience } = server.latchkey.config
  const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } })
  const claims = await oauth.validateJwtAccessToken(await findServer(server), request, audience, insecure)
  assert.deepEqual([claims.client_id, claims.sub, claims.scope], [server.client.id, server.client.id, 'read'])
  await assert.rejects(
    oauth.validateJwtAccessToken(await findServer(server), request, 'https://other.example', insecure),
  )
})

async function findServer(server: TestServer): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.url)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, response)
}
