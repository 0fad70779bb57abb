import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { guardOf, statusFor } from '../support/guards.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { basic, getToken, postForm, startServer, type TestServer } from '../support/server.ts'
import {
  type Answer,
  ask,
  assertRefused,
  catchUp,
  event,
  grant,
  introspect,
  readAnswer,
  register,
} from './support.ts'

const formats = ['jwt', 'opaque'] as const
const nothing = '{"active":false}'
const billing = 'https://billing.example'
const servers = new Map<string, TestServer>()

before(async () => {
  for (const accessTokenFormat of formats)
    servers.set(accessTokenFormat, await startServer({ accessTokenFormat, resources: [billing] }))
})
after(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]()
  await stopOwnPostgres()
})

function serverOf(format: string): TestServer {
  const server = servers.get(format)
  if (!server) throw new Error(`No server issues ${format} tokens.`)
  return server
}

for (const format of formats) {
  test(`48: no caller, a public one, a disabled one or a wrong secret learns nothing of a token (${format})`, async () => {
    const server = serverOf(format)
    const token = await getToken(server)
    const { id, secret } = server.resourceServer
    const publicApp = await register(server, { type: 'public' })
    const disabled = await register(server, {
      type: 'resource_server',
      scope: '',
      audience: server.latchkey.config.audience,
    })
    await server.latchkey.store.clients.disable(disabled.id, event('client.disabled', disabled.id))
    await catchUp(server)
    const callers = [
      { body: [] },
      { body: [['client_id', publicApp.id]] },
      { authorization: basic(publicApp.id, ''), body: [] },
      { authorization: basic(disabled.id, disabled.secret), body: [] },
      { authorization: basic(id, 'wrong'), body: [] },
      { authorization: `Bearer ${token}`, body: [] },
      { body: [['client_id', id]] },
      {
        body: [
          ['client_id', id],
          ['client_secret', secret.toUpperCase()],
        ],
      },
    ] satisfies { authorization?: string; body: [string, string][] }[]
    for (const { body, ...rest } of callers) {
      const url = server.latchkey.urls.introspection
      const answer = await ask(server, { url, ...rest, body: [['token', token], ...body] })
      assert.equal(answer.status, 401)
      assert.equal(answer.json.active, undefined)
    }
  })

  test(`49: of someone else's token a caller learns that it is not active, and nothing more (${format})`, async () => {
    const server = serverOf(format)
    const token = await getToken(server)
    const stranger = await register(server)
    const biller = await register(server, { type: 'resource_server', scope: '', audience: billing })
    for (const caller of [stranger, biller]) {
      const answer = await introspect(server, token, caller)
      assert.deepEqual([answer.status, answer.text], [200, nothing])
    }
    for (const caller of [server.client, server.resourceServer])
      assert.equal((await introspect(server, token, caller)).json.active, true)
    const unknown = await introspect(server, 'rubbish', stranger)
    assert.deepEqual([unknown.status, unknown.text], [200, nothing])
  })

  test(`49: revoking someone else's token answers 200 and ends nothing (${format})`, async () => {
    const server = serverOf(format)
    const token = await getToken(server)
    const head = await server.latchkey.store.revocations.head()
    const publicApp = await register(server, { type: 'public' })
    for (const stranger of [await register(server), server.resourceServer])
      assert.equal((await postForm(server.latchkey.urls.revocation, { token }, stranger)).status, 200)
    const byPublic = { token, client_id: publicApp.id }
    assert.equal((await postForm(server.latchkey.urls.revocation, byPublic)).status, 200)
    const unproven = { token, client_id: server.client.id }
    assert.equal((await postForm(server.latchkey.urls.revocation, unproven)).status, 401)
    assert.equal((await introspect(server, token)).json.active, true)
    assert.equal((await server.latchkey.store.revocations.head()).position, head.position)
  })

  test(`50: a wrong or unknown token_type_hint changes nothing (${format})`, async () => {
    const server = serverOf(format)
    const { urls } = server.latchkey
    for (const token_type_hint of ['refresh_token', 'access_token', 'pct', '__proto__', 'x'.repeat(500)]) {
      const token = await getToken(server)
      const asked = { token, token_type_hint }
      const answer = await readAnswer(await postForm(urls.introspection, asked, server.resourceServer))
      assert.equal(answer.json.active, true)
      assert.equal((await postForm(urls.revocation, asked, server.client)).status, 200)
      assert.equal((await introspect(server, token)).text, nothing)
    }
  })

  test(`53: a guard that asks refuses a revoked token once its answer is as old as it may be (${format})`, async () => {
    const server = serverOf(format)
    let passed = 0
    const clock = { now: () => Date.now() / 1000, monotonicMs: () => 1_000_000 + passed }
    using guard = guardOf(server, { revocation: 'introspect', introspectionCacheSeconds: 10, clock })
    using eager = guardOf(server, { revocation: 'introspect', introspectionCacheSeconds: 0 })
    const token = await getToken(server)
    for (const asking of [guard, eager]) assert.equal(await statusFor(asking, token), 200)
    await postForm(server.latchkey.urls.revocation, { token }, server.client)
    assert.equal(await statusFor(eager, token), 401)
    passed += 10_000
    assert.equal(await statusFor(guard, token), 401)
  })
}

test('51: while PostgreSQL is away whatever needs it answers 503, and nothing is issued or called inactive', async () => {
  await using database = await temporaryDatabase()
  await using server = await startServer({ database: database.url, accessTokenFormat: 'opaque' })
  using guard = guardOf(server, { revocation: 'introspect', introspectionCacheSeconds: 0 })
  const token = await getToken(server)
  assert.equal(await statusFor(guard, token), 200)
  await letIn(database.url, false)
  const answers = await askEverything(server, token)
  for (const answer of answers) assertUnavailable(answer)
  assert.equal(await statusFor(guard, token), 503)
  const password = new URL(database.url).password
  assert.ok(!server.log().includes(password))
  await letIn(database.url, true)
  assert.equal((await introspect(server, token)).json.active, true)
  assert.equal(await statusFor(guard, token), 200)
  assert.equal((await ask(server, { ...own(server), body: [grant] })).status, 200)
})

test('51: when the SQLite file is damaged whatever needs it answers 503, until it is mended', async () => {
  await using server = await startServer({ accessTokenFormat: 'opaque' })
  const token = await getToken(server)
  const other = new DatabaseSync(server.latchkey.config.database.replace('sqlite:', ''))
  const tables = ['feed_head', 'clients', 'opaque_tokens']
  for (const table of tables) other.exec(`ALTER TABLE ${table} RENAME TO lost_${table}`)
  for (const answer of await askEverything(server, token)) assertUnavailable(answer)
  for (const table of tables) other.exec(`ALTER TABLE lost_${table} RENAME TO ${table}`)
  other.close()
  assert.equal((await introspect(server, token)).json.active, true)
  await getToken(server)
})

test('51: while another process holds the SQLite file, writes answer 503 at last and reads go on', async () => {
  await using server = await startServer({ accessTokenFormat: 'opaque' })
  const token = await getToken(server)
  const other = new DatabaseSync(server.latchkey.config.database.replace('sqlite:', ''))
  other.exec('BEGIN IMMEDIATE')
  const revoking = postForm(server.latchkey.urls.revocation, { token }, server.client).then(readAnswer)
  const issuing = ask(server, { ...own(server), body: [grant] })
  assert.equal((await introspect(server, token)).json.active, true)
  for (const answer of await Promise.all([revoking, issuing])) assertUnavailable(answer)
  other.exec('ROLLBACK')
  other.close()
  assert.equal((await introspect(server, token)).json.active, true)
  await getToken(server)
})

test('52: each guard keeps its answers to itself: a token warm in one is still refused in another', async () => {
  const server = serverOf('jwt')
  await using elsewhere = await startServer({ audience: server.latchkey.config.audience })
  const biller = await register(server, { type: 'resource_server', scope: '', audience: billing })
  const asBiller = { audience: billing, clientId: biller.id, clientSecret: biller.secret }
  for (const revocation of ['feed', 'introspect'] as const) {
    using here = guardOf(server, { revocation })
    using otherAudience = guardOf(server, { ...asBiller, revocation })
    using otherIssuer = guardOf(elsewhere, { revocation })
    const token = await getToken(server)
    for (let round = 0; round < 3; round++) {
      assert.equal(await statusFor(here, token), 200)
      assert.equal(await statusFor(otherAudience, token), 401)
      assert.equal(await statusFor(otherIssuer, token), 401)
    }
  }
})

for (const format of formats) {
  test(`52: the scope is checked on each hit of a warm cache (${format})`, async () => {
    const server = serverOf(format)
    const revocation = format === 'jwt' ? 'feed' : 'introspect'
    using guard = guardOf(server, { revocation })
    const token = await getToken(server, { scope: 'read' })
    for (let round = 0; round < 3; round++) {
      assert.equal(await statusFor(guard, token, ['read']), 200)
      assert.equal(await statusFor(guard, token, ['write']), 403)
      assert.equal(await statusFor(guard, token, ['read', 'write']), 403)
    }
    await assertRefused(
      server,
      { ...own(server), body: [grant, ['scope', 'read admin']] },
      400,
      'invalid_scope',
    )
  })
}

const own = ({ client }: TestServer) => ({ authorization: basic(client.id, client.secret) })

async function askEverything(server: TestServer, token: string): Promise<Answer[]> {
  const { urls } = server.latchkey
  const unknown = { authorization: basic('unknown', 'x'), body: [grant] }
  return [
    await introspect(server, token),
    await readAnswer(await postForm(urls.revocation, { token }, server.client)),
    await ask(server, { ...own(server), body: [grant] }),
    await ask(server, unknown),
    await readAnswer(await fetch(`${server.url}/readyz`)),
  ]
}

function assertUnavailable({ status, json, headers }: Answer): void {
  assert.deepEqual([status, json.error], [503, 'temporarily_unavailable'])
  assert.match(headers.get('retry-after') ?? '', /^\d+$/)
  assert.equal(json.active, undefined)
  assert.equal(json.access_token, undefined)
}

/** Lets nobody into the database and throws out who is there; or opens it again. */
async function letIn(database: string, isOpen: boolean): Promise<void> {
  const url = new URL(database)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const admin = new pg.Client({ connectionString: url.href })
  await admin.connect()
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${isOpen}`)
  if (!isOpen)
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
  await admin.end()
}
