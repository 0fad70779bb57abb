import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { createGuard } from '@latchkey/guard'
import { createLatchkey } from '@latchkey/server'
import { systemClock as clock } from '../../packages/server/src/base/clock.ts'
import { registerApp } from '../../packages/server/src/clients/registration.ts'
import { openDatabase } from '../../packages/server/src/store/open.ts'
import { createStore } from '../../packages/server/src/store/store.ts'
import { createRefreshTokens } from '../../packages/server/src/tokens/refresh-token.ts'
import { setScene } from '../attacks/connection.ts'
import { catchUp } from '../attacks/support.ts'
import {
  addPerson,
  codeChallenge,
  issueCode,
  redeem,
  refresh,
  registerCodeClient,
  tokensOf,
} from '../support/connection.ts'
import { withinASecond } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { disposable, guardOf, patience, statusFor } from '../support/guards.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { queriesOf } from '../support/queries.ts'
import { startServe } from '../support/serve.ts'
import { testSecret } from '../support/server.ts'

after(stopOwnPostgres)

for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
  test(`where there is one connection, the second ends the first in the next request (${accessTokenFormat})`, async () => {
    await using scene = await setScene({ connections: 'one', accessTokenFormat, clock })
    const { tokenUrl, app, server, parts, user } = scene
    using guard = guardOf(server, {
      revocations: server.latchkey.revocations,
      fetch: server.latchkey.fetch,
    })
    const now = { expires_at: clock() + 60 }
    const connect = async () => tokensOf(await redeem(tokenUrl, app, await scene.code(now)))
    const other = await addPerson(parts)
    const theirs = tokensOf(await redeem(tokenUrl, app, await scene.code({ ...now, user_id: other.id })))
    const first = await connect()
    assert.equal(await statusFor(guard, first.accessToken), 200)
    const second = await connect()
    assert.equal(await statusFor(guard, first.accessToken), 401)
    assert.equal(await statusFor(guard, second.accessToken), 200)
    assert.equal((await refresh(tokenUrl, app, first.refreshToken)).body.error, 'invalid_grant')
    tokensOf(await refresh(tokenUrl, app, second.refreshToken))
    assert.equal(await statusFor(guard, theirs.accessToken), 200, "another person's connection stays")
    assert.equal((await server.latchkey.store.connections.listOf(user.id, clock())).length, 1)
  })
}

/** Two server processes on one PostgreSQL, an app, a person, and what makes codes. */
async function startTwo(options: Record<string, unknown> = {}) {
  const database = await temporaryDatabase()
  const issuer = 'http://127.0.0.1:1'
  const audience = 'https://api.example.com'
  const config = { issuer, audience, database: database.url, scopes: { read: 'Read', write: 'Write' } }
  const seeding = await createLatchkey(config, {
    environment: { LATCHKEY_SECRET: testSecret },
    migrate: true,
    logDestination: { write: () => {} },
  })
  await seeding.close()
  const store = createStore(await openDatabase(database.url))
  const parts = { store, clock }
  const app = await registerCodeClient(parts)
  const user = await addPerson(parts)
  const api = await registerApp(parts, { name: 'API', type: 'resource_server', scope: '', audience }, 'test')
  const first = await startServe({ ...config, ...options })
  const second = await startServe({ ...config, ...options })
  return {
    store,
    app,
    user,
    issuer,
    audience,
    api: { id: api.id, secret: api.secret ?? '' },
    urls: [first.url, second.url] as const,
    tokenUrls: [`${first.url}/token`, `${second.url}/token`] as const,
    code: () => issueCode(parts, app, user, { audience, code_challenge: codeChallenge }),
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]()
      await second[Symbol.asyncDispose]()
      await store.database.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

const fifty = <Outcome>(attempt: (index: number) => Promise<Outcome>): Promise<Outcome[]> =>
  Promise.all(Array.from({ length: 50 }, (_, index) => attempt(index)))

test('two server processes on one PostgreSQL: fifty redeem one code, one wins', async () => {
  await using two = await startTwo()
  const code = await two.code()
  const answers = await fifty((index) => redeem(two.tokenUrls[(index % 2) as 0 | 1], two.app, code))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.ok(answers.every(({ status, body }) => status === 200 || body.error === 'invalid_grant'))
  assert.equal((await two.store.connections.listOf(two.user.id, clock())).length, 1)
})

test('two server processes on one PostgreSQL: fifty exchange one refresh token, and get the same next one', async () => {
  await using two = await startTwo()
  const { refreshToken } = tokensOf(await redeem(two.tokenUrls[0], two.app, await two.code()))
  const answers = await fifty((index) => refresh(two.tokenUrls[(index % 2) as 0 | 1], two.app, refreshToken))
  const next = new Set(answers.map((answer) => tokensOf(answer).refreshToken))
  assert.equal(next.size, 1)
  const [connection] = await two.store.database.kysely.selectFrom('connections').selectAll().execute()
  assert.equal(connection?.generation, 1)
})

test('two server processes on one PostgreSQL: of fifty new connections of one person and app one lives, and the guards know', async () => {
  await using two = await startTwo({ connections: 'one' })
  const { issuer, audience, api } = two
  using guard = disposable(
    createGuard({
      issuer,
      audience,
      clientId: api.id,
      clientSecret: api.secret,
      fetch: (request) => fetch(request.url.replace(issuer, two.urls[1]), request),
      ...patience,
    }),
  )
  const codes = await fifty(() => two.code())
  const answers = await fifty(async (index) =>
    tokensOf(await redeem(two.tokenUrls[(index % 2) as 0 | 1], two.app, codes[index] ?? '')),
  )
  assert.equal((await two.store.connections.listOf(two.user.id, clock())).length, 1)
  const countLive = async () => {
    const statuses = await Promise.all(answers.map(({ accessToken }) => statusFor(guard, accessToken)))
    return statuses.filter((status) => status === 200).length
  }
  await withinASecond(
    async () => (await countLive()) === 1,
    () => fetch(`${two.urls[1]}/healthz`),
  )
  const refreshed = await Promise.all(
    answers.map(({ refreshToken }) => refresh(two.tokenUrls[0], two.app, refreshToken)),
  )
  assert.equal(refreshed.filter(({ status }) => status === 200).length, 1)
})

test("a restored backup ends nobody's connection: the row catches up with the token", async () => {
  using folder = temporaryFolder()
  const audience = 'https://api.example.com'
  const [file, backup] = [folder.file('latchkey.db'), folder.file('backup.db')]
  const before = await setScene({ database: `sqlite:${file}`, audience })
  const { app } = before
  let tokens = await before.connect()
  const connection = new DatabaseSync(file)
  connection.exec(`VACUUM INTO '${backup}'`)
  connection.close()
  for (let round = 0; round < 5; round++) {
    before.wait(1_000)
    tokens = tokensOf(await refresh(before.tokenUrl, app, tokens.refreshToken))
  }
  await before[Symbol.asyncDispose]()
  copyFileSync(backup, folder.file('restored.db'))
  await using after = await setScene({ database: `sqlite:${folder.file('restored.db')}`, audience })
  const next = tokensOf(await refresh(after.tokenUrl, app, tokens.refreshToken))
  tokensOf(await refresh(after.tokenUrl, app, next.refreshToken))
  const events = await after.server.latchkey.store.auditEvents.list(100)
  assert.ok(events.some(({ action }) => action === 'connection.caught_up'))
})

test("a refresh token made with the server's secret alone is refused, and so is one made from the database alone", async () => {
  await using scene = await setScene()
  const { tokenUrl, app, server } = scene
  const { refreshToken } = await scene.connect()
  const row = await server.latchkey.store.database.kysely
    .selectFrom('connections')
    .selectAll()
    .executeTakeFirstOrThrow()
  const parts = { keyNumber: row.key_number, connectionId: row.id, generation: row.generation }
  const ours = createRefreshTokens([testSecret])
  assert.equal(ours.derive(parts, row.seed), refreshToken, 'key and row together do make it')
  const withoutRow = ours.derive(parts, 'a seed that was guessed') ?? ''
  const others = createRefreshTokens(["another secret, which is not this server's"])
  const made = others.derive({ ...parts, keyNumber: others.keyNumber }, row.seed) ?? ''
  const withoutKey = made.replace(others.keyNumber, ours.keyNumber)
  const before = await scene.rows()
  for (const forged of [withoutRow, withoutKey, made]) {
    const answer = await refresh(tokenUrl, app, forged)
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'])
  }
  assert.deepEqual(await scene.rows(), before)
  tokensOf(await refresh(tokenUrl, app, refreshToken))
})

test('a forged refresh token makes no query at all', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  // What the server reads because it was set up a moment ago is no query for a token.
  await catchUp(scene.server)
  const good = await queriesOf(async () => tokensOf(await refresh(tokenUrl, app, refreshToken)))
  assert.ok(good.length > 0, 'a good one does')
  const forged = [
    refreshToken.replace(/[^.]+$/, (tags) => tags.replaceAll(/./g, (sign) => (sign === 'a' ? 'b' : 'a'))),
    refreshToken.replace(/\.0\./, '.1.'),
    refreshToken.replace(/^./, (first) => (first === 'a' ? 'b' : 'a')),
    'no refresh token',
    '',
    `${refreshToken}a`,
  ]
  const queries = await queriesOf(async () => {
    for (const token of forged) assert.equal((await refresh(tokenUrl, app, token)).status, 400)
  })
  assert.deepEqual(queries, [])
})

test('a thousand refreshes of one connection add no row to any table but the audit log', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, server } = scene
  let { refreshToken } = await scene.connect()
  const before = await countEveryRow(server.latchkey.store)
  for (let round = 0; round < 1_000; round++) {
    refreshToken = tokensOf(await refresh(tokenUrl, app, refreshToken)).refreshToken
    if (round % 7 === 0) scene.wait(13)
  }
  assert.deepEqual(await countEveryRow(server.latchkey.store), before)
  const [connection] = await server.latchkey.store.database.kysely
    .selectFrom('connections')
    .select('generation')
    .execute()
  assert.equal(connection?.generation, 1_000)
})

async function countEveryRow({ database: { kysely } }: ReturnType<typeof createStore>) {
  const tables = (await kysely.introspection.getTables()).map(({ name }) => name)
  const counts = new Map<string, number>()
  for (const name of tables) {
    if (name === 'audit_events') continue
    const { count } = await kysely
      .selectFrom(name as 'users')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    counts.set(name, Number(count))
  }
  return counts
}
