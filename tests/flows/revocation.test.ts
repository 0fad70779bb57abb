import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { createGuard, type Guard } from '@latchkey/guard'
import { createLatchkey } from '@latchkey/server'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { registerApp } from '../../packages/server/src/clients/registration.ts'
import { startDev } from '../support/dev.ts'
import { withinASecond } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { disposable, guardOf, patience, statusFor } from '../support/guards.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { startServe } from '../support/serve.ts'
import { getToken, postForm, startServer, testSecret } from '../support/server.ts'

after(stopOwnPostgres)

for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
  test(`a revoked ${accessTokenFormat} token is refused in the very next request of the same process`, async () => {
    await using server = await startServer({ accessTokenFormat })
    const { latchkey } = server
    using guard = guardOf(server, { fetch: latchkey.fetch, revocations: latchkey.revocations })
    for (let round = 0; round < 20; round++) {
      const token = await getToken(server)
      assert.equal(await statusFor(guard, token), 200)
      await postForm(latchkey.urls.revocation, { token }, server.client)
      assert.equal(await statusFor(guard, token), 401)
    }
  })

  test(`a revoked ${accessTokenFormat} token is refused within a second by a guard in another process`, async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('config.json'), JSON.stringify({ accessTokenFormat }))
    await using dev = await startDev({ args: ['--config', folder.file('config.json')] })
    const { issuer, endpoints, client, resource_server } = dev.description
    using guard = disposable(
      createGuard({
        issuer,
        audience: endpoints.api ?? '',
        clientId: resource_server.client_id,
        clientSecret: resource_server.client_secret,
        ...patience,
      }),
    )
    const app = { id: client.client_id, secret: client.client_secret }
    const token = await issueFrom(endpoints.token ?? '', app)
    assert.equal(await statusFor(guard, token), 200)
    await postForm(endpoints.revocation ?? '', { token }, app)
    await refusedInTime(guard, token, issuer)
  })
}

test('two server processes share one PostgreSQL: what one ends, the guards of the other refuse within a second', async () => {
  await using database = await temporaryDatabase()
  const { issuer, audience, app, api } = await prepare(database.url)
  const config = { issuer, audience, database: database.url, scopes: { read: 'Read' } }
  await using first = await startServe(config)
  await using second = await startServe(config)
  const toSecond = (request: Request) => fetch(request.url.replace(issuer, second.url), request)
  using guard = disposable(
    createGuard({
      issuer,
      audience,
      clientId: api.id,
      clientSecret: api.secret,
      fetch: toSecond,
      ...patience,
    }),
  )
  const token = await issueFrom(`${first.url}/token`, app)
  assert.equal(await statusFor(guard, token), 200)
  await postForm(`${first.url}/revoke`, { token }, app)
  await refusedInTime(guard, token, second.url)
  const asked = await postForm(`${second.url}/introspect`, { token }, api)
  assert.deepEqual(await asked.json(), { active: false })
})

test('introspection at another process is exact at once, without waiting for its watch', async () => {
  await using database = await temporaryDatabase()
  const { issuer, audience, app, api } = await prepare(database.url)
  const config = { issuer, audience, database: database.url, scopes: { read: 'Read' } }
  await using first = await startServe(config)
  await using second = await startServe(config)
  for (let round = 0; round < 20; round++) {
    const token = await issueFrom(`${first.url}/token`, app)
    await postForm(`${first.url}/revoke`, { token }, app)
    const asked = await postForm(`${second.url}/introspect`, { token }, api)
    assert.deepEqual(await asked.json(), { active: false })
  }
})

for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
  test(`a ${accessTokenFormat} token is ended for guards whose clocks are behind, too`, async () => {
    let now = 1_800_000_000
    const clock = () => now
    await using server = await startServer({ accessTokenFormat, accessTokenLifetime: '1m', clock })
    const { latchkey } = server
    const late = { now: () => now - 200, monotonicMs: () => performance.now() }
    const token = await getToken(server)
    now += accessTokenFormat === 'jwt' ? 100 : 30
    await postForm(latchkey.urls.revocation, { token }, server.client)
    now = 1_800_000_100
    await latchkey.store.revocations.purge(now, 100)
    using guard = guardOf(server, { clock: late })
    assert.equal(await statusFor(guard, token), 401)
    assert.equal((await latchkey.store.revocations.after(0, 10)).length, 1)
  })
}

test("disabling a client ends its tokens and refuses it, and another client's token lives", async () => {
  await using server = await startServer()
  const { latchkey } = server
  using guard = guardOf(server)
  const parts = { store: latchkey.store, clock: systemClock }
  const other = await registerApp(parts, { name: 'Other', type: 'confidential', scope: 'read' }, 'test')
  const token = await getToken(server)
  const spared = await issueFrom(latchkey.urls.token, { id: other.id, secret: other.secret ?? '' })
  assert.equal(await statusFor(guard, token), 200)
  const event = { at: parts.clock(), actor: 'test', action: 'client.disabled', subject: server.client.id }
  await latchkey.store.clients.disable(server.client.id, event)
  await refusedInTime(guard, token)
  assert.equal(await statusFor(guard, spared), 200)
  const refused = await postForm(latchkey.urls.token, { grant_type: 'client_credentials' }, server.client)
  assert.equal(refused.status, 401)
})

test('after `restored` the guards start from a new feed, and every token issued before is refused', async () => {
  await using server = await startServer()
  const { store } = server.latchkey
  using guard = guardOf(server)
  const token = await getToken(server)
  assert.equal(await statusFor(guard, token), 200)
  await store.revocations.restart({ at: 0, actor: 'test', action: 'server.restored', subject: 'server' })
  await refusedInTime(guard, token)
  assert.equal(await statusFor(guard, await getToken(server)), 200)
})

/** Makes the tables and two clients, as a server of that issuer had left them. */
async function prepare(database: string) {
  const issuer = 'http://127.0.0.1:3999'
  const audience = `${issuer}/api`
  const latchkey = await createLatchkey(
    { issuer, audience, database, scopes: { read: 'Read' }, logLevel: 'silent' },
    { environment: { LATCHKEY_SECRET: testSecret }, migrate: true },
  )
  const parts = { store: latchkey.store, clock: systemClock }
  const app = await registerApp(parts, { name: 'App', type: 'confidential', scope: 'read' }, 'test')
  const api = await registerApp(parts, { name: 'API', type: 'resource_server', scope: '', audience }, 'test')
  await latchkey.close()
  const known = ({ id, secret = '' }: { id: string; secret: string | undefined }) => ({ id, secret })
  return { issuer, audience, app: known(app), api: known(api) }
}

async function issueFrom(url: string, client: { id: string; secret: string }): Promise<string> {
  const answer = await postForm(url, { grant_type: 'client_credentials' }, client)
  return ((await answer.json()) as { access_token: string }).access_token
}

/** @param other where the other process listens, if there is one. */
const refusedInTime = (guard: Guard, token: string, other?: string): Promise<void> =>
  withinASecond(
    async () => (await statusFor(guard, token)) === 401,
    other === undefined ? undefined : () => fetch(`${other}/healthz`),
  )
