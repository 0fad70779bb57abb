import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startDev } from '../support/dev.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { getToken, postForm, startServer } from '../support/server.ts'

after(stopOwnPostgres)

test('a client gets a token and calls the sample API with it', async () => {
  await using dev = await startDev()
  const { client, endpoints } = dev.description
  const answer = await postForm(
    endpoints.token ?? '',
    { grant_type: 'client_credentials' },
    { id: client.client_id, secret: client.client_secret },
  )
  const { access_token } = (await answer.json()) as { access_token: string }
  const call = await fetch(`${endpoints.api}/whoami`, {
    headers: { authorization: `Bearer ${access_token}` },
  })
  assert.equal(call.status, 200)
  assert.equal(((await call.json()) as { client_id: string }).client_id, client.client_id)
})

test('100 token requests at once with the same client all succeed', async () => {
  await using server = await startServer()
  const tokens = await Promise.all(Array.from({ length: 100 }, () => getToken(server)))
  assert.equal(new Set(tokens).size, 100)
})

test('PostgreSQL serves opaque tokens as SQLite does', async () => {
  await using database = await temporaryDatabase()
  await using server = await startServer({ database: database.url, accessTokenFormat: 'opaque' })
  const token = await getToken(server)
  const answer = await postForm(server.latchkey.urls.introspection, { token }, server.resourceServer)
  assert.equal(((await answer.json()) as { active: boolean }).active, true)
})
