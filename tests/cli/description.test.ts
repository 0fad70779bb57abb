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
