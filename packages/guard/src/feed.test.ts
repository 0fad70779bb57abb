import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, test } from 'node:test'
import { createGuard, type Guard, type GuardOptions, RevocationSet } from './index.ts'
import { makeClock, until } from './testing/clock.ts'
import { withToken } from './testing/request.ts'
import { startServer, type TestServer } from './testing/server.ts'

let server: TestServer
let guards: Guard[] = []

beforeEach(async () => {
  server = await startServer()
  guards = []
})

afterEach(async () => {
  for (const guard of guards) guard.close()
  await server.close()
})

function make(options: Partial<GuardOptions> = {}): Guard {
  const guard = createGuard({ ...server.guardOptions, ...options })
  guards.push(guard)
  return guard
}

const statusOf = async (guard: Guard, token: string) => {
  const result = await guard.check(withToken(token))
  return result.ok ? 200 : result.status
}

test('nothing is asked of the server before the first check', async () => {
  const guard = make()
  assert.equal(server.count('/metadata'), 0)
  assert.equal(await statusOf(guard, server.jwt()), 200)
  assert.ok(server.count('/revocations') > 0)
})

test('53: a revoked JWT is refused as soon as the feed says so, also when it is cached', async () => {
  const guard = make()
  const claims = { jti: 'token-1', connection_id: 'connection-1', client_epoch: 1, user_epoch: 1 }
  const entries = [
    { kind: 'token', id: 'token-1', client_id: 'client-1' },
    { kind: 'connection', id: 'connection-1' },
    { kind: 'client', id: 'client-1', epoch: 2 },
    { kind: 'user', id: 'user-1', epoch: 2 },
    { kind: 'signing_key', id: server.keys[0]?.kid ?? '' },
  ] as const
  for (const entry of entries) {
    server.restartFeed()
    await until(async () => (await statusOf(guard, server.jwt(claims))) === 200)
    const token = server.jwt(claims)
    assert.equal(await statusOf(guard, token), 200)
    server.revoke(entry)
    await until(async () => (await statusOf(guard, token)) === 401)
  }
})

test('53: a raised epoch of the whole server ends every token from before', async () => {
  const guard = make()
  const [before, since] = [server.jwt(), server.jwt({ epoch: 1 })]
  assert.equal(await statusOf(guard, before), 200)
  server.epoch = 1
  server.restartFeed()
  await until(async () => (await statusOf(guard, before)) === 401)
  assert.equal(await statusOf(guard, since), 200)
})

test('53: what was revoked before the guard started is refused from the first check, over many pages', async () => {
  server.pageEntries = 10
  server.revoke(
    ...Array.from({ length: 95 }, (_, index) => ({
      kind: 'token' as const,
      id: `t${index}`,
      client_id: 'c',
    })),
  )
  const guard = make()
  assert.equal(await statusOf(guard, server.jwt({ jti: 't0' })), 401)
  assert.equal(await statusOf(guard, server.jwt({ jti: 't94' })), 401)
  assert.equal(await statusOf(guard, server.jwt({ jti: 't95' })), 200)
  assert.equal(guard.status().revocations, 95)
})

test('53: the feed goes on where it was after it was cut', async () => {
  const guard = make()
  const token = server.jwt({ jti: 'token-1' })
  assert.equal(await statusOf(guard, token), 200)
  server.break('/revocations', 'cut')
  server.revoke({ kind: 'token', id: 'token-0', client_id: 'client-1' })
  await until(() => guard.status().feed?.problem !== undefined)
  assert.equal(await statusOf(guard, token), 200)
  server.revoke({ kind: 'token', id: 'token-1', client_id: 'client-1' })
  server.mend('/revocations')
  await until(async () => (await statusOf(guard, token)) === 401)
  assert.equal(guard.status().feed?.problem, undefined)
})

test('53: a feed that starts anew replaces the set: what it no longer holds is no longer refused', async () => {
  server.revoke({ kind: 'token', id: 'token-1', client_id: 'client-1' })
  const guard = make()
  const token = server.jwt({ jti: 'token-1' })
  assert.equal(await statusOf(guard, token), 401)
  server.restartFeed()
  await until(async () => (await statusOf(guard, token)) === 200)
})

test('53: a feed that is older than maxFeedAgeSeconds is a 503, or accepted where the owner says so', async () => {
  for (const [whenFeedIsStale, status] of [
    ['refuse', 503],
    ['accept', 200],
  ] as const) {
    const clock = makeClock()
    const guard = make({ clock, maxFeedAgeSeconds: 60, whenFeedIsStale })
    const token = server.jwt()
    assert.equal(await statusOf(guard, token), 200)
    await until(() => guard.status().feed?.ageSeconds === 0)
    clock.advance(60)
    assert.equal(await statusOf(guard, token), 200)
    clock.advance(1)
    assert.equal(await statusOf(guard, token), status)
    assert.equal(guard.status().feed?.isStale, true)
    server.revoke({ kind: 'token', id: 'unrelated', client_id: 'client-1' })
    await until(async () => (await statusOf(guard, token)) === 200 && guard.status().feed?.isStale === false)
  }
})

test('57: before the first snapshot a check waits for it, briefly, and then is a 503', async () => {
  server.break('/revocations', 'hang')
  const guard = make({ firstSnapshotTimeoutMs: 100 })
  const result = await guard.check(withToken(server.jwt()))
  assert.ok(!result.ok)
  assert.deepEqual([result.status, result.reason], [503, 'feed-not-loaded'])
  assert.equal(await statusOf(guard, server.jwt({ exp: 1 })), 401)
})

test('a check that comes while the first snapshot is on its way waits for it', async () => {
  server.break('/revocations', (_, response) => {
    server.mend('/revocations')
    const page = { cursor: 'c', snapshot: true, more: false, epoch: 0, entries: [] }
    setTimeout(() => response.end(JSON.stringify(page)), 50)
  })
  assert.equal(await statusOf(make(), server.jwt()), 200)
})

test('57: a feed that refuses the credentials of the guard is a 503, and ready says why', async () => {
  const guard = make({ clientSecret: 'wrong-secret', firstSnapshotTimeoutMs: 200 })
  assert.equal(await statusOf(guard, server.jwt()), 503)
  await until(() => guard.status().feed?.problem !== undefined)
  await assert.rejects(
    guard.ready(),
    /not ready: \/revocations: status 401: clientId and clientSecret were refused/,
  )
})

test('a page that is broken is not taken in part: the guard starts over, and unknown kinds are passed over', async () => {
  const guard = make()
  const token = server.jwt({ jti: 'token-1' })
  assert.equal(await statusOf(guard, token), 200)
  const entry = { kind: 'token', id: 'token-1', client_id: 'client-1', expires_at: 2_000_000_000 }
  const good = { cursor: 'next', snapshot: false, more: false, epoch: 0, entries: [entry] }
  const broken = [
    { ...good, entries: [entry, { kind: 'token' }] },
    { ...good, entries: [{ ...entry, client_id: undefined }] },
    { ...good, entries: [{ kind: 'client', id: 'client-1', expires_at: 1 }] },
    { ...good, entries: {} },
    { ...good, epoch: '1' },
    { ...good, cursor: '' },
    { ...good, snapshot: undefined },
    { ...good, more: true, entries: [] },
  ]
  server.break('/revocations', (_, response) => {
    const next = broken.shift()
    if (!next) server.break('/revocations', 'hang')
    response.end(
      JSON.stringify(next ?? { ...good, entries: [{ kind: 'planet', id: 'x', expires_at: 1 }, entry] }),
    )
  })
  server.revoke({ kind: 'connection', id: 'wakes the long poll' })
  await until(() => broken.length <= 7)
  assert.equal(await statusOf(guard, token), 200)
  while (broken.length > 1) broken.shift()
  await until(async () => (await statusOf(guard, token)) === 401)
})

test('in one process with the server its live set is used, and no feed is followed', async () => {
  const revocations = new RevocationSet()
  const { issuer, audience } = server
  const guard = createGuard({ issuer, audience, revocations })
  const token = server.jwt({ jti: 'token-1' })
  assert.equal(await statusOf(guard, token), 200)
  const entry = { kind: 'token', id: 'token-1', client_id: 'client-1', expires_at: 2_000_000_000 } as const
  revocations.apply({ snapshot: false, more: false, epoch: 0, entries: [entry] })
  assert.equal(await statusOf(guard, token), 401)
  assert.equal(server.count('/revocations'), 0)
})

test('a guard that waits for news does not keep its process alive', async () => {
  const script = `
    const { createGuard } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
    const guard = createGuard(${JSON.stringify(server.guardOptions)})
    await guard.ready()
    process.stdout.write('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  assert.deepEqual([output, code], ['ready', 0])
  assert.ok(server.count('/revocations') >= 1)
})

test('a shared set ages with the server that fills it: stale, it refuses or accepts as the owner chose', async () => {
  const clock = makeClock()
  const revocations = new RevocationSet({ now: clock.now, monotonicMs: clock.monotonicMs })
  const strict = make({ clock, revocations, maxFeedAgeSeconds: 60 })
  const lenient = make({ clock, revocations, maxFeedAgeSeconds: 60, whenFeedIsStale: 'accept' })
  const token = server.jwt({ exp: clock.now() + 3_600 })
  revocations.confirm()
  clock.advance(60)
  assert.equal(await statusOf(strict, token), 200)
  clock.advance(1)
  assert.equal(await statusOf(strict, token), 503)
  assert.equal(await statusOf(lenient, token), 200)
  assert.deepEqual(strict.status().feed, { ageSeconds: 61, isStale: true, problem: undefined })
  revocations.confirm()
  assert.equal(await statusOf(strict, token), 200)
})
