import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request as startRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { bearer, type Guard, query } from '@latchkey/guard'
import { apps, type RunningApp, secretWord } from '../../packages/guard/src/testing/apps.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { getToken, startServer, type TestServer } from '../support/server.ts'
import { claimsOf, headerOf, signEs256, signingKeyOf } from './forging.ts'

let server: TestServer

before(async () => {
  server = await startServer({ scopes: { read: 'Read', write: 'Write', admin: 'Rule' } })
})
after(() => server[Symbol.asyncDispose]())

/** Sends path and headers as they are written: `//` stays `//`, twice stays twice. */
async function call({ port }: RunningApp, path: string, headers: readonly string[] = []) {
  const outgoing = startRequest({
    host: '127.0.0.1',
    port,
    path,
    headers: ['Host', `127.0.0.1:${port}`, ...headers],
    agent: false,
  }).end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: incoming.statusCode ?? 0, body: await text(incoming) }
}

const withToken = (token: string): string[] => ['Authorization', `Bearer ${token}`]

const spellings = [
  '/api/secret',
  '/%61pi/secret',
  '/%2561pi/secret',
  '//api/secret',
  '///api//secret',
  '/api/secret/',
  '/api/secret;x=1',
  '/api;x=1/secret',
  '/;x=1/api/secret',
  '/./api/secret',
  '/x/../api/secret',
  '/x/%2e%2e/api/secret',
  '/x/..;/api/secret',
  '/api%2fsecret',
  '/api\\secret',
  '/API/secret',
  '/api/secret%00',
  '/api/%73ecret',
  '/api/secret?x=/api',
  '/api/secret#x',
  'http://evil.example/api/secret',
]

for (const [name, start] of Object.entries(apps)) {
  describe(name, () => {
    let guard: Guard & Disposable
    let app: RunningApp

    before(async () => {
      guard = guardOf(server)
      app = await start(guard)
    })
    after(async () => {
      guard[Symbol.dispose]()
      await app.close()
    })

    test('54: no spelling of a path leads around the guard, and a good token still opens the door', async () => {
      const token = await getToken(server, { scope: 'read' })
      for (const path of spellings)
        assert.ok(!(await call(app, path)).body.includes(secretWord), `${name} ${path}`)
      const writeOnly = withToken(await getToken(server, { scope: 'write' }))
      for (const path of spellings)
        assert.ok(!(await call(app, path, writeOnly)).body.includes(secretWord), `${name} ${path}`)
      assert.equal((await call(app, '/api/secret', withToken(token))).status, 200)
    })

    test("55: a guard inside a guard asks again: the outer one's yes is not enough", async () => {
      const token = withToken(await getToken(server, { scope: 'read' }))
      assert.equal((await call(app, '/api/secret', token)).status, 200)
      const inner = await call(app, '/api/admin', token)
      assert.equal(inner.status, 403)
      assert.ok(!inner.body.includes(secretWord))
      assert.equal((await call(app, '/api/admin')).status, 401)
    })

    test('56: a token in the URL, or two at once, is a bad request even when each is good', async () => {
      const token = await getToken(server)
      const inUrl = await call(app, `/info?access_token=${token}`)
      assert.equal(inUrl.status, 400)
      const both = await call(app, `/info?access_token=${token}`, withToken(token))
      assert.equal(both.status, 400)
      const spelled = await call(app, `/info?%61ccess_token=${token}`, withToken(token))
      assert.equal(spelled.status, 400)
      const twice = await call(app, '/info', [...withToken(token), ...withToken(token)])
      assert.equal(twice.status, 400)
      const joined = await call(app, '/info', ['Authorization', `Bearer ${token}, Bearer ${token}`])
      assert.equal(joined.status, 400)
      for (const { body } of [inUrl, both, spelled, twice, joined])
        assert.ok(!body.includes(secretWord) && !body.includes(token))
    })
  })
}

test('56: where the URL may carry a token, one there and one in the header are still refused', async () => {
  using guard = guardOf(server, { credentials: [bearer(), query('access_token')] })
  const token = await getToken(server)
  const url = `/info?access_token=${token}`
  assert.equal((await guard.check({ method: 'GET', url, headers: {} })).ok, true)
  const headers = { authorization: `Bearer ${token}` }
  const both = await guard.check({ method: 'GET', url, headers })
  assert.equal(!both.ok && both.status, 400)
  const twice = await guard.check({ method: 'GET', url: `${url}&access_token=${token}`, headers: {} })
  assert.equal(!twice.ok && twice.status, 400)
})

/** The real server, until the line is cut. */
function cuttable() {
  let isCut = false
  const fetchUnlessCut = (request: Request): Promise<Response> =>
    isCut ? Promise.reject(new TypeError('the line is cut')) : fetch(request)
  const cut = (now: boolean): void => {
    isCut = now
  }
  return { fetch: fetchUnlessCut, cut }
}

function steerableClock() {
  let seconds = 0
  return {
    clock: { now: () => Date.now() / 1000 + seconds, monotonicMs: () => performance.now() + seconds * 1000 },
    advance(by: number) {
      seconds += by
    },
  }
}

test('57: before it ever had keys, a guard that cannot reach the server answers 503, never 401', async () => {
  const line = cuttable()
  const { clock, advance } = steerableClock()
  const token = await getToken(server)
  using guard = guardOf(server, { revocation: 'none', fetch: line.fetch, clock })
  line.cut(true)
  for (let round = 0; round < 3; round++) assert.equal(await statusFor(guard, token), 503)
  line.cut(false)
  advance(11)
  assert.equal(await statusFor(guard, token), 200)
})

test('57: with the server gone, stale keys serve, an unknown key is 503, and a bad signature stays 401', async () => {
  const line = cuttable()
  const { clock, advance } = steerableClock()
  using guard = guardOf(server, { revocation: 'none', fetch: line.fetch, clock })
  const token = await getToken(server)
  const later = await getToken(server)
  assert.equal(await statusFor(guard, token), 200)
  line.cut(true)
  advance(400)
  assert.equal(await statusFor(guard, token), 200)
  assert.equal(await statusFor(guard, later), 200)
  const { key } = await signingKeyOf(server)
  const unknown = signEs256({ ...headerOf(token), kid: 'unknown' }, claimsOf(token), key)
  assert.equal(await statusFor(guard, unknown), 503)
  const bad = signEs256(headerOf(token), { ...claimsOf(token), sub: 'other' }, key)
  assert.equal(await statusFor(guard, `${bad.slice(0, bad.lastIndexOf('.'))}.${token.split('.')[2]}`), 401)
})

test('57: a guard that asks about each token answers 503 while the server is gone, or refuses its own credentials', async () => {
  const line = cuttable()
  const options = { revocation: 'introspect', introspectionCacheSeconds: 0 } as const
  using guard = guardOf(server, { ...options, fetch: line.fetch })
  const token = await getToken(server)
  assert.equal(await statusFor(guard, token), 200)
  line.cut(true)
  assert.equal(await statusFor(guard, token), 503)
  line.cut(false)
  assert.equal(await statusFor(guard, token), 200)
  using misconfigured = guardOf(server, { ...options, clientSecret: 'wrong' })
  assert.equal(await statusFor(misconfigured, token), 503)
})

test('57: a guard whose feed has gone silent answers 503, unless its owner chose otherwise', async () => {
  const line = cuttable()
  const { clock, advance } = steerableClock()
  using guard = guardOf(server, { fetch: line.fetch, clock })
  using lenient = guardOf(server, { fetch: line.fetch, clock, whenFeedIsStale: 'accept' })
  const token = await getToken(server)
  for (const one of [guard, lenient]) assert.equal(await statusFor(one, token), 200)
  line.cut(true)
  advance(61)
  assert.equal(await statusFor(guard, token), 503)
  assert.equal(await statusFor(lenient, token), 200)
})
