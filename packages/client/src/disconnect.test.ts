import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../../tests/support/eventually.ts'
import { type DisconnectOptions, disconnect } from './disconnect.ts'
import {
  authorizationCode,
  type ClientOptions,
  createTokenClient,
  type Grant,
  memoryStore,
  password,
  refreshToken,
} from './index.ts'
import { makeClock } from './testing/clock.ts'
import { makeStore } from './testing/faulty-store.ts'
import { endTimeBySilence } from './testing/silence.ts'
import { granted, type Respond, startTokenServer, type TokenServer } from './testing/token-server.ts'

const hourMs = 3_600_000

/** A server whose revocation endpoint answers 200, unless it is told otherwise. */
async function setScene(revoke: Respond = () => ({})) {
  const server = await startTokenServer()
  const { respond } = server
  server.respond = (request) => (request.path === '/revoke' ? revoke(request) : respond(request))
  const clock = makeClock()
  const options = { ...server.options, grant: refreshToken('start') as Grant, clock }
  const revocationEndpoint = `${server.url}/revoke`
  return {
    server,
    clock,
    make: (more: Partial<ClientOptions>) => createTokenClient({ ...options, ...more }),
    end: (more: Partial<DisconnectOptions> & Pick<DisconnectOptions, 'store'>) =>
      disconnect({ ...options, revocationEndpoint, ...more }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const revoked = ({ requests }: TokenServer) =>
  requests.filter(({ path }) => path === '/revoke').map(({ form }) => `${form.token_type_hint} ${form.token}`)

test('a connection is ended at the server, as this client, and then forgotten', async () => {
  await using scene = await setScene()
  const { store, text } = makeStore()
  await scene.make({ store }).getToken()
  await scene.end({ store })
  assert.equal(text(), undefined)
  const [request] = scene.server.requests.slice(1)
  assert.deepEqual(
    [request?.method, request?.path, request?.form],
    ['POST', '/revoke', { token: 'refresh-1', token_type_hint: 'refresh_token' }],
  )
  assert.equal(request?.headers.authorization, `Basic ${btoa('app:a-secret-of-the-app')}`)
})

test('a client with the same store finds out when it next renews, and asks nobody', async () => {
  await using scene = await setScene()
  const store = memoryStore()
  const client = scene.make({ store, grant: authorizationCode({ code: 'code' }) })
  scene.server.queue.push(granted('one', { refresh_token: 'refresh' }))
  await client.getToken()
  await scene.end({ store })
  assert.equal(await client.getToken(), 'one')
  scene.clock.advance(hourMs)
  const { length } = scene.server.requests
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  assert.equal(scene.server.requests.length, length)
})

test('where there is no refresh token the access token is ended', async () => {
  await using scene = await setScene()
  const { store, text } = makeStore()
  const grant = authorizationCode({ code: 'code' })
  await scene.make({ store, grant }).getToken()
  await scene.end({ store, grant })
  assert.deepEqual(revoked(scene.server), ['access_token token-1'])
  assert.equal(text(), undefined)
})

test('what a grant got that can be asked again is ended too, with the options it was got with', async () => {
  await using scene = await setScene()
  const { store, text } = makeStore()
  const grant = password({ username: 'jane', password: 'a word' })
  const options = { store, grant, scope: 'read', resource: 'https://api.example.com' }
  scene.server.queue.push(granted('one', { refresh_token: 'of jane' }))
  await scene.make(options).getToken()
  await scene.end(options)
  assert.deepEqual(revoked(scene.server), ['refresh_token of jane'])
  assert.equal(text(), undefined)
})

test('client credentials are ended by their access token', async () => {
  await using scene = await setScene()
  const { store, text } = makeStore()
  await scene.make({ store, grant: undefined }).getToken()
  await scene.end({ store, grant: undefined })
  assert.deepEqual(revoked(scene.server), ['access_token token-1'])
  assert.equal(text(), undefined)
})

test('an empty store is no connection: nobody is asked', async () => {
  await using scene = await setScene()
  await scene.end({ store: memoryStore() })
  assert.equal(scene.server.requests.length, 0)
})

test('the tokens of another client are neither ended nor forgotten', async () => {
  await using scene = await setScene()
  const { store, text } = makeStore()
  await scene.make({ store, clientId: 'other' }).getToken()
  const before = text()
  await assert.rejects(scene.end({ store }), { code: 'store_mismatch' })
  assert.equal(text(), before)
  assert.deepEqual(revoked(scene.server), [])
})

test('without a store there is nothing to end: a TypeError says to give one', async () => {
  await using scene = await setScene()
  const { options } = scene.server
  for (const given of [options, { ...options, store: undefined }])
    await assert.rejects(disconnect(given as unknown as DisconnectOptions), {
      name: 'TypeError',
      message: /give the store/,
    })
  assert.equal(scene.server.requests.length, 0)
})

for (const revocationEndpoint of [
  'http://as.example.com/revoke',
  'ftp://as.example.com/revoke',
  'https://:hush@as.example.com/revoke',
  '/revoke',
  '',
]) {
  test(`no token is sent to a revocation endpoint ${JSON.stringify(revocationEndpoint)}, and none is forgotten`, async () => {
    await using scene = await setScene()
    const { store, text } = makeStore()
    await scene.make({ store }).getToken()
    const before = text()
    await assert.rejects(scene.end({ store, revocationEndpoint }), (thrown: Error) => {
      assert.ok(thrown instanceof TypeError)
      assert.match(thrown.message, /revocationEndpoint/)
      assert.ok(!thrown.message.includes('hush'))
      return true
    })
    assert.equal(text(), before)
    assert.equal(scene.server.requests.length, 1)
  })
}

for (const hasLock of [true, false])
  test(`what another user of a store ${hasLock ? 'with' : 'without'} a lock renewed meanwhile is ended as well`, async () => {
    const { store, text, put } = makeStore({ hasLock })
    await using scene = await setScene(async ({ form }) => {
      if (form.token === 'refresh-1') await put(text()?.replace('refresh-1', 'refresh-of-the-other'))
      return {}
    })
    await scene.make({ store }).getToken()
    await scene.end({ store })
    assert.deepEqual(revoked(scene.server), ['refresh_token refresh-1', 'refresh_token refresh-of-the-other'])
    assert.equal(text(), undefined)
  })

for (const [what, answer, code] of [
  ['is down', { status: 503 }, 'server_unavailable'],
  ['is not reached', 'cut', 'server_unavailable'],
  ['is silent', 'silence', 'timeout'],
  ['limits', { status: 429 }, 'rate_limited'],
  ['refuses the client', { status: 401, body: { error: 'invalid_client' } }, 'request_refused'],
  ['redirects', { status: 302, headers: { location: '/elsewhere' } }, 'request_refused'],
] as const)
  test(`where the server ${what} that is told, and the tokens are kept: it can be tried again`, async () => {
    let isWell = false
    await using scene = await setScene(() => (isWell ? {} : answer))
    const { store, text } = makeStore()
    await scene.make({ store }).getToken()
    const before = text()
    const patience = answer === 'silence' ? { timeoutMs: 100 } : {}
    await assert.rejects(scene.end({ store, ...patience }), { name: 'TokenError', code })
    assert.equal(text(), before)
    isWell = true
    await scene.end({ store })
    assert.equal(text(), undefined)
  })

test('a store that fails is told as that', async () => {
  await using scene = await setScene()
  const { store, faults } = makeStore()
  await scene.make({ store }).getToken()
  for (const member of ['get', 'compareAndSet', 'lock'] as const) {
    faults[member] = 'throws'
    await assert.rejects(scene.end({ store }), { name: 'TokenError', code: 'store_failed' })
    delete faults[member]
  }
})

for (const member of ['lock', 'get', 'compareAndSet'] as const)
  test(`where the store hangs in its ${member} the waiting ends, and nothing is done later`, async (context) => {
    const endTime = endTimeBySilence(context, 45_000)
    await using scene = await setScene()
    const { store, faults, hanging, letGo, text } = makeStore()
    await scene.make({ store }).getToken()
    endTime()
    faults[member] = 'hangs'
    const ended = scene.end({ store })
    await eventually(() => hanging() > 0)
    const before = revoked(scene.server).length
    endTime()
    await assert.rejects(ended, { name: 'TokenError', code: 'timeout', message: /hangs.*store/ })
    letGo()
    delete faults[member]
    await store.lock?.(() => delay(50))
    assert.equal(revoked(scene.server).length, before)
    await scene.end({ store })
    assert.deepEqual([revoked(scene.server), text()], [['refresh_token refresh-1'], undefined])
  })

test('with a token endpoint alone it must be said where tokens are revoked', async () => {
  await using scene = await setScene()
  const { store, text } = makeStore()
  await scene.make({ store }).getToken()
  const before = text()
  await assert.rejects(scene.end({ store, revocationEndpoint: undefined }), {
    name: 'TypeError',
    message: /give revocationEndpoint/,
  })
  assert.equal(text(), before)
})

/** A server that is found by its metadata. */
async function setDiscovery(more: Record<string, unknown>) {
  const server = await startTokenServer()
  server.respond = ({ path }) => {
    const { url: issuer, tokenEndpoint: token_endpoint } = server
    if (path.startsWith('/.well-known')) return { body: { issuer, token_endpoint, ...more } }
    return path === '/revoke' ? {} : granted('token', { refresh_token: 'refresh' })
  }
  const { store, text } = makeStore()
  const { clientId, clientSecret } = server.options
  const options = { issuer: server.url, clientId, clientSecret, store, grant: refreshToken('start') }
  await createTokenClient(options).getToken()
  return { server, options, text }
}

test('the endpoint is the one of the metadata, where none is given', async () => {
  const more: Record<string, unknown> = {}
  const { server, options, text } = await setDiscovery(more)
  await using _ = server
  more.revocation_endpoint = `${server.url}/revoke`
  await disconnect(options)
  assert.deepEqual(revoked(server), ['refresh_token refresh'])
  assert.equal(text(), undefined)
})

for (const revocation_endpoint of [undefined, 'http://as.example.com/revoke', 7])
  test(`metadata with the revocation endpoint ${revocation_endpoint} are no use, and the tokens are kept`, async () => {
    const { server, options, text } = await setDiscovery({ revocation_endpoint })
    await using _ = server
    await assert.rejects(disconnect(options), { code: 'invalid_metadata', message: /revocation_endpoint/ })
    assert.match(String(text()), /refresh/)
    assert.deepEqual(revoked(server), [])
  })

test('a connection is ended by whatever grant, scope or none it was begun', async () => {
  for (const more of [{ grant: undefined }, { grant: undefined, scope: 'other' }]) {
    await using scene = await setScene()
    const { store, text } = makeStore()
    await scene.make({ store }).getToken()
    await scene.end({ store, ...more })
    assert.deepEqual(revoked(scene.server), ['refresh_token refresh-1'])
    assert.equal(text(), undefined)
  }
})
