import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { type Scene, setScene } from '../attacks/connection.ts'
import {
  formOf,
  isBack,
  openPage,
  password,
  send,
  setVisitScene,
  signedIn,
  type VisitScene,
} from '../attacks/visiting.ts'
import { redeem, redirectUri, refresh, tokensOf, verifier } from '../support/connection.ts'
import { eventually } from '../support/eventually.ts'
import { Person } from '../support/person.ts'
import { stopOwnPostgres } from '../support/postgres.ts'
import { postForm, type TestServer, type TestServerOptions } from '../support/server.ts'
import { assertUnavailable, assertUnavailablePage, proxiedDatabase } from './unavailable.ts'

after(stopOwnPostgres)

const untilReady = ({ url }: TestServer) =>
  eventually(async () => (await fetch(`${url}/readyz`)).status === 200)

/** An app that may also send passwords. */
async function setPasswordScene(options: TestServerOptions): Promise<Scene> {
  const scene = await setScene({ passwordGrant: true, ...options })
  const { app, parts } = scene
  const event = { at: parts.clock(), actor: 'test', action: 'test', subject: `client:${app.id}` }
  const grant_types = 'authorization_code refresh_token password'
  await parts.store.clients.change(app.id, { grant_types }, event)
  await parts.store.passwordGrants.allow(app.id, parts.clock() + 3_600, event)
  return scene
}

/** Each way to a connection's tokens. */
function requestsOf({ tokenUrl, app, user }: Scene, code: string, refreshToken: string) {
  const post = (parameters: Record<string, string>) =>
    postForm(tokenUrl, parameters, { id: app.id, secret: app.secret ?? '' })
  return {
    refresh: () => post({ grant_type: 'refresh_token', refresh_token: refreshToken }),
    redeem: () =>
      post({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }),
    sendPassword: (secret: string) =>
      post({ grant_type: 'password', username: user.username, password: secret }),
  }
}

test('51: while the database is away a refresh, a code and a password are 503, and all are good when it is back', async () => {
  await using database = await proxiedDatabase()
  await using scene = await setPasswordScene({ database: database.url })
  const { refreshToken } = await scene.connect()
  const requests = requestsOf(scene, await scene.code(), refreshToken)

  await database.proxy.cut()
  for (let time = 0; time < 3; time++) {
    await assertUnavailable(await requests.refresh())
    await assertUnavailable(await requests.redeem())
    await assertUnavailable(await requests.sendPassword(password))
    await assertUnavailable(await requests.sendPassword('wrong'))
  }

  await database.proxy.mend()
  await untilReady(scene.server)
  await assertAllGood(requests)
})

async function assertAllGood(requests: ReturnType<typeof requestsOf>): Promise<void> {
  for (const answer of [
    await requests.refresh(),
    await requests.redeem(),
    await requests.sendPassword(password),
  ]) {
    assert.equal(answer.status, 200, await answer.text())
  }
}

test('39, 51: a refresh whose commit is not heard of is 503, and the same token gives the next one', async () => {
  await using database = await proxiedDatabase()
  await using scene = await setScene({ database: database.url })
  const { tokenUrl, app } = scene
  const { refreshToken } = await scene.connect()
  const requests = requestsOf(scene, '', refreshToken)
  database.proxy.cutAfter('COMMIT\0')
  await assertUnavailable(await requests.refresh())
  const next = tokensOf(await refresh(tokenUrl, app, refreshToken))
  assert.match(next.refreshToken, /\.1\.\w+$/)
  tokensOf(await refresh(tokenUrl, app, next.refreshToken))
})

test('51: a code whose commit is not heard of is 503 and spent, and asking again ends nothing', async () => {
  await using database = await proxiedDatabase()
  await using scene = await setScene({ database: database.url })
  const { tokenUrl, app, user, parts } = scene
  const code = await scene.code()
  database.proxy.cutAfter('COMMIT\0')
  await assertUnavailable(await requestsOf(scene, code, '').redeem())
  assert.equal((await redeem(tokenUrl, app, code)).body.error, 'invalid_grant')
  assert.equal((await parts.store.connections.listOf(user.id, parts.clock())).length, 1)
})

/** A person with each page and form of the way to an app before them. */
async function prepareVisit(scene: VisitScene) {
  const { john, server } = scene
  const stranger = new Person()
  const person = await signedIn(scene, john)
  const signIn = formOf(await openPage(stranger, scene.authorizeUrl()))
  const consent = formOf(await openPage(person, scene.authorizeUrl()))
  return {
    pages: [
      () => person.fetch(scene.authorizeUrl()),
      () => person.fetch(`${server.latchkey.urls.signIn}?add=1`),
      () => person.fetch(server.latchkey.urls.account),
    ],
    forms: [
      () => send(stranger, signIn, { username: john.username, password }),
      () => send(stranger, signIn, { username: john.username, password: 'wrong' }),
      () => send(stranger, signIn, { username: 'nobody', password: 'wrong' }),
      () => send(person, consent, { decision: 'allow' }),
    ],
    async assertAllGood() {
      assert.ok((await person.submit(consent, { decision: 'allow' }, isBack)) instanceof URL)
      const next = await stranger.submit(signIn, { username: john.username, password }, isBack)
      assert.ok(!(next instanceof URL))
      assert.ok(formOf(next).buttons.some(({ name }) => name === 'decision'))
    },
  }
}

test('51: while the database is away sign-in and consent are 503, and the same forms are good when it is back', async () => {
  await using database = await proxiedDatabase()
  await using scene = await setVisitScene({ database: database.url })
  const visit = await prepareVisit(scene)
  await database.proxy.cut()
  for (const ask of [...visit.pages, ...visit.forms]) await assertUnavailablePage(await ask())
  await database.proxy.mend()
  await untilReady(scene.server)
  await visit.assertAllGood()
})

/** What a server's SQLite connections are opened with, seen while it starts. */
async function withConnections<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; connections: DatabaseSync[] }> {
  const connections = new Set<DatabaseSync>()
  const original = DatabaseSync.prototype.exec
  DatabaseSync.prototype.exec = function (sql) {
    connections.add(this)
    return original.call(this, sql)
  }
  try {
    const result = await work()
    return { result, connections: [...connections].filter(({ isOpen }) => isOpen) }
  } finally {
    DatabaseSync.prototype.exec = original
  }
}

/** The one that writes. */
const isWriter = (connection: DatabaseSync): boolean =>
  connection.prepare('PRAGMA query_only').get()?.query_only === 0

test('51: while SQLite refuses every write a refresh, a code and a password are 503, and all are good afterwards', async () => {
  const { result, connections } = await withConnections(() => setPasswordScene({}))
  await using scene = result
  const { refreshToken } = await scene.connect()
  const requests = requestsOf(scene, await scene.code(), refreshToken)
  const writers = connections.filter(isWriter)
  for (const writer of writers) writer.exec('PRAGMA query_only = ON')
  await assertUnavailable(await requests.refresh())
  await assertUnavailable(await requests.redeem())
  await assertUnavailable(await requests.sendPassword(password))
  for (const writer of writers) writer.exec('PRAGMA query_only = OFF')
  await assertAllGood(requests)
})

test('51: while SQLite refuses every write no form is taken for a wrong one, and the same forms are good afterwards', async () => {
  const { result, connections } = await withConnections(() => setVisitScene())
  await using scene = result
  const visit = await prepareVisit(scene)
  const writers = connections.filter(isWriter)
  for (const writer of writers) writer.exec('PRAGMA query_only = ON')
  for (const ask of visit.forms) await assertUnavailablePage(await ask())
  for (const writer of writers) writer.exec('PRAGMA query_only = OFF')
  await visit.assertAllGood()
})

test('51: on a full disk a code is 503 and good when there is room, and no connection ends', async () => {
  const { result, connections } = await withConnections(() => setScene({ accessTokenFormat: 'opaque' }))
  await using scene = result
  const { tokenUrl, app } = scene
  const codes = await Promise.all(Array.from({ length: 100 }, () => scene.code()))
  const writers = connections.filter(isWriter)
  const pagesOf = (writer: DatabaseSync) => Number(writer.prepare('PRAGMA page_count').get()?.page_count)
  for (const writer of writers) writer.exec(`PRAGMA max_page_count = ${pagesOf(writer) + 4}`)
  const connected: string[] = []
  const refused: string[] = []
  for (const code of codes) {
    const answer = await requestsOf(scene, code, '').redeem()
    if (answer.status === 200) {
      connected.push(((await answer.json()) as { refresh_token: string }).refresh_token)
    } else {
      await assertUnavailable(answer)
      refused.push(code)
    }
  }
  assert.ok(connected.length > 0 && refused.length > 0, `${connected.length} of ${codes.length} were taken`)
  for (const token of connected) {
    const answer = await requestsOf(scene, '', token).refresh()
    if (answer.status !== 200) await assertUnavailable(answer)
  }
  for (const writer of writers) writer.exec('PRAGMA max_page_count = 1000000')
  for (const code of refused) tokensOf(await redeem(tokenUrl, app, code))
  for (const token of connected) tokensOf(await refresh(tokenUrl, app, token))
})
