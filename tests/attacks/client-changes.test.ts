import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { rotateSecret } from '../../packages/server/src/clients/registration.ts'
import { openDatabase } from '../../packages/server/src/store/open.ts'
import { createStore } from '../../packages/server/src/store/store.ts'
import { withinASecond } from '../support/eventually.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { basic, startServer, type TestServer } from '../support/server.ts'
import { ask, assertIssued, assertRefused, catchUp, event, grant, introspect, register } from './support.ts'

const opaque = { accessTokenFormat: 'opaque' } as const
let server: TestServer

before(async () => {
  server = await startServer(opaque)
})
after(() => server[Symbol.asyncDispose]())
after(stopOwnPostgres)

test('6: a disabled client is refused, its tokens end, and others go on', async () => {
  const app = await register(server)
  const authorization = basic(app.id, app.secret)
  const token = await assertIssued(server, { authorization, body: [grant] })
  await server.latchkey.store.clients.disable(app.id, event('client.disabled', `client:${app.id}`))
  await catchUp(server)
  await assertRefused(server, { authorization, body: [grant] }, 401, 'invalid_client')
  assert.equal((await introspect(server, token)).text, '{"active":false}')
  await assertIssued(server, { authorization: basic(server.client.id, server.client.secret), body: [grant] })
})

test("6: a disabled owner's clients are refused", async () => {
  const { users } = server.latchkey.store
  const owner = { id: 'jane', username: 'jane', name: 'Jane Black', password_hash: '', created_at: 0 }
  await users.add(owner, event('user.added', 'user:jane'))
  const app = await register(server, { ownerId: owner.id })
  const authorization = basic(app.id, app.secret)
  await assertIssued(server, { authorization, body: [grant] })
  await users.disable(owner.id, event('user.disabled', 'user:jane'))
  await catchUp(server)
  const refused = await assertRefused(server, { authorization, body: [grant] }, 401, 'invalid_client')
  const unknown = await assertRefused(server, { body: [grant, ['client_id', 'x']] }, 401, 'invalid_client')
  assert.equal(refused.text, unknown.text)
})

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  test(`6: a client disabled by another process is refused within a second (${kind})`, async () => {
    await using given = await temporaryDatabase()
    await using own = await startServer(kind === 'SQLite' ? opaque : { ...opaque, database: given.url })
    const asked = { authorization: basic(own.client.id, own.client.secret), body: [grant] }
    await assertIssued(own, asked)
    const commandLine = await openDatabase(own.latchkey.config.database)
    await createStore(commandLine).clients.disable(own.client.id, event('client.disabled', 'client'))
    await commandLine.close()
    await withinASecond(async () => (await ask(own, asked)).status === 401)
    await assertRefused(own, asked, 401, 'invalid_client')
  })
}

test('9: during the overlap both secrets work, after it the old one is refused', async () => {
  let now = 1_800_000_000
  const clock = () => now
  await using own = await startServer({ ...opaque, clock })
  const app = await register(own, {}, clock)
  const with_ = (secret: string) => ({ authorization: basic(app.id, secret), body: [grant] })
  await assertIssued(own, with_(app.secret))
  const parts = { store: own.latchkey.store, clock }
  const rotated = await rotateSecret(parts, app.id, 60, 'test')
  await catchUp(own)
  const next = rotated?.secret ?? ''
  now += 59
  for (const secret of [app.secret, next]) await assertIssued(own, with_(secret))
  now += 1
  await assertRefused(own, with_(app.secret), 401, 'invalid_client')
  await assertIssued(own, with_(next))
})

test('9: no more than two secrets live, and an overlap of nothing ends the old one at once', async () => {
  const app = await register(server)
  const parts = { store: server.latchkey.store, clock: systemClock }
  const second = (await rotateSecret(parts, app.id, 600, 'test'))?.secret ?? ''
  const third = (await rotateSecret(parts, app.id, 600, 'test'))?.secret ?? ''
  await catchUp(server)
  const with_ = (secret: string) => ({ authorization: basic(app.id, secret), body: [grant] })
  await assertRefused(server, with_(app.secret), 401, 'invalid_client')
  for (const secret of [second, third]) await assertIssued(server, with_(secret))
  const last = (await rotateSecret(parts, app.id, 0, 'test'))?.secret ?? ''
  await catchUp(server)
  for (const secret of [second, third]) await assertRefused(server, with_(secret), 401, 'invalid_client')
  await assertIssued(server, with_(last))
})
