import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { assertRefused, latchkey, type RunOptions, succeeded } from './support.ts'

const callback = 'https://shop.example.com/callback'

test('an app that asks people is registered with where they return to and who made it, and shown so', async () => {
  using setup = await prepare()
  const words = ['--redirect-uri', callback, 'com.example.shop:/callback', '--publisher', 'Example Ltd']
  const { stdout } = await setup.run('app', 'create', 'Shop', '--type', 'public', ...words)
  const id = /client_id +(\S+)/.exec(stdout)?.[1] ?? ''
  assert.doesNotMatch(stdout, /client_secret/)
  const shown = (await setup.run('app', 'show', id)).stdout
  for (const fact of [
    'name\tShop',
    'type\tpublic',
    'publisher\tExample Ltd',
    'grant_types\tauthorization_code refresh_token',
    `redirect_uris\t${callback} com.example.shop:/callback`,
  ])
    assert.ok(shown.split('\n').includes(fact), `${fact} in ${shown}`)
  assertRefused(await setup.attempt('app', 'show', 'unknown'), /no app with the id unknown/)
})

test('app create refuses a redirect URI and a grant type that cannot be, and says what can', async () => {
  using setup = await prepare()
  const create = (...words: string[]) => setup.attempt('app', 'create', 'Shop', ...words)
  assertRefused(await create('--redirect-uri', 'http://shop.example.com/'), /Write https:/)
  assertRefused(await create('--redirect-uri', 'https://Shop.example.com/'), /https:\/\/shop\.example\.com\//)
  assertRefused(await create('--grant', 'authorization_code'), /needs a redirect URI/)
  assertRefused(await create('--grant', 'pasword'), /Did you mean password/)
  assertRefused(await create('--type', 'public', '--grant', 'client_credentials'), /has no secret/)
  assert.equal((await setup.run('app', 'list')).stdout, '')
})

test('an app may send passwords until the day that was named, and the list says so', async () => {
  using setup = await prepare()
  const created = (await setup.run('app', 'create', 'Old app', '--grant', 'password')).stdout
  const id = /client_id +(\S+)/.exec(created)?.[1] ?? ''
  const allow = (until: string) => setup.attempt('app', 'allow-password', id, '--until', until)
  for (const [until, words] of [
    ['2099-02-30', /not a date/],
    ['tomorrow', /not a date/],
    ['2099-1-1', /not a date/],
    ['2001-01-01', /is past/],
  ] as const)
    assertRefused(await allow(until), words)
  assert.doesNotMatch((await setup.run('app', 'list')).stdout, /password/)
  assert.match((await allow('2099-01-31')).stdout, /until 2099-01-31.*\n.*set `passwordGrant: true`/)
  assert.equal(
    (await setup.run('app', 'list')).stdout,
    `${id}\tconfidential\tactive\tOld app\tpassword until 2099-01-31\tused 0 times\n`,
  )
  assert.match((await setup.run('app', 'show', id)).stdout, /^grant_types\tpassword$/m)
  const unknown = await setup.attempt('app', 'allow-password', 'unknown', '--until', '2099-01-31')
  assertRefused(unknown, /no app with the id unknown/)
})

/** A folder with a config and a database with its tables. */
async function prepare() {
  const folder = temporaryFolder()
  const config = {
    issuer: 'http://127.0.0.1:3999',
    audience: 'https://api.example.com',
    database: `sqlite:${folder.file('latchkey.db')}`,
    scopes: { read: 'Read', write: 'Write' },
  }
  writeFileSync(folder.file('latchkey.config.json'), JSON.stringify(config))
  const options: RunOptions = { cwd: folder.path }
  const run = async (...words: string[]) => succeeded(await latchkey(words, options))
  await run('migrate')
  return {
    run,
    attempt: (...words: string[]) => latchkey(words, options),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}
