import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { freePort, stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { postForm } from '../support/server.ts'
import { createApp } from './support.ts'

after(stopOwnPostgres)

test('a second start on the same SQLite file keeps data and credentials', async () => {
  using folder = temporaryFolder()
  await keepsEverything(folder.path, `sqlite:${folder.file('data/latchkey.db')}`, folder.file('data'))
})

test('a second start on the same PostgreSQL keeps data and credentials', async () => {
  using folder = temporaryFolder()
  await using database = await temporaryDatabase()
  await keepsEverything(folder.path, database.url, folder.file('.latchkey'))
})

test('a start with other settings brings the demo apps up to date', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.file('latchkey.db')}`
  const first = await startDev({ cwd: folder.path, database })
  const { endpoints, client } = first.description
  const password = { grant_type: 'password', username: 'john.doe', password: 'x' }
  const refused = await postForm(endpoints.token ?? '', password, demoOf(first))
  assert.equal(((await refused.json()) as { error: string }).error, 'unsupported_grant_type')
  await first.end()

  await using second = await startDev({ cwd: folder.path, database, dialect: 'make-academy' })
  assert.deepEqual(second.description.client.client_secret, client.client_secret)
  const [user] = second.description.users
  const body = { ...password, username: user?.username ?? '', password: user?.password ?? '' }
  const answer = await postForm(second.description.endpoints.token ?? '', body, demoOf(second))
  assert.equal(answer.status, 200)
  assert.match(((await answer.json()) as { scope: string }).scope, /\bconnect\b/)
})

async function keepsEverything(cwd: string, database: string, secretFolder: string): Promise<void> {
  writeFileSync(`${cwd}/opaque.json`, JSON.stringify({ accessTokenFormat: 'opaque' }))
  // Both listen on the port that the issuer names.
  const port = String(await freePort())
  const start = () => startDev({ cwd, database, args: ['--config', 'opaque.json', '--port', port] })
  const first = await start()
  const secret = readSecret(secretFolder)
  const { issuer, endpoints } = first.description
  const config = { issuer, audience: endpoints.api, database, scopes: { read: 'Read' } }
  writeFileSync(`${cwd}/latchkey.config.json`, JSON.stringify(config))
  const app = await createApp(['App'], { cwd, env: { LATCHKEY_SECRET: secret } })
  const demoToken = await issueToken(first, demoOf(first))
  const appToken = await issueToken(first, app)
  assert.match(demoToken, /^[0-9a-z]{32,}$/)
  assert.equal(await first.end(), 0)

  await using second = await start()
  const { client } = second.description
  assert.deepEqual(second.description, first.description)
  assert.equal(readSecret(secretFolder), secret)
  for (const [token, id] of [
    [demoToken, client.client_id],
    [appToken, app.id],
  ]) {
    const answer = await introspect(second, token ?? '')
    assert.equal(answer.active, true)
    assert.equal(answer.client_id, id)
  }
  assert.notEqual(await issueToken(second, app), appToken)
}

/** What a start made: one file, which only its owner may read. */
function readSecret(folder: string): string {
  const [name, ...others] = readdirSync(folder).filter((file) => file.endsWith('.secret'))
  assert.deepEqual(others, [])
  const path = `${folder}/${name}`
  assert.equal(statSync(path).mode & 0o077, 0)
  return readFileSync(path, 'utf8').trim()
}

const demoOf = ({ description: { client } }: Dev) => ({ id: client.client_id, secret: client.client_secret })

async function issueToken(dev: Dev, client: { id: string; secret: string }): Promise<string> {
  const form = { grant_type: 'client_credentials' }
  const answer = await postForm(dev.description.endpoints.token ?? '', form, client)
  assert.equal(answer.status, 200)
  return ((await answer.json()) as { access_token: string }).access_token
}

async function introspect(dev: Dev, token: string) {
  const { endpoints, resource_server } = dev.description
  const api = { id: resource_server.client_id, secret: resource_server.client_secret }
  const answer = await postForm(endpoints.introspection ?? '', { token }, api)
  return (await answer.json()) as { active: boolean; client_id?: string }
}
