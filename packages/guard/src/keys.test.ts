import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createGuard, type GuardOptions } from './index.ts'
import { makeClock, type TestClock, until } from './testing/clock.ts'
import { withToken } from './testing/request.ts'
import { send, startServer, type TestServer } from './testing/server.ts'
import { makeKey, makeSharedKey } from './testing/tokens.ts'

let server: TestServer
let clock: TestClock

beforeEach(async () => {
  server = await startServer()
  clock = makeClock()
})

afterEach(() => server.close())

const make = (options: Partial<GuardOptions> = {}) =>
  createGuard({ ...server.guardOptions, revocation: 'none', clock, ...options })

test('46: a storm of unknown kids fetches the keys once', async () => {
  const guard = make()
  const storm = () =>
    Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        guard.check(withToken(server.jwt({}, { kid: `k${index}` }))),
      ),
    )
  for (const result of await storm()) assert.equal(result.ok ? 200 : result.status, 401)
  assert.equal(server.count('/jwks'), 1)
  clock.advance(11)
  await storm()
  await storm()
  assert.equal(server.count('/jwks'), 2)
})

test('46: a storm of unknown kids while the key server is down asks it once in each cool-down', async () => {
  const guard = make()
  await guard.check(withToken(server.jwt()))
  server.break('/jwks', 500)
  clock.advance(11)
  for (let index = 0; index < 200; index++) {
    const result = await guard.check(withToken(server.jwt({}, { kid: `k${index}` })))
    assert.equal(result.ok ? 200 : result.status, 503)
  }
  assert.equal(server.count('/jwks'), 2)
})

test('46: a new key is found at its first token, a retired one ends with the next load, cached tokens too', async () => {
  const guard = make()
  const [old] = server.keys
  const oldToken = server.jwt()
  assert.equal((await guard.check(withToken(oldToken))).ok, true)
  clock.advance(11)
  server.keys = [makeKey('ES256'), ...(old ? [old] : [])]
  assert.equal((await guard.check(withToken(server.jwt()))).ok, true)
  assert.equal((await guard.check(withToken(oldToken))).ok, true)
  server.keys = server.keys.slice(0, 1)
  clock.advance(301)
  // Whoever comes while the keys are loaded may be served with stale ones.
  await until(async () => !(await guard.check(withToken(oldToken))).ok)
  const result = await guard.check(withToken(oldToken))
  assert.ok(!result.ok)
  assert.deepEqual([result.status, result.reason], [401, 'unknown-key'])
})

test('46: a token under a new key waits for the keys, however slow they are', async () => {
  const guard = make()
  assert.equal((await guard.check(withToken(server.jwt()))).ok, true)
  clock.advance(11)
  server.keys = [makeKey('ES256'), ...server.keys]
  const slowly = { keys: server.keys.map(({ jwk }) => jwk) }
  server.break('/jwks', (_, response) => void setTimeout(() => send(response, slowly), 600))
  assert.equal((await guard.check(withToken(server.jwt()))).ok, true)
})

test('57: keys that cannot be had are a 503 with Retry-After, never a 401', async () => {
  for (const fault of [
    500,
    404,
    'cut',
    (_: unknown, response: { end(text: string): void }) => response.end('[]'),
  ] as const) {
    for (const path of ['/jwks', '/metadata'] as const) {
      const guard = make()
      server.break(path, fault)
      const result = await guard.check(withToken(server.jwt()))
      assert.ok(!result.ok)
      assert.deepEqual([result.status, result.reason], [503, 'keys-unreachable'])
      assert.match(result.headers['retry-after'] ?? '', /^[1-9]\d*$/)
      assert.equal(result.headers['www-authenticate'], undefined)
      server.mend(path)
      clock.advance(3)
      assert.equal((await guard.check(withToken(server.jwt()))).ok, true)
    }
  }
})

test('57: stale keys serve while the key server is down, for new and for known tokens', async () => {
  const guard = make()
  const known = server.jwt({ exp: clock.now() + 90_000 })
  await guard.check(withToken(known))
  server.break('/jwks', 'cut')
  clock.advance(86_400)
  const fresh = { iat: clock.now(), exp: clock.now() + 60 }
  assert.equal((await guard.check(withToken(known))).ok, true)
  assert.equal((await guard.check(withToken(server.jwt(fresh)))).ok, true)
  await until(() => guard.status().keys.problem !== undefined)
  assert.match(guard.status().keys.problem ?? '', /\/jwks: not reached/)
})

test('57: a key server that hangs delays no one who can be served with stale keys', async () => {
  const guard = make()
  const token = server.jwt()
  await guard.check(withToken(token))
  server.break('/jwks', 'hang')
  clock.advance(301)
  const results = await Promise.all(Array.from({ length: 50 }, () => guard.check(withToken(token))))
  assert.ok(results.every((result) => result.ok))
  // The load has not even failed yet: nobody waited for it to.
  assert.equal(guard.status().keys.problem, undefined)
})

test('57: a forged token is a 401 although the key server is down, when its key is known', async () => {
  const guard = make()
  await guard.check(withToken(server.jwt()))
  server.break('/jwks', 500)
  const forged = server.jwt({}, { kid: server.keys[0]?.kid }, makeKey('ES256'))
  const result = await guard.check(withToken(forged))
  assert.equal(result.ok ? 200 : result.status, 401)
})

test('57: refused credentials of the guard itself are a 503, and the status says so', async () => {
  const guard = make({ algorithms: ['HS256'], clientSecret: 'wrong-secret' })
  const result = await guard.check(withToken(server.sharedKeyJwt()))
  assert.ok(!result.ok)
  assert.deepEqual([result.status, result.reason], [503, 'own-credentials-refused'])
  assert.match(guard.status().keys.problem ?? '', /clientId and clientSecret were refused/)
  assert.doesNotMatch(JSON.stringify([guard.status(), result]), /wrong-secret/)
})

test('a new HS256 key is found at its first token; a fourth is not looked at', async () => {
  const guard = make({ algorithms: ['HS256'] })
  assert.equal((await guard.check(withToken(server.sharedKeyJwt()))).ok, true)
  clock.advance(11)
  server.sharedKeys = [makeSharedKey(), ...server.sharedKeys]
  assert.equal((await guard.check(withToken(server.sharedKeyJwt()))).ok, true)
  clock.advance(11)
  const fourth = server.jwt({}, { typ: 'JWT', kid: undefined }, makeSharedKey())
  server.sharedKeys = [makeSharedKey(), makeSharedKey(), ...server.sharedKeys]
  assert.equal((await guard.check(withToken(fourth))).ok, false)
})

test('a key set is read with care: keys that do not fit, are too short or are not for signatures verify nothing', async () => {
  const guard = make({ algorithms: ['ES256', 'RS256', 'HS256'] })
  const [good, encryption, nameless, mislabelled] = [1, 2, 3, 4].map(() => makeKey('ES256'))
  assert.ok(good && encryption && nameless && mislabelled)
  const shared = makeSharedKey()
  Object.assign(encryption.jwk, { use: 'enc' })
  Object.assign(nameless.jwk, { alg: undefined })
  Object.assign(mislabelled.jwk, { alg: 'RS256' })
  server.keys = [encryption, nameless, mislabelled, { ...shared, jwk: { ...shared.jwk, kid: 'oct' } }, good]
  server.sharedKeys = [makeSharedKey(Buffer.from('short'))]
  assert.equal((await guard.check(withToken(server.jwt({}, {}, good)))).ok, true)
  for (const key of [encryption, nameless, mislabelled]) {
    assert.equal((await guard.check(withToken(server.jwt({}, {}, key)))).ok, false)
  }
  assert.equal((await guard.check(withToken(server.sharedKeyJwt()))).ok, false)
})

test('a server that calls itself another issuer, or sends credentials elsewhere, is not trusted', async () => {
  for (const metadata of [
    { issuer: 'https://other.example' },
    { introspection_endpoint: 'https://evil.example/' },
  ]) {
    server.metadata = metadata
    const guard = make()
    const result = await guard.check(withToken(server.jwt()))
    assert.equal(result.ok ? 200 : result.status, 503)
    await assert.rejects(guard.ready(), /is not ready/)
  }
})

test('answers are bounded, redirects are not followed, and one cut connection is tried again', async () => {
  server.break('/jwks', (_, response) =>
    response.end(JSON.stringify({ keys: [], filler: 'x'.repeat(300_000) })),
  )
  await assert.rejects(make().ready(), /more than 262144 bytes/)
  server.break('/jwks', (_, response) =>
    response.writeHead(302, { location: `${server.issuer}/elsewhere` }).end(),
  )
  await assert.rejects(make().ready(), /\/jwks: not reached/)
  server.break('/jwks', (request) => {
    server.mend('/jwks')
    request.socket.destroy()
  })
  await make().ready()
})
