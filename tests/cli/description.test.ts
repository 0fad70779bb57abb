import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presets } from '../../packages/server/src/dialects/presets.ts'
import { startDev } from '../support/dev.ts'

const endpointNames = [
  'token',
  'authorization',
  'revocation',
  'introspection',
  'jwks',
  'metadata',
  'refresh',
  'invalidate',
  'docs',
  'account',
  'developers',
  'admin',
  'mail',
  'api',
]

for (const dialect of Object.keys(presets)) {
  test(`dev --json prints one line with exactly the members of its contract: ${dialect}`, async () => {
    await using dev = await startDev({ dialect })
    const { description } = dev
    assert.deepEqual(Object.keys(description), [
      'issuer',
      'dialect',
      'database',
      'routes',
      'endpoints',
      'client',
      'public_client',
      'resource_server',
      'users',
      'api_key',
    ])
    assert.equal(description.dialect, dialect)
    assert.deepEqual(Object.keys(description.endpoints), endpointNames)
    for (const url of Object.values(description.endpoints))
      assert.ok(url === null || url.startsWith(`${description.issuer}/`), `${url} is not below the issuer`)
    for (const route of description.routes) {
      assert.deepEqual(Object.keys(route), ['kind', 'method', 'url'])
      assert.ok(URL.canParse(route.url))
    }
    assert.deepEqual(Object.keys(description.client), ['client_id', 'client_secret', 'redirect_uri'])
    assert.deepEqual(Object.keys(description.public_client ?? {}), ['client_id', 'redirect_uri'])
    assert.deepEqual(Object.keys(description.resource_server), ['client_id', 'client_secret'])
    assert.equal(description.users.length, 2)
    for (const user of description.users)
      assert.deepEqual(Object.keys(user), ['username', 'password', 'name'])
    const { refresh, invalidate, developers, admin, ...everywhere } = description.endpoints
    assert.deepEqual([refresh !== null, invalidate !== null], Array(2).fill(dialect === 'make-academy'))
    assert.deepEqual([developers, admin], [null, null])
    assert.ok(Object.entries(everywhere).every(([name, url]) => url !== null || name === 'jwks'))
    assert.equal(description.api_key !== null, ['makeprintable', 'make-academy'].includes(dialect))
    await dev.end()
    assert.equal(dev.stdout(), `${JSON.stringify(description)}\n`)
  })
}

test('the demo apps are sent back to a page that shows what came, and the command that exchanges it', async () => {
  await using dev = await startDev()
  const { client, public_client } = dev.description
  assert.equal(public_client?.redirect_uri, client.redirect_uri)
  const open = async (query: Record<string, string>) => {
    const page = await fetch(`${client.redirect_uri}?${new URLSearchParams(query)}`)
    assert.equal(page.status, 200)
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    return page.text()
  }
  const code = 'a'.repeat(52)
  const exchanging = await open({ code, state: 'x' })
  assert.match(exchanging, new RegExp(`curl http\\S+/token .*-d code=${code}`, 's'))
  assert.match(exchanging, /YOUR_VERIFIER/)
  const refused = await open({ error: 'access_denied', error_description: '<b>No</b>' })
  assert.match(refused, /<code>access_denied<\/code>/)
  assert.match(refused, /&lt;b&gt;No&lt;\/b&gt;/)
  assert.doesNotMatch(refused, /curl|<b>/)
})

test('what was not made here is no part of a command that somebody pastes', async () => {
  await using dev = await startDev()
  for (const code of ['$(id)', "' ; id #", `${'a'.repeat(52)}\n id`, 'a'.repeat(51)]) {
    const query = new URLSearchParams({ code })
    const page = await (await fetch(`${dev.description.client.redirect_uri}?${query}`)).text()
    assert.doesNotMatch(page, /curl/)
  }
})

test('what the description names is there: each GET answers, and each token route gives a token', async () => {
  await using dev = await startDev({ dialect: 'makeleaps' })
  const { routes, client } = dev.description
  const authorization = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`
  for (const { kind, method, url } of routes) {
    if (method === 'GET' && kind !== 'revocations') assert.notEqual((await fetch(url)).status, 404, url)
    if (kind !== 'token') continue
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const answer = await fetch(url, { method, headers: { authorization }, body })
    assert.equal(answer.status, 200, url)
  }
})
