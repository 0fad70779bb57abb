import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { addPerson, askFor, redeem, refresh, registerCodeClient, tokensOf } from '../support/connection.ts'
import { temporaryFolder } from '../support/folder.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { stopOwnPostgres } from '../support/postgres.ts'
import { setScene } from './connection.ts'

after(stopOwnPostgres)

test('32: fifty who exchange one refresh token at once all get the one that takes its place', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(tokenUrl, app, refreshToken)))
  const next = new Set(answers.map((answer) => tokensOf(answer).refreshToken))
  assert.equal(next.size, 1)
  assert.ok(!next.has(refreshToken))
  for (const token of next) tokensOf(await refresh(tokenUrl, app, token))
})

test('32, 33: after the grace an exchanged token ends that connection and its tokens, and no other', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, server, parts, user } = scene
  using guard = guardOf(server, {
    revocations: server.latchkey.revocations,
    clock: { now: () => parts.clock(), monotonicMs: () => performance.now() },
  })
  const [first, other] = [await scene.connect(), await scene.connect()]
  const next = tokensOf(await refresh(tokenUrl, app, first.refreshToken))
  scene.wait(3 * server.latchkey.config.refreshTokenGraceSeconds)
  const reuse = await refresh(tokenUrl, app, first.refreshToken)
  assert.deepEqual([reuse.status, reuse.body.error], [400, 'invalid_grant'])
  for (const token of [first.accessToken, next.accessToken]) assert.equal(await statusFor(guard, token), 401)
  assert.equal((await refresh(tokenUrl, app, next.refreshToken)).body.error, 'invalid_grant')
  assert.equal(await statusFor(guard, other.accessToken), 200)
  tokensOf(await refresh(tokenUrl, app, other.refreshToken))
  assert.equal((await server.latchkey.store.connections.listOf(user.id, parts.clock())).length, 1)
  const events = await server.latchkey.store.auditEvents.list(100)
  assert.equal(events.filter(({ action }) => action === 'connection.ended_by_reuse').length, 1)
})

test('34: a restart between two uses does no harm', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.file('kept.db')}`
  const audience = 'https://api.example.com'
  const first = await setScene({ database, audience })
  const { app } = first
  const { refreshToken } = await first.connect()
  await first[Symbol.asyncDispose]()
  await using second = await setScene({ database, audience })
  const next = tokensOf(await refresh(second.tokenUrl, app, refreshToken))
  assert.equal(tokensOf(await refresh(second.tokenUrl, app, refreshToken)).refreshToken, next.refreshToken)
})

test("35: another client's refresh token is refused, and nothing happens to the connection", async () => {
  await using scene = await setScene()
  const { tokenUrl, app, parts } = scene
  const other = await registerCodeClient(parts)
  const { refreshToken } = await scene.connect()
  const before = await scene.rows()
  assert.equal((await refresh(tokenUrl, other, refreshToken)).body.error, 'invalid_grant')
  scene.wait(1_000)
  assert.equal((await refresh(tokenUrl, other, refreshToken)).body.error, 'invalid_grant')
  assert.deepEqual(await scene.rows(), before)
  tokensOf(await refresh(tokenUrl, app, refreshToken))
})

test('33: who cannot authenticate as the client ends nothing, however old the token', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  const next = tokensOf(await refresh(tokenUrl, app, refreshToken))
  scene.wait(1_000)
  const stranger = { id: app.id, secret: 'not-the-secret-of-this-client' }
  assert.equal((await refresh(tokenUrl, stranger, refreshToken)).status, 401)
  tokensOf(await refresh(tokenUrl, app, next.refreshToken))
})

test('36: a wider scope or another resource is refused, and costs no generation', async () => {
  await using scene = await setScene({ resources: ['https://other.example.com'] })
  const { tokenUrl, app, parts } = scene
  const code = await scene.code({ scope: 'read' })
  const { refreshToken } = tokensOf(await redeem(tokenUrl, app, code))
  const before = await scene.rows()
  for (const [change, error] of [
    [{ scope: 'read write' }, 'invalid_scope'],
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://other.example.com' }, 'invalid_target'],
    [{ resource: 'https://unknown.example.com' }, 'invalid_target'],
  ] as const) {
    assert.equal((await refresh(tokenUrl, app, refreshToken, change)).body.error, error)
  }
  assert.deepEqual(await scene.rows(), before)
  assert.ok(parts.clock() > 0)
})

test('36: a narrower scope narrows that access token alone', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  const narrow = await refresh(tokenUrl, app, refreshToken, { scope: 'read' })
  assert.equal(narrow.body.scope, 'read')
  const wide = await refresh(tokenUrl, app, tokensOf(narrow).refreshToken)
  assert.equal(wide.body.scope, 'read write')
})

for (const [what, end] of [
  ['the person was disabled', 'disable'],
  ['the person signed out everywhere', 'signOutEverywhere'],
  ['the password was changed', 'setPassword'],
  ['the person was deleted', 'delete'],
  ['the app was disabled', 'disableClient'],
] as const) {
  test(`37: after ${what} neither access nor refresh token is good`, async () => {
    await using scene = await setScene()
    const { tokenUrl, app, server, parts, user } = scene
    const { store } = server.latchkey
    using guard = guardOf(server, {
      revocations: server.latchkey.revocations,
      clock: { now: () => parts.clock(), monotonicMs: () => performance.now() },
    })
    const { accessToken, refreshToken } = await scene.connect()
    const code = await scene.code()
    assert.equal(await statusFor(guard, accessToken), 200)
    const event = { at: parts.clock(), actor: 'test', action: 'test.ended', subject: 'test' }
    if (end === 'disable') await store.users.disable(user.id, event)
    if (end === 'signOutEverywhere') await store.users.signOutEverywhere(user.id, event)
    if (end === 'setPassword') await store.users.setPassword(user.id, 'another hash', event)
    if (end === 'disableClient') await store.clients.disable(app.id, event)
    if (end === 'delete') {
      await store.users.disable(user.id, event)
      await store.database.transact(function* () {
        yield store.database.kysely.deleteFrom('users').where('id', '=', user.id).compile()
      })
    }
    await fetch(`${server.url}/readyz`)
    assert.equal(await statusFor(guard, accessToken), 401)
    const error = end === 'disableClient' ? 'invalid_client' : 'invalid_grant'
    assert.equal((await refresh(tokenUrl, app, refreshToken)).body.error, error)
    assert.equal((await redeem(tokenUrl, app, code)).body.error, error)
  })
}

test('38: revoking any refresh token of the chain ends the connection and its access tokens', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, server, parts } = scene
  const { revocation } = server.latchkey.urls
  using guard = guardOf(server, {
    revocations: server.latchkey.revocations,
    clock: { now: () => parts.clock(), monotonicMs: () => performance.now() },
  })
  for (const isOld of [false, true]) {
    const first = await scene.connect()
    const next = tokensOf(await refresh(tokenUrl, app, first.refreshToken))
    const token = isOld ? first.refreshToken : next.refreshToken
    const other = await registerCodeClient(parts)
    assert.equal((await askFor(revocation, other, { token })).status, 200)
    assert.equal(await statusFor(guard, next.accessToken), 200, 'another client ends nothing')
    assert.equal((await askFor(revocation, app, { token, token_type_hint: 'access_token' })).status, 200)
    for (const ended of [first.accessToken, next.accessToken]) {
      assert.equal(await statusFor(guard, ended), 401)
    }
    assert.equal((await refresh(tokenUrl, app, next.refreshToken)).body.error, 'invalid_grant')
  }
})

test('39: a client whose reply was lost tries again and goes on, as often as it takes within the grace', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, server } = scene
  const grace = server.latchkey.config.refreshTokenGraceSeconds
  const { refreshToken } = await scene.connect()
  const lost = tokensOf(await refresh(tokenUrl, app, refreshToken))
  scene.wait(grace - 1)
  const again = tokensOf(await refresh(tokenUrl, app, refreshToken))
  assert.equal(again.refreshToken, lost.refreshToken)
  assert.notEqual(again.accessToken, lost.accessToken)
})

test('39: a client that is two generations late catches up within the grace, and so do ten that share a token', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  const next = tokensOf(await refresh(tokenUrl, app, refreshToken))
  const current = tokensOf(await refresh(tokenUrl, app, next.refreshToken))
  const late = await Promise.all(Array.from({ length: 10 }, () => refresh(tokenUrl, app, refreshToken)))
  assert.deepEqual(
    new Set(late.map((answer) => tokensOf(answer).refreshToken)),
    new Set([current.refreshToken]),
  )
})

test('40: a refresh token ends unused after its lifetime, and a connection at its end however often it is used', async () => {
  await using scene = await setScene({
    accessTokenLifetime: '1m',
    refreshTokenLifetime: '1h',
    connectionLifetime: '3h',
  })
  const { tokenUrl, app } = scene
  const idle = await scene.connect()
  let used = await scene.connect()
  for (let hours = 0; hours < 3; hours++) {
    scene.wait(3_599)
    used = tokensOf(await refresh(tokenUrl, app, used.refreshToken))
  }
  assert.equal((await refresh(tokenUrl, app, idle.refreshToken)).body.error, 'invalid_grant')
  scene.wait(3)
  assert.equal((await refresh(tokenUrl, app, used.refreshToken)).body.error, 'invalid_grant')
})

test("41: a public client's refresh token is refused without its client id, and with another's", async () => {
  await using scene = await setScene()
  const { tokenUrl, parts } = scene
  const app = await registerCodeClient(parts, { type: 'public' })
  const other = await registerCodeClient(parts, { type: 'public' })
  const code = await scene.code({ client_id: app.id })
  const { refreshToken } = tokensOf(await redeem(tokenUrl, app, code))
  const before = await scene.rows()
  const nameless = { id: '', secret: undefined }
  assert.equal((await refresh(tokenUrl, nameless, refreshToken)).body.error, 'invalid_client')
  assert.equal((await refresh(tokenUrl, other, refreshToken)).body.error, 'invalid_grant')
  assert.deepEqual(await scene.rows(), before)
  tokensOf(await refresh(tokenUrl, app, refreshToken))
})

test('a person who may grant less gets less from the next refresh, and their old access token ends', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, server, parts } = scene
  const user = await addPerson(parts, { scope: 'read write' })
  using guard = guardOf(server, {
    revocations: server.latchkey.revocations,
    clock: { now: () => parts.clock(), monotonicMs: () => performance.now() },
  })
  const code = await scene.code({ user_id: user.id })
  const first = tokensOf(await redeem(tokenUrl, app, code))
  const event = { at: parts.clock(), actor: 'test', action: 'user.scope_changed', subject: `user:${user.id}` }
  await server.latchkey.store.users.setScope(user.id, 'read', event)
  await fetch(`${server.url}/readyz`)
  assert.equal(await statusFor(guard, first.accessToken), 401)
  const next = await refresh(tokenUrl, app, first.refreshToken)
  assert.equal(next.body.scope, 'read')
  assert.equal(await statusFor(guard, tokensOf(next).accessToken), 200)
})

test('33: reuse ends the connection whatever else the request asks for', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  const next = tokensOf(await refresh(tokenUrl, app, refreshToken))
  scene.wait(1_000)
  assert.equal((await refresh(tokenUrl, app, refreshToken, { scope: 'admin' })).body.error, 'invalid_grant')
  assert.equal((await refresh(tokenUrl, app, next.refreshToken)).body.error, 'invalid_grant')
})

for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
  test(`40: no access token outlives its connection (${accessTokenFormat})`, async () => {
    await using scene = await setScene({
      accessTokenFormat,
      accessTokenLifetime: '1h',
      refreshTokenLifetime: '2h',
      connectionLifetime: '2h',
    })
    const { tokenUrl, app } = scene
    const { refreshToken } = await scene.connect()
    scene.wait(2 * 3_600 - 10)
    const last = await refresh(tokenUrl, app, refreshToken)
    assert.equal(last.body.expires_in, 10)
  })
}

test('a resource that the API has no more is left out of the next token, and with the last one the connection ends', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.file('kept.db')}`
  const [kept, dropped] = ['https://kept.example.com', 'https://dropped.example.com']
  const before = await setScene({ database, audience: kept, resources: [dropped] })
  const { app } = before
  const both = tokensOf(
    await redeem(before.tokenUrl, app, await before.code({ audience: `${kept} ${dropped}` })),
  )
  const one = tokensOf(await redeem(before.tokenUrl, app, await before.code({ audience: dropped })))
  await before[Symbol.asyncDispose]()
  await using after = await setScene({ database, audience: kept })
  tokensOf(await refresh(after.tokenUrl, app, both.refreshToken))
  assert.equal((await refresh(after.tokenUrl, app, one.refreshToken)).body.error, 'invalid_grant')
})

test('a client that may ask for less gets less from the next refresh', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, parts } = scene
  const { refreshToken } = await scene.connect()
  const event = { at: parts.clock(), actor: 'test', action: 'client.changed', subject: `client:${app.id}` }
  await parts.store.clients.change(app.id, { scope: 'write' }, event)
  await fetch(`${scene.server.url}/readyz`)
  assert.equal((await refresh(tokenUrl, app, refreshToken)).body.scope, 'write')
})
