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
  assertRefused(await create('--type', 'public'), /needs a redirect URI, to which people come back/)
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
  ] as const)
    assertRefused(await allow(until), words)
  assert.doesNotMatch((await setup.run('app', 'list')).stdout, /password/)
  assert.match((await allow('2099-01-31')).stdout, /until 2099-01-31.*\n.*set `passwordGrant: true`/)
  assert.equal(
    (await setup.run('app', 'list')).stdout,
    `${id}\tconfidential\tactive\tOld app\tpassword until 2099-01-31\tused 0 times\n`,
  )
  const shown = (await setup.run('app', 'show', id)).stdout
  assert.match(shown, /^grant_types\tpassword$/m)
  assert.match(shown, /^password_until\t2099-01-31\npassword_uses\t0$/m)
  assert.match((await allow('2001-01-01')).stdout, /may not send people's passwords from now on\.\n$/)
  assert.match((await setup.run('app', 'list')).stdout, /\tpassword until 2001-01-01\t/)
  const unknown = await setup.attempt('app', 'allow-password', 'unknown', '--until', '2099-01-31')
  assertRefused(unknown, /no app with the id unknown/)
})

test('an app without the grant type password is told how to get it, and nothing is written down', async () => {
  using setup = await prepare()
  const created = (await setup.run('app', 'create', 'App')).stdout
  const id = /client_id +(\S+)/.exec(created)?.[1] ?? ''
  const allow = () => setup.attempt('app', 'allow-password', id, '--until', '2099-01-31')
  const words = `latchkey app change ${id} --grant client_credentials password`
  assertRefused(await allow(), new RegExp(words))
  assert.doesNotMatch((await setup.run('app', 'list')).stdout, /password until/)
  await setup.run(...words.split(' ').slice(1))
  assert.match((await allow()).stdout, /until 2099-01-31/)
})

test('an app is changed where it is told to be, by the rules of its registration', async () => {
  using setup = await prepare()
  const created = (await setup.run('app', 'create', 'App', '--scope', 'read')).stdout
  const id = /client_id +(\S+)/.exec(created)?.[1] ?? ''
  const change = (...words: string[]) => setup.attempt('app', 'change', id, ...words)
  const refused: [words: string[], answer: RegExp][] = [
    [[], /Say what to change: --name/],
    [['--scope', 'raed'], /no scope `raed`\. Did you mean `read`\?/],
    [['--redirect-uri', 'http://shop.example.com/'], /Write https:/],
    [['--grant', 'authorization_code'], /needs a redirect URI/],
    [['--name', ' '], /A name has 1 to/],
    [['--prefix', 'x'], /See `latchkey app change --help`/],
  ]
  for (const [words, answer] of refused) assertRefused(await change(...words), answer)
  assertRefused(await setup.attempt('app', 'change', 'unknown', '--name', 'X'), /no app with the id unknown/)
  succeeded(await change('--name', 'Shop', '--scope', 'write', '--publisher', 'Example Ltd'))
  succeeded(await change('--redirect-uri', callback))
  const shown = (await setup.run('app', 'show', id)).stdout.split('\n')
  for (const fact of [
    'name\tShop',
    'publisher\tExample Ltd',
    'scope\twrite',
    'grant_types\tauthorization_code refresh_token client_credentials',
    `redirect_uris\t${callback}`,
  ])
    assert.ok(shown.includes(fact), `${fact} in ${shown}`)
  const api = (await setup.run('app', 'create', 'API', '--type', 'resource_server')).stdout
  const apiId = /client_id +(\S+)/.exec(api)?.[1] ?? ''
  assertRefused(await setup.attempt('app', 'change', apiId, '--scope', 'read'), /obtains no tokens/)
  assertRefused(await setup.attempt('app', 'change', apiId, '--redirect-uri', callback), /leave out/)
  await setup.run('app', 'change', apiId, '--name', 'Orders API')
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
