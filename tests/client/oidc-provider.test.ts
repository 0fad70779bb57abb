import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { memoryStore, refreshToken } from '@latchkey/client'
import { privateKeyJwt } from '@latchkey/client/private-key-jwt'
import { tokenLifetimeSeconds } from './servers/authorization-server.ts'
import { startOidcProvider } from './servers/oidc-provider.ts'
import { call, failing, setScene } from './suite/scene.ts'
import { clientSuite } from './suite.ts'

clientSuite('oidc-provider', startOidcProvider)

/** The suite's scene, with the server's client that has a private key. */
async function setSigningScene(context: TestContext) {
  const server = await startOidcProvider()
  const scene = await setScene(context, async () => server)
  const { clientId, privateKey } = server.signingApp
  const app = { clientId, clientSecret: undefined, auth: privateKeyJwt({ key: await importKey(privateKey) }) }
  return { ...scene, server, app }
}

function importKey(key: KeyObject): Promise<CryptoKey> {
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
  return crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

test('a client with a private key signs each of its requests anew', async (context) => {
  await using scene = await setSigningScene(context)
  const { server, app } = scene
  const client = scene.client(app)
  const grant = refreshToken(await server.connect(app.clientId))
  const connected = scene.client({ ...app, grant, store: memoryStore() })
  for (const one of [client, connected, client, connected]) {
    assert.equal(await call(one, server.api.url), 200)
    scene.pass(tokenLifetimeSeconds + 1)
  }
  const assertions = server.proxy.tokenRequests.map(({ parameters }) => parameters.get('client_assertion'))
  assert.equal(assertions.length, 4)
  assert.equal(new Set(assertions).size, 4)
})

test('a request that is sent again is signed again: an assertion is good once', async (context) => {
  await using scene = await setSigningScene(context)
  const { server, app } = scene
  server.proxy.next({ kind: 'lose' })
  assert.equal(await call(scene.client(app), server.api.url), 200)
  assert.equal(scene.requests(), 2)
})

test('another key is refused', async (context) => {
  await using scene = await setSigningScene(context)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const auth = privateKeyJwt({ key: await importKey(privateKey) })
  const client = scene.client({ ...scene.app, auth })
  await assert.rejects(
    client.getToken(),
    failing('request_refused', { error: 'invalid_client', status: 401 }),
  )
})
