import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { startServe } from '../support/serve.ts'
import { postForm } from '../support/server.ts'
import { assertRefused, createApp, latchkey, type RunOptions, succeeded } from './support.ts'

after(stopOwnPostgres)

interface App {
  id: string
  secret: string
}

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  test(`migrate makes the tables once, then says that there is nothing to do: ${kind}`, async () => {
    await using setup = await prepare(kind)
    assert.match((await setup.run('migrate')).stdout, /^Migrated: 0001-foundation.*\.\n$/)
    assert.equal((await setup.run('migrate')).stdout, 'The database is up to date.\n')
  })

  test(`apps are managed beside a running server, which feels it: ${kind}`, async () => {
    await using setup = await prepare(kind)
    await setup.run('migrate')
    await using server = await startServe(setup.config)
    const app = await setup.createApp('Shop', '--scope', 'read')
    const api = await setup.createApp('API', '--type', 'resource_server')
    const ask = (client: App) => postForm(`${server.url}/token`, { grant_type: 'client_credentials' }, client)
    const isActive = async (token: string) =>
      (await jsonOf<{ active: boolean }>(postForm(`${server.url}/introspect`, { token }, api))).active
    const token = await tokenOf(ask(app))
    assert.equal(await isActive(token), true)
    const list = (await setup.run('app', 'list')).stdout
    assert.match(list, new RegExp(`^${app.id}\tconfidential\tactive\tShop$`, 'm'))
    assert.match(list, new RegExp(`^${api.id}\tresource_server\tactive\tAPI$`, 'm'))

    const rotated = /client_secret +(\S+)\n/.exec((await setup.run('app', 'rotate-secret', app.id)).stdout)
    const renewed = { id: app.id, secret: rotated?.[1] ?? '' }
    await eventually(async () => (await ask(renewed)).status === 200)
    assert.equal((await ask(app)).status, 200)
    const last = /client_secret +(\S+)\n/.exec(
      (await setup.run('app', 'rotate-secret', app.id, '--now')).stdout,
    )
    await eventually(async () => (await ask(renewed)).status === 401)
    const current = { id: app.id, secret: last?.[1] ?? '' }
    assert.equal((await ask(current)).status, 200)
    assert.equal(await isActive(token), true)

    await setup.run('app', 'disable', app.id)
    await eventually(async () => (await ask(current)).status === 401)
    await eventually(async () => !(await isActive(token)))
    assert.match(
      (await setup.run('app', 'list')).stdout,
      new RegExp(`^${app.id}\tconfidential\tdisabled`, 'm'),
    )
    assertRefused(
      await setup.attempt('app', 'disable', app.id),
      /no active app with the id .*`latchkey app list`/,
    )
    assert.equal(await server.end(), 0)
  })

  test(`keys are rotated and revoked beside a running server, which feels it: ${kind}`, async () => {
    await using setup = await prepare(kind)
    await setup.run('migrate')
    await using server = await startServe(setup.config)
    const app = await setup.createApp('Shop')
    const api = await setup.createApp('API', '--type', 'resource_server')
    const newToken = () => tokenOf(postForm(`${server.url}/token`, { grant_type: 'client_credentials' }, app))
    const isActive = async (token: string) =>
      (await jsonOf<{ active: boolean }>(postForm(`${server.url}/introspect`, { token }, api))).active
    const publishedKids = async () =>
      (await jsonOf<{ keys: { kid: string }[] }>(fetch(`${server.url}/jwks`))).keys.map(({ kid }) => kid)

    const token = await newToken()
    const before = await publishedKids()
    assert.equal(before.length, 2)
    const listed = (await setup.run('keys', 'list')).stdout
    for (const kid of before) assert.ok(listed.includes(kid))
    assert.match((await setup.run('keys', 'rotate')).stdout, new RegExp(`^(${before.join('|')}) signs from `))
    await eventually(async () => (await publishedKids()).length === 3)
    assert.deepEqual((await publishedKids()).filter((kid) => before.includes(kid)).sort(), before.sort())
    assert.equal(await isActive(token), true)

    await setup.run('keys', 'revoke', kidOf(token))
    await eventually(async () => !(await isActive(token)))
    await eventually(async () => !(await publishedKids()).includes(kidOf(token)))
    const next = await newToken()
    assert.notEqual(kidOf(next), kidOf(token))
    assert.equal(await isActive(next), true)
    assertRefused(await setup.attempt('keys', 'revoke', 'unknown'), /no key unknown\. `latchkey keys list`/)
    assertRefused(
      await setup.attempt('keys', 'revoke', '-unknown'),
      /unknown option '-unknown'.* A name that begins with `-` goes after `--`\.$/m,
    )
    assertRefused(await setup.attempt('keys', 'revoke', '--', '-unknown'), /no key -unknown\./)

    await setup.run('restored')
    await eventually(async () => !(await isActive(next)))
    assert.equal(await isActive(await newToken()), true)
  })
}

test('under another secret no key is rotated or revoked, and nothing is changed', async () => {
  await using setup = await prepare('SQLite')
  await setup.run('migrate')
  await using server = await startServe(setup.config)
  const app = await setup.createApp('Shop')
  const token = await tokenOf(postForm(`${server.url}/token`, { grant_type: 'client_credentials' }, app))
  const before = (await setup.run('keys', 'list')).stdout
  const env = { LATCHKEY_SECRET: 'another secret that this database was not sealed with' }
  for (const words of [
    ['keys', 'rotate'],
    ['keys', 'revoke', kidOf(token)],
  ]) {
    assertRefused(await latchkey(words, { ...setup.options, env }), /sealed with another LATCHKEY_SECRET/)
  }
  assert.equal((await setup.run('keys', 'list')).stdout, before)
})

test('app create takes over an id and a secret from another system, and prints neither anew', async () => {
  await using setup = await prepare('SQLite')
  await setup.run('migrate')
  await using server = await startServe(setup.config)
  const secret = 'a-secret-of-the-other-system-0123456789'
  const words = ['app', 'create', 'Old', '--id', 'shop-42', '--secret-stdin']
  const { stdout } = succeeded(await latchkey(words, { ...setup.options, input: `${secret}\n` }))
  assert.equal(stdout, 'client_id      shop-42\n')
  const client = { id: 'shop-42', secret }
  assert.ok(await tokenOf(postForm(`${server.url}/token`, { grant_type: 'client_credentials' }, client)))
  const again = await latchkey(words, { ...setup.options, input: `${secret}\n` })
  assertRefused(again, /There is a client with the id shop-42 already/)
  const short = await latchkey([...words, '--id', 'other'], { ...setup.options, input: 'short' })
  assertRefused(short, /A secret has \d+ to 200 printable/)
})

test('app create refuses what no token could ever be for, and says what it knows', async () => {
  await using setup = await prepare('SQLite')
  await setup.run('migrate')
  const create = (...words: string[]) => setup.attempt('app', 'create', 'Shop', ...words)
  assertRefused(await create('--scope', 'read wirte'), /no scope `wirte`\. Did you mean `write`\?/)
  assertRefused(await create('--audience', 'https://api.example.com'), /goes with --type resource_server/)
  assertRefused(await create('--type', 'resource_server', '--scope', 'read'), /--scope is for apps/)
  assertRefused(
    await create('--type', 'resource_server', '--audience', 'https://other.example.com'),
    /No token is for https:\/\/other\.example\.com\. Known: https:\/\/api\.example\.com/,
  )
  assert.equal((await setup.run('app', 'list')).stdout, '')
})

test('a public app has no secret to print or to rotate', async () => {
  await using setup = await prepare('SQLite')
  await setup.run('migrate')
  const back = ['--redirect-uri', 'com.example.phone:/callback']
  const { stdout } = await setup.run('app', 'create', 'Phone', '--type', 'public', ...back)
  const id = /^client_id +(\S+)\n$/.exec(stdout)?.[1]
  assert.ok(id)
  assertRefused(await setup.attempt('app', 'rotate-secret', id), /no app with the id .* that has a secret/)
})

/** A folder with a configuration, over a new database. */
async function prepare(kind: 'SQLite' | 'PostgreSQL') {
  const folder = temporaryFolder()
  const database = kind === 'PostgreSQL' ? await temporaryDatabase() : undefined
  const config = {
    issuer: 'http://127.0.0.1:3999',
    audience: 'https://api.example.com',
    database: database?.url ?? `sqlite:${folder.file('latchkey.db')}`,
    scopes: { read: 'Read', write: 'Write' },
  }
  writeFileSync(folder.file('latchkey.config.json'), JSON.stringify(config))
  const options: RunOptions = { cwd: folder.path }
  return {
    config,
    options,
    attempt: (...words: string[]) => latchkey(words, options),
    run: async (...words: string[]) => succeeded(await latchkey(words, options)),
    createApp: (...words: string[]) => createApp(words, options),
    async [Symbol.asyncDispose]() {
      await database?.[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

const jsonOf = async <Body>(answer: Promise<Response>): Promise<Body> =>
  (await answer).json() as Promise<Body>

async function tokenOf(answer: Promise<Response>): Promise<string> {
  const { access_token } = await jsonOf<{ access_token?: string }>(answer)
  assert.ok(access_token)
  return access_token
}

const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
