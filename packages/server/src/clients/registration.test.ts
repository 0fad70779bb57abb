import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sha256 } from '../base/hash.ts'
import { openDatabase } from '../store/open.ts'
import { createStore, type Store } from '../store/store.ts'
import {
  changeRegistration,
  maxRedirectUris,
  minImportedSecretLength,
  type NewApp,
  RegistrationError,
  registerApp,
  rotateSecret,
} from './registration.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
let store: Store

before(async () => {
  const database = await openDatabase(`sqlite:${join(folder, 'latchkey.db')}`)
  await database.migrate()
  store = createStore(database)
  await store.revocations.initialize(3_600)
})
after(async () => {
  await store.database.close()
  rmSync(folder, { recursive: true, force: true })
})

const register = (app: Partial<NewApp> = {}, clock = () => 1_000) =>
  registerApp({ store, clock }, { name: 'App', type: 'confidential', scope: 'read', ...app }, 'test')

async function assertRefused(app: Partial<NewApp>): Promise<void> {
  const before = await store.clients.list(1_000)
  await assert.rejects(register(app), RegistrationError, JSON.stringify(app))
  assert.deepEqual(await store.clients.list(1_000), before)
}

test('a new client has an id and a secret of unreserved letters, and only the hash of the secret is kept', async () => {
  const { id, secret = '' } = await register()
  assert.match(id, /^[a-z2-7]{26}$/)
  assert.match(secret, /^[a-z2-7]{52}$/)
  const kept = await store.clients.find(id)
  assert.deepEqual(
    kept?.secrets.map(({ secret_hash }) => secret_hash),
    [sha256(secret)],
  )
  assert.ok(!JSON.stringify(kept).includes(secret))
})

test('a public client has no secret, now or by rotation', async () => {
  const redirectUris = ['https://app.example.com/callback']
  const { id, secret } = await register({
    type: 'public',
    secret: 'a-secret-that-is-not-taken',
    redirectUris,
  })
  assert.equal(secret, undefined)
  assert.equal(await rotateSecret({ store, clock: () => 1_000 }, id, 60, 'test'), undefined)
  assert.deepEqual((await store.clients.find(id))?.secrets, [])
})

test('85: a name that could split a line or a header is refused', async () => {
  for (const name of ['', '   ', 'a\r\nset-cookie: x', 'a\nb', 'a\0b', 'a\u007fb', 'a\tb', 'x'.repeat(121)])
    await assertRefused({ name })
  await register({ name: `Jane Black's app <b>"é"</b> ${'x'.repeat(80)}` })
})

test('an id or a secret from elsewhere is printable, has no space, and a secret is long', async () => {
  for (const id of ['', 'a b', 'a\nb', 'é', 'a\0', 'x'.repeat(201)]) await assertRefused({ id })
  const long = 'x'.repeat(minImportedSecretLength)
  for (const secret of ['', long.slice(1), `${long} `, `${long}\n`, `${long}é`, 'x'.repeat(201)])
    await assertRefused({ secret })
  assert.deepEqual(await register({ id: 'a:b%c+d', secret: long }), { id: 'a:b%c+d', secret: long })
})

test('an id that is taken is refused, and the client that has it stays as it was', async () => {
  const { id } = await register({ id: 'taken' })
  const before = await store.clients.find(id)
  await assertRefused({ id, name: 'Another', secret: 'another-secret-0123' })
  assert.deepEqual(await store.clients.find(id), before)
})

test('a scope that could not stand on the wire, and a resource server without its API, are refused', async () => {
  for (const scope of ['a"b', 'a\\b', 'é', 'a\nb']) await assertRefused({ scope })
  for (const audience of [undefined, ''])
    await assertRefused({ type: 'resource_server', ...(audience === undefined ? {} : { audience }) })
})

test('an app with redirect URIs may ask people; a public one may do nothing else', async () => {
  const redirectUris = ['https://app.example.com/callback', 'com.example.app:/callback']
  const grantTypesOf = async (app: Partial<NewApp>) =>
    (await store.clients.find((await register(app)).id))?.grant_types
  assert.equal(await grantTypesOf({}), 'client_credentials')
  assert.equal(await grantTypesOf({ redirectUris }), 'authorization_code refresh_token client_credentials')
  assert.equal(await grantTypesOf({ type: 'public', redirectUris }), 'authorization_code refresh_token')
  await assert.rejects(register({ type: 'public' }), /could do nothing.*needs a redirect URI/)
  assert.equal(await grantTypesOf({ grantTypes: ['password'] }), 'password')
  const { id } = await register({
    redirectUris: [...redirectUris, ...redirectUris],
    publisher: 'Example Ltd',
  })
  const kept = await store.clients.find(id)
  assert.deepEqual([kept?.redirect_uris, kept?.publisher], [redirectUris.join(' '), 'Example Ltd'])
})

test('17: a redirect URI that cannot be taken is refused, and the words say how to mend it', async () => {
  await assertRefused({ redirectUris: ['https://app.example.com/', 'javascript:alert(1)'] })
  await assertRefused({ redirectUris: ['https://app.example.com/ https://evil.com/'] })
  await assert.rejects(register({ redirectUris: ['http://app.example.com/'] }), /Write https:/)
  const many = (count: number) => Array.from({ length: count }, (_, index) => `https://a.com/${index}`)
  await register({ redirectUris: many(maxRedirectUris) })
  await assertRefused({ redirectUris: many(maxRedirectUris + 1) })
})

test('what an app could not use, or is not known, is refused at its registration', async () => {
  await assert.rejects(register({ grantTypes: ['authorisation_code'] }), /Did you mean authorization_code/)
  await assertRefused({ grantTypes: ['authorization_code'] })
  await assertRefused({ type: 'public', grantTypes: ['client_credentials'] })
  const resourceServer = { type: 'resource_server', audience: 'https://api.example.com' } as const
  await assertRefused({ ...resourceServer, grantTypes: ['client_credentials'] })
  await assertRefused({ ...resourceServer, redirectUris: ['https://app.example.com/'] })
  for (const publisher of ['', ' ', 'a\nb', 'x'.repeat(121)]) await assertRefused({ publisher })
})

test('an app is changed into what could be registered, and in nothing that was not named', async () => {
  const redirectUris = ['https://app.example.com/callback']
  const { id } = await register({ publisher: 'Example Ltd' })
  const change = (changes: Parameters<typeof changeRegistration>[2]) =>
    changeRegistration({ store, clock: () => 2_000 }, id, changes, 'test')
  const before = await store.clients.find(id)
  for (const changes of [
    { name: 'a\nb' },
    { publisher: ' ' },
    { scope: 'a"b' },
    { grantTypes: ['authorization_code'] },
    { redirectUris: ['javascript:alert(1)'] },
  ])
    await assert.rejects(change(changes), RegistrationError, JSON.stringify(changes))
  assert.deepEqual(await store.clients.find(id), before)
  await change({ name: 'Shop', scope: 'write  read' })
  await change({ redirectUris })
  const { name, scope, publisher, redirect_uris, grant_types } = (await store.clients.find(id)) ?? {}
  assert.deepEqual(
    { name, scope, publisher, redirect_uris, grant_types },
    {
      name: 'Shop',
      scope: 'write read',
      publisher: 'Example Ltd',
      redirect_uris: redirectUris[0],
      grant_types: 'authorization_code refresh_token client_credentials',
    },
  )
  const [event] = await store.auditEvents.list(1)
  assert.deepEqual([event?.action, event?.subject], ['client.changed', `client:${id}`])
  assert.equal(
    await changeRegistration({ store, clock: () => 2_000 }, 'nobody', { name: 'X' }, 'test'),
    undefined,
  )
})

test('an app whose grant types were named keeps them when it moves', async () => {
  const { id } = await register({ grantTypes: ['client_credentials', 'password'] })
  const redirectUris = ['https://app.example.com/callback']
  await changeRegistration({ store, clock: () => 2_000 }, id, { redirectUris }, 'test')
  assert.equal((await store.clients.find(id))?.grant_types, 'client_credentials password')
})

test('a registration and a rotation are in the audit log, without the secret', async () => {
  const { id, secret = '' } = await register({}, () => 5_000)
  const rotated = await rotateSecret({ store, clock: () => 5_001 }, id, 60, 'test')
  const events = (await store.auditEvents.list(100)).filter(({ subject }) => subject === `client:${id}`)
  assert.deepEqual(
    events.map(({ action }) => action),
    ['client.secret_rotated', 'client.registered'],
  )
  for (const known of [secret, rotated?.secret ?? '']) assert.ok(!JSON.stringify(events).includes(known))
})
