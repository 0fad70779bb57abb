import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { getToken, postForm, startServer, type TestServer } from '../support/server.ts'
import { assertUnavailable, proxiedDatabase } from './unavailable.ts'

after(stopOwnPostgres)

const askForToken = (server: TestServer) =>
  postForm(server.latchkey.urls.token, { grant_type: 'client_credentials' }, server.client)

const introspect = (server: TestServer, token: string) =>
  postForm(server.latchkey.urls.introspection, { token }, server.resourceServer)

const revoke = (server: TestServer, token: string) =>
  postForm(server.latchkey.urls.revocation, { token }, server.client)

test('51: while the database is away every question about a token is 503, and all is well when it is back', async () => {
  await using database = await proxiedDatabase()
  const { url, proxy } = database
  await using server = await startServer({ database: url, accessTokenFormat: 'opaque' })
  const token = await getToken(server)
  assert.equal((await introspect(server, token)).status, 200)

  await proxy.cut()
  await assertUnavailable(await askForToken(server))
  await assertUnavailable(await introspect(server, token))
  await assertUnavailable(await revoke(server, token))

  await proxy.mend()
  await eventually(async () => (await askForToken(server)).status === 200)
  const { active } = (await (await introspect(server, token)).json()) as { active: boolean }
  assert.equal(active, true)
})

test('51: a client that is not in memory is 503 while the database is away, never 401', async () => {
  await using database = await proxiedDatabase()
  const { url, proxy } = database
  await using server = await startServer({ database: url })
  await proxy.cut()
  await assertUnavailable(await askForToken(server))
  await proxy.mend()
  await eventually(async () => (await askForToken(server)).status === 200)
})

test('a client id that PostgreSQL cannot hold is an unknown client, as it is with SQLite', async () => {
  await using database = await temporaryDatabase()
  for (const options of [{ database: database.url }, {}]) {
    await using server = await startServer(options)
    const { status } = await postForm(
      server.latchkey.urls.token,
      { grant_type: 'client_credentials' },
      { id: 'no\0body', secret: 'secret' },
    )
    assert.equal(status, 401)
  }
})
