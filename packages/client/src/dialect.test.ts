import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CredentialPresentation, dialect, type LifetimeUnit, type ServerDialect } from './dialect.ts'
import {
  type ClientOptions,
  clientCredentials,
  createTokenClient,
  none,
  post,
  refreshToken,
} from './index.ts'
import { makeClock } from './testing/clock.ts'
import { granted, startTokenServer, type TokenServer } from './testing/token-server.ts'

const hourMs = 3_600_000

const make = (server: TokenServer, data: ServerDialect, options: Partial<ClientOptions> = {}) => {
  const clock = makeClock()
  const told: Parameters<NonNullable<ClientOptions['onRenew']>>[0][] = []
  const client = createTokenClient({
    ...server.options,
    auth: post(),
    dialect: dialect(data),
    clock,
    onRenew: (renewal) => told.push(renewal),
    ...options,
  })
  return { client, clock, told }
}

test('a dialect of nothing is the standard', async () => {
  await using server = await startTokenServer()
  const { client, told } = make(server, {}, { origins: ['https://api.example.com'], scope: 'read write' })
  const credential = await client.credentialFor('https://api.example.com/')
  assert.deepEqual(credential?.headers, { authorization: 'Bearer token-1' })
  assert.equal(server.requests[0]?.form.scope, 'read write')
  assert.equal(told[0]?.expiresInSeconds, 3600)
})

test('every member may be undefined', async () => {
  await using server = await startTokenServer()
  const { client } = make(server, {
    refreshEndpoint: undefined,
    body: undefined,
    parameters: undefined,
    scopeSeparator: undefined,
    answer: undefined,
    lifetimeUnit: undefined,
    error: undefined,
    invalidGrantStatus: undefined,
    credential: undefined,
  })
  assert.equal(await client.getToken(), 'token-1')
})

test('refreshEndpoint: only refresh tokens go there', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(
    server,
    { refreshEndpoint: `${server.url}/refresh` },
    { grant: { ...clientCredentials() } },
  )
  server.respond = () => granted('token', { refresh_token: 'refresh' })
  await client.getToken()
  clock.advance(hourMs)
  await client.getToken()
  assert.deepEqual(
    server.requests.map(({ path, form }) => [path, form.grant_type]),
    [
      ['/token', 'client_credentials'],
      ['/refresh', 'refresh_token'],
    ],
  )
})

test('body json: one member a parameter, and a list where one was given several times', async () => {
  await using server = await startTokenServer()
  const resource = ['https://api.example.com', 'urn:api']
  await make(server, { body: 'json' }, { resource }).client.getToken()
  const [request] = server.requests
  assert.match(String(request?.headers['content-type']), /^application\/json/)
  assert.deepEqual(JSON.parse(String(request?.body)), {
    grant_type: 'client_credentials',
    client_id: 'app',
    client_secret: 'a-secret-of-the-app',
    resource,
  })
})

test('body query: a GET, beside what the URL had', async () => {
  await using server = await startTokenServer()
  const tokenEndpoint = `${server.url}/token?version=2`
  await make(server, { body: 'query' }, { tokenEndpoint, scope: 'a b', auth: none() }).client.getToken()
  const [request] = server.requests
  assert.equal(request?.method, 'GET')
  assert.equal(request?.body, '')
  assert.deepEqual(Object.fromEntries(new URL(String(request?.path), server.url).searchParams), {
    version: '2',
    grant_type: 'client_credentials',
    scope: 'a b',
    client_id: 'app',
  })
})

test('parameters: sent by the server’s names, and null is not sent', async () => {
  await using server = await startTokenServer()
  const parameters = { client_id: 'appid', client_secret: 'secret', grant_type: null, toString: 'x' }
  await make(server, { parameters }, { parameters: { audience: 'api' } }).client.getToken()
  assert.deepEqual(server.requests[0]?.form, {
    audience: 'api',
    appid: 'app',
    secret: 'a-secret-of-the-app',
  })
})

test('a parameter’s name that every object has is a name like another', async () => {
  await using server = await startTokenServer()
  await make(server, { parameters: {} }, { parameters: { constructor: 'a' }, auth: none() }).client.getToken()
  assert.equal(server.requests[0]?.form.constructor, 'a')
})

test('scopeSeparator: between scopes, and nowhere else', async () => {
  await using server = await startTokenServer()
  const options = { scope: 'a b c', parameters: { audience: 'x y' } }
  await make(server, { scopeSeparator: ',' }, options).client.getToken()
  assert.equal(server.requests[0]?.form.scope, 'a,b,c')
  assert.equal(server.requests[0]?.form.audience, 'x y')
})

test('answer: members are where their dotted names say', async () => {
  await using server = await startTokenServer()
  const answer = {
    access_token: 'data.token',
    refresh_token: 'data.again',
    expires_in: 'data.life.time',
    scope: 'data.scopes',
  }
  server.respond = () => ({
    body: { data: { token: 'moved', again: 'refresh', life: { time: 60 }, scopes: ['a', 'b'] } },
  })
  const { client, clock, told } = make(server, { answer })
  assert.equal(await client.getToken(), 'moved')
  assert.deepEqual(told, [{ grantType: 'client_credentials', expiresInSeconds: 60, scope: 'a b' }])
  clock.advance(60_000)
  await client.getToken()
  assert.equal(server.requests[1]?.form.refresh_token, 'refresh')
})

for (const body of ['null', '[]', '"data"', '{"data":null}', '{"data":{"token":null}}', '<html>']) {
  test(`answer: ${body}, where nothing is at its place, is no answer`, async () => {
    await using server = await startTokenServer()
    server.respond = () => ({ body })
    const { client } = make(server, { answer: { access_token: 'data.token.value' } })
    await assert.rejects(client.getToken(), { code: 'invalid_response' })
  })
}

for (const [lifetimeUnit, value, seconds] of [
  ['seconds', 90, 90],
  ['seconds', '90', 90],
  ['minutes', 90, 5_400],
  ['minutes', '1.5', 90],
  ['milliseconds', 90_000, 90],
  ['iso_date', '2026-01-01T00:01:30Z', 90],
  ['iso_date', '2026-01-01T01:01:30+01:00', 90],
  ['epoch_seconds', Date.UTC(2026, 0, 1) / 1000 + 90, 90],
  ['epoch_seconds', String(Date.UTC(2026, 0, 1) / 1000 + 90), 90],
  ['seconds', undefined, undefined],
  ['minutes', null, undefined],
  ['milliseconds', '', undefined],
  ['minutes', 'soon', undefined],
  ['iso_date', 'tomorrow', undefined],
  ['epoch_seconds', {}, undefined],
  ['iso_date', '2025-12-31T23:59:59Z', undefined],
  ['epoch_seconds', Date.UTC(2026, 0, 1) / 1000, undefined],
  ['epoch_seconds', 0, undefined],
] satisfies [LifetimeUnit, unknown, number | undefined][]) {
  test(`lifetimeUnit ${lifetimeUnit}: ${JSON.stringify(value)} is ${seconds} s`, async () => {
    await using server = await startTokenServer()
    server.respond = () => granted('token', { expires_in: value })
    const { client, told } = make(server, { lifetimeUnit })
    await client.getToken()
    assert.equal(told[0]?.expiresInSeconds, seconds)
  })
}

test('where a clock that is ahead makes every token’s end a thing of the past, a token is used all the same', async () => {
  for (const [lifetimeUnit, expires_in] of [
    ['iso_date', '2025-12-31T23:00:00Z'],
    ['epoch_seconds', Date.UTC(2025, 11, 31) / 1000],
  ] as const) {
    await using server = await startTokenServer()
    server.respond = () => granted('token', { expires_in })
    const { client } = make(server, { lifetimeUnit })
    for (let call = 0; call < 3; call++) assert.equal(await client.getToken(), 'token')
    assert.equal(server.requests.length, 1)
  }
})

test('error: the server’s words are where their dotted names say, and make even a 200 a refusal', async () => {
  await using server = await startTokenServer()
  server.respond = () => ({
    body: { access_token: 't', fault: { code: 'invalid_client', text: 'Who are you?' } },
  })
  const { client } = make(server, { error: { error: 'fault.code', error_description: 'fault.text' } })
  await assert.rejects(client.getToken(), {
    code: 'request_refused',
    error: 'invalid_client',
    errorDescription: 'Who are you?',
  })
})

test('error: where there is none at its place, an answer is good', async () => {
  await using server = await startTokenServer()
  server.respond = () => granted('token', { error: 'none', fault: { code: 0 } })
  assert.equal(await make(server, { error: { error: 'fault.code' } }).client.getToken(), 'token')
})

test('invalidGrantStatus: ends a connection, and refuses a start as before', async () => {
  await using server = await startTokenServer()
  server.respond = () => ({ status: 403 })
  const data = { invalidGrantStatus: 403 }
  const connection = make(server, data, { grant: refreshToken('start') })
  await assert.rejects(connection.client.getToken(), { code: 'connection_ended' })
  await assert.rejects(make(server, data).client.getToken(), { code: 'request_refused' })
})

for (const [credential, url, headers] of [
  [undefined, '/me?a=1', { authorization: 'Bearer token-1' }],
  [{ scheme: 'Bearer' }, '/me?a=1', { authorization: 'Bearer token-1' }],
  [{ scheme: 'Token', parameter: 'token' }, '/me?a=1', { authorization: 'Token token=token-1' }],
  [{ bare: true }, '/me?a=1', { authorization: 'token-1' }],
  [{ header: 'X-Api-Key' }, '/me?a=1', { 'x-api-key': 'token-1' }],
  [{ query: 'key' }, '/me?a=1&key=token-1', {}],
  [{ query: 'a' }, '/me?a=token-1', {}],
] satisfies [CredentialPresentation | undefined, string, Record<string, string>][]) {
  test(`credential ${JSON.stringify(credential)}: how the API takes the token`, async () => {
    await using server = await startTokenServer()
    const { client } = make(server, { credential }, { origins: ['https://api.example.com'] })
    assert.deepEqual(await client.credentialFor('https://api.example.com/me?a=1'), {
      token: 'token-1',
      url: `https://api.example.com${url}`,
      headers,
    })
  })
}

for (const [what, data, advice] of [
  ['a member that there is not', { lifetime: 'minutes' }, /no member lifetime/],
  ['another unit', { lifetimeUnit: 'hours' }, /seconds, minutes, milliseconds, iso_date, epoch_seconds/],
  ['another body', { body: 'xml' }, /form, json, query/],
  ['another presentation', { credential: { cookie: 'token' } }, /\{ scheme \}/],
] satisfies [string, Record<string, unknown>, RegExp][]) {
  test(`${what} is refused at once, with what there is`, () => {
    assert.throws(() => dialect(data as ServerDialect), { name: 'TypeError', message: advice })
  })
}
