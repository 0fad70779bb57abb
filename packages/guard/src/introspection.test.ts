import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createGuard, type GuardOptions, RevocationSet } from './index.ts'
import { makeClock, type TestClock } from './testing/clock.ts'
import { assertPrincipal } from './testing/principal.ts'
import { withToken } from './testing/request.ts'
import { startServer, type TestServer } from './testing/server.ts'

let server: TestServer
let clock: TestClock

beforeEach(async () => {
  server = await startServer()
  clock = makeClock()
})

afterEach(() => server.close())

const make = (options: Partial<GuardOptions> = {}) =>
  createGuard({ ...server.guardOptions, revocation: 'none', clock, ...options })

const statusOf = async (guard: ReturnType<typeof make>, token: string) => {
  const result = await guard.check(withToken(token))
  return result.ok ? 200 : result.status
}

test('an opaque token has the same principal as a JWT, and its user name', async () => {
  const result = await make().check(withToken(server.opaque({ connection_id: 'connection-1' })))
  assertPrincipal(result, server, {
    connectionId: 'connection-1',
    username: 'jane',
    credential: 'opaque',
  })
})

test('47: a truncated, padded or otherwise changed opaque token is refused', async () => {
  const guard = make()
  const token = server.opaque()
  assert.equal(await statusOf(guard, token), 200)
  const changed = [
    token.slice(0, -1),
    `${token}0`,
    `${token}=`,
    token.toUpperCase(),
    `${token}%00`,
    `${token}/x`,
  ]
  for (const other of changed) assert.equal(await statusOf(guard, other), 401)
})

test('47: what can be no opaque token is refused without asking', async () => {
  const guard = make()
  for (const token of ['ABC', 'a-b', 'a/b', 'é', 'x'.repeat(513), 'x'.repeat(20_000)]) {
    assert.equal(await statusOf(guard, token), 401)
  }
  assert.equal(server.count('/introspect'), 0)
})

test('a live answer is kept for introspectionCacheSeconds, and never past the expiry of the token', async () => {
  const guard = make({ introspectionCacheSeconds: 30, clockToleranceSeconds: 0 })
  const [long, short] = [server.opaque(), server.opaque({ exp: clock.now() + 5 })]
  for (let index = 0; index < 5; index++) assert.equal(await statusOf(guard, long), 200)
  assert.equal(server.count('/introspect'), 1)
  assert.equal(await statusOf(guard, short), 200)
  clock.advance(6)
  assert.equal(await statusOf(guard, short), 401)
  server.forget(long)
  assert.equal(await statusOf(guard, long), 200)
  clock.advance(25)
  assert.equal(await statusOf(guard, long), 401)
})

test('a negative answer is not kept', async () => {
  const guard = make()
  const token = server.opaque()
  server.forget(token)
  assert.equal(await statusOf(guard, token), 401)
  server.remember(token, server.claims())
  assert.equal(await statusOf(guard, token), 200)
})

test('a thousand requests with one token at once ask once', async () => {
  const guard = make({ introspectionCacheSeconds: 0 })
  const token = server.opaque()
  const statuses = await Promise.all(Array.from({ length: 1_000 }, () => statusOf(guard, token)))
  assert.ok(statuses.every((status) => status === 200))
  assert.equal(server.count('/introspect'), 1)
})

test('requests beyond a thousand different unknown tokens at once are told to come back', async () => {
  const gate = Promise.withResolvers<void>()
  const guard = make({
    fetch: async (request) => {
      if (!request.url.endsWith('/introspect')) return fetch(request)
      await gate.promise
      return Response.json({ active: false })
    },
  })
  const checks = Array.from({ length: 1_100 }, (_, index) => statusOf(guard, `token${index}`))
  assert.equal(await Promise.any(checks), 503)
  gate.resolve()
  const statuses = await Promise.all(checks)
  const countOf = (status: number) => statuses.filter((other) => other === status).length
  assert.deepEqual([countOf(401), countOf(503)], [1_000, 100])
})

test('52: an answer for another issuer or audience is refused, and scope is checked on each hit', async () => {
  const guard = make()
  assert.equal(await statusOf(guard, server.opaque({ aud: 'https://other.example' })), 401)
  assert.equal(await statusOf(guard, server.opaque({ iss: 'https://other.example' })), 401)
  assert.equal(await statusOf(guard, server.opaque({ exp: '9999999999' })), 401)
  const request = withToken(server.opaque())
  for (const [scope, isGood] of [
    ['read', true],
    ['admin', false],
    ['write', true],
  ] as const) {
    assert.equal((await guard.check(request, { scope })).ok, isGood)
  }
  assert.equal(guard.status().introspections, 1)
})

test('52: the cache of answers holds no more than its limit', async () => {
  const guard = make({ introspectionCacheEntries: 3 })
  for (let index = 0; index < 10; index++) assert.equal(await statusOf(guard, server.opaque()), 200)
  assert.equal(guard.status().introspections, 3)
})

test('53: a kept answer is checked against the revocation set on every hit', async () => {
  const revocations = new RevocationSet()
  const guard = make({ revocation: 'feed', revocations, introspectionCacheSeconds: 300 })
  const token = server.opaque({ jti: 'token-1', connection_id: 'connection-1' })
  assert.equal(await statusOf(guard, token), 200)
  const entry = { kind: 'connection', id: 'connection-1', expires_at: clock.now() + 600 } as const
  revocations.apply({ snapshot: false, more: false, epoch: 0, entries: [entry] })
  assert.equal(await statusOf(guard, token), 401)
})

test('57: introspection that is down, hurried or not understood is a 503 with Retry-After', async () => {
  const guard = make()
  const odd = ['{}', '[]', 'x', '{"active":"true"}'].map(
    (body) => (_: unknown, response: { end(text: string): void }) => response.end(body),
  )
  for (const fault of [500, 429, 'cut', ...odd] as const) {
    server.break('/introspect', fault)
    const result = await guard.check(withToken(server.opaque()))
    assert.ok(!result.ok)
    assert.deepEqual([result.status, result.reason], [503, 'introspection-unreachable'])
    assert.ok(Number(result.headers['retry-after']) >= 1)
  }
  server.mend('/introspect')
  assert.equal(await statusOf(guard, server.opaque()), 200)
})

test('57: Retry-After is the one that the server gave, within reason', async () => {
  for (const [given, answered] of [
    ['7', '7'],
    ['86400', '60'],
    ['-1', '2'],
    ['soon', '2'],
  ] as const) {
    server.break('/introspect', (_, response) => response.writeHead(503, { 'retry-after': given }).end())
    const result = await make().check(withToken(server.opaque()))
    assert.equal(result.ok ? '' : result.headers['retry-after'], answered)
  }
})

test('57: introspection that refuses the credentials of the guard is a 503, never a 401', async () => {
  const result = await make({ clientSecret: 'wrong' }).check(withToken(server.opaque()))
  assert.ok(!result.ok)
  assert.deepEqual([result.status, result.reason], [503, 'own-credentials-refused'])
})

test("revocation: 'introspect' asks about each JWT too, after its signature", async () => {
  const guard = make({ revocation: 'introspect', introspectionCacheSeconds: 0 })
  const claims = server.claims()
  const token = server.jwt(claims)
  server.remember(token, claims)
  assert.equal(await statusOf(guard, token), 200)
  server.forget(token)
  assert.equal(await statusOf(guard, token), 401)
  server.remember(token, { ...claims, jti: 'another' })
  assert.equal(await statusOf(guard, token), 401)
  const before = server.count('/introspect')
  assert.equal(await statusOf(guard, `${token.slice(0, -4)}AAAA`), 401)
  assert.equal(server.count('/introspect'), before)
  server.break('/introspect', 500)
  assert.equal(await statusOf(guard, token), 503)
})

test('a fetch of the own process is used in place of the network', async () => {
  const paths: string[] = []
  const guard = make({
    fetch: async (request) => {
      paths.push(new URL(request.url).pathname)
      return fetch(request)
    },
  })
  assert.equal(await statusOf(guard, server.opaque()), 200)
  assert.equal(await statusOf(guard, server.jwt()), 200)
  assert.deepEqual(paths, ['/.well-known/oauth-authorization-server', '/introspect', '/jwks'])
})
