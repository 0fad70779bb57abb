import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { createSampleApi, type SampleApi } from '../../packages/server/src/cli/dev/sample-api.ts'
import type { CredentialPresentation } from '../../packages/server/src/dialects/dialect.ts'
import { startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { basic, getToken, postForm, startServer, type TestServer } from '../support/server.ts'

interface Sent {
  headers?: Record<string, string>
  query?: string
}

const authorization = (value: string): Sent => ({ headers: { authorization: value } })
const inHeader = (name: string): [CredentialPresentation, (token: string) => Sent] => [
  { header: name },
  (token) => ({ headers: { [name]: token } }),
]
const inQuery = (name: string): [CredentialPresentation, (token: string) => Sent] => [
  { query: name },
  (token) => ({ query: `?${name}=${token}` }),
]

/** How a dialect says that a credential is presented, and what a client of such an API sends. */
const rows: [CredentialPresentation, (token: string) => Sent][] = [
  [{ scheme: 'Bearer' }, (token) => authorization(`Bearer ${token}`)],
  [{ bare: true }, (token) => authorization(token)],
  [{ scheme: 'Token' }, (token) => authorization(`Token ${token}`)],
  [{ scheme: 'Token', parameter: 'token' }, (token) => authorization(`Token token="${token}"`)],
  [{ scheme: 'Key' }, (token) => authorization(`Key ${token}`)],
  [{ scheme: 'ApiKey' }, (token) => authorization(`ApiKey ${token}`)],
  [{ basic: 'username' }, (token) => authorization(basic(token, ''))],
  [{ basic: 'password' }, (token) => authorization(basic('api', token))],
  ...['x-api-key', 'api-key', 'apikey', 'api_token', 'x-example-key'].map(inHeader),
  ...['apiKey', 'key', 'api_key', 'token'].map(inQuery),
]

const wordsOf = (presentation: CredentialPresentation): string =>
  Object.entries(presentation).flat().join(' ')

async function statusOf(
  api: SampleApi,
  server: TestServer,
  { headers = {}, query = '' }: Sent,
): Promise<number> {
  const response = await api.fetch(new Request(`${server.url}/api/info${query}`, { headers }))
  return response.status
}

for (const [presentation, send] of rows) {
  test(`a dialect can say that the credential comes by ${wordsOf(presentation)}, and it counts nowhere else`, async () => {
    const dialect = { name: 'test', api: [{ prefix: '/api', credentials: [presentation] }] }
    await using server = await startServer({ dialect })
    const api = createSampleApi(server.latchkey, server.resourceServer)
    const token = await getToken(server)
    assert.equal(await statusOf(api, server, send(token)), 200)
    assert.equal(await statusOf(api, server, send(`${token}x`)), 401)
    for (const [other, sendElsewhere] of rows) {
      if (wordsOf(other) === wordsOf(presentation)) continue
      assert.notEqual(await statusOf(api, server, sendElsewhere(token)), 200, wordsOf(other))
    }
  })
}

test('56: a dialect that takes a credential in several places takes it in one at a time', async () => {
  const credentials = [{ scheme: 'Bearer' }, { header: 'x-api-key' }, { query: 'api_key' }]
  await using server = await startServer({
    dialect: { name: 'test', api: [{ prefix: '/api', credentials }] },
  })
  const api = createSampleApi(server.latchkey, server.resourceServer)
  const token = await getToken(server)
  const [header, key, query] = [authorization(`Bearer ${token}`), { 'x-api-key': token }, `?api_key=${token}`]
  for (const one of [header, { headers: key }, { query }]) assert.equal(await statusOf(api, server, one), 200)
  for (const two of [
    { headers: { ...header.headers, ...key } },
    { ...header, query },
    { headers: key, query },
  ]) {
    assert.equal(await statusOf(api, server, two), 400)
  }
})

test('latchkey dev speaks a dialect that a config holds as data, under the prefix of the API too', async () => {
  using folder = temporaryFolder()
  const dialect = {
    name: 'owner',
    routes: [
      {
        kind: 'token',
        method: 'POST',
        paths: ['/api/v3/login'],
        request: {
          from: ['json'],
          rename: { key: 'client_id', secret: 'client_secret' },
          defaults: { grant_type: 'client_credentials' },
        },
        answer: { 'data.token': 'access_token' },
        error: { body: { message: '{error_description}' } },
      },
    ],
    api: [{ prefix: '/api', credentials: [{ scheme: 'Token', parameter: 'token' }, { basic: 'username' }] }],
  }
  writeFileSync(folder.file('config.json'), JSON.stringify({ dialect }))
  await using dev = await startDev({ args: ['--config', folder.file('config.json')] })
  const { client, endpoints } = dev.description
  const response = await fetch(endpoints.token ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: client.client_id, secret: client.client_secret }),
  })
  const { data } = (await response.json()) as { data: { token: string } }
  for (const { headers = {} } of [
    authorization(`Token token=${data.token}`),
    authorization(basic(data.token, 'x')),
  ]) {
    const call = await fetch(`${endpoints.api}/whoami`, { headers })
    assert.equal(((await call.json()) as { client_id: string }).client_id, client.client_id)
  }
  const refused = await postForm(endpoints.token ?? '', { key: 'x' })
  assert.deepEqual(
    [refused.status, await refused.json()],
    [415, { message: 'Send the parameters as application/json.' }],
  )
})
