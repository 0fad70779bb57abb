import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DialectInput } from '../../packages/server/src/dialects/dialect.ts'
import { basic, startServer, type TestServer } from '../support/server.ts'

type Route = NonNullable<DialectInput['routes']>[number]

const now = 1_800_000_000
const lifetimeSeconds = 5400

/** What an answer is made of, and what comes out; the texts `TOKEN`, `CLIENT`, `ISSUER` stand for those of the run. */
const rows: [says: string, answer: NonNullable<Route['answer']>, expected: Record<string, unknown>][] = [
  ['the token under another name', { jwt: 'access_token' }, { jwt: 'TOKEN' }],
  ['the token inside another member', { 'data.token': 'access_token' }, { data: { token: 'TOKEN' } }],
  [
    'several members inside one',
    { 'data.token': 'access_token', 'data.user.id': 'client_id', ok: { constant: true } },
    { data: { token: 'TOKEN', user: { id: 'CLIENT' } }, ok: true },
  ],
  ['a lifetime in seconds', { expires: { lifetime: 'expires_in', unit: 'seconds' } }, { expires: 5400 }],
  ['a lifetime in minutes', { expires_in: { lifetime: 'expires_in', unit: 'minutes' } }, { expires_in: 90 }],
  [
    'a lifetime in milliseconds',
    { ttl: { lifetime: 'expires_in', unit: 'milliseconds' } },
    { ttl: 5_400_000 },
  ],
  [
    'the end as an ISO date',
    { expiresAt: { lifetime: 'expires_in', unit: 'iso_date' } },
    { expiresAt: '2027-01-15T09:30:00.000Z' },
  ],
  [
    'the end in epoch seconds',
    { expires_at: { lifetime: 'expires_in', unit: 'epoch_seconds' } },
    { expires_at: now + lifetimeSeconds },
  ],
  ['no lifetime at all', { token: 'access_token' }, { token: 'TOKEN' }],
  [
    'no lifetime of a refresh token where there is none',
    { token: 'access_token', refresh: { lifetime: 'refresh_expires_in', unit: 'minutes' } },
    { token: 'TOKEN' },
  ],
  ['scopes as a list', { scopes: { list: 'scope' } }, { scopes: ['read', 'write'] }],
  ['scopes with commas', { scope: { joined: 'scope', separator: ',' } }, { scope: 'read,write' }],
  ['token_type in lower case', { token_type: { lowerCase: 'token_type' } }, { token_type: 'bearer' }],
  [
    'constants of each kind',
    { a: { constant: 'x' }, b: { constant: 1 }, c: { constant: false }, d: { constant: null } },
    { a: 'x', b: 1, c: false, d: null },
  ],
  [
    'fields that are computed',
    { instance_url: 'issuer', id: { template: '{issuer}/id/{client_id}' }, api: 'audience' },
    { instance_url: 'ISSUER', id: 'ISSUER/id/CLIENT', api: 'ISSUER/api' },
  ],
  [
    'names that every object has',
    { constructor: 'access_token', 'toString.valueOf': 'client_id' },
    { constructor: 'TOKEN', toString: { valueOf: 'CLIENT' } },
  ],
]

async function startWith(routes: Route[], clock: () => number = () => now): Promise<TestServer> {
  const dialect = { name: 'answers', routes }
  return startServer({ dialect, accessTokenLifetime: `${lifetimeSeconds}s`, clock })
}

const tokenRoute = (path: string, parts: Partial<Route>): Route => ({
  kind: 'token',
  method: 'POST',
  paths: [path],
  ...parts,
})

function ask(server: TestServer, path: string, grantType = 'client_credentials', method = 'POST') {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: basic(server.client.id, server.client.secret) },
    ...(method === 'GET' ? {} : { body: new URLSearchParams({ grant_type: grantType }) }),
  })
}

for (const [says, answer, expected] of rows) {
  test(`a dialect can answer ${says}`, async () => {
    await using server = await startWith([tokenRoute('/token', { answer })])
    const response = await ask(server, '/token')
    const text = (await response.text())
      .replaceAll(/"ey[\w-]+\.[\w-]+\.[\w-]+"/g, '"TOKEN"')
      .replaceAll(server.client.id, 'CLIENT')
      .replaceAll(server.url, 'ISSUER')
    assert.deepEqual(JSON.parse(text), expected)
    assert.equal(response.headers.get('cache-control'), 'no-store')
  })
}

test('an end that an answer tells is never later than the end of the token itself', async () => {
  let ticks = now
  const clock = () => {
    ticks += 1
    return ticks
  }
  const answer = { token: 'access_token', end: { lifetime: 'expires_in', unit: 'epoch_seconds' } } as const
  await using server = await startWith([tokenRoute('/token', { answer })], clock)
  const body = (await (await ask(server, '/token')).json()) as { token: string; end: number }
  const claims = JSON.parse(Buffer.from(body.token.split('.')[1] ?? '', 'base64url').toString())
  assert.ok(body.end <= claims.exp && body.end > claims.exp - 10)
})

const errorRows: [says: string, error: Route['error'], status: number, expected: unknown][] = [
  [
    'as RFC 6749 JSON',
    undefined,
    400,
    {
      error: 'unsupported_grant_type',
      error_description: 'WORDS',
      error_uri: 'ISSUER/docs#unsupported_grant_type',
    },
  ],
  [
    'as an error with message and code',
    {
      body: { error: { message: '{error_description}', code: '{status}' } },
      statuses: { unsupported_grant_type: 501 },
      messages: { unsupported_grant_type: 'Grant type not supported.' },
    },
    501,
    { error: { message: 'Grant type not supported.', code: 501 } },
  ],
  [
    'as an error with dotted names',
    { body: { 'error.message': '{error_description}', 'error.code': '{code}', status: 'error' } },
    400,
    { error: { message: 'WORDS', code: 'unsupported_grant_type' }, status: 'error' },
  ],
  ['as a message', { body: { message: 'Failed: {error_description}' } }, 400, { message: 'Failed: WORDS' }],
  [
    'as a list with codes of its own',
    {
      body: { errors: [{ code: '{code}', message: '{error_description}' }], success: false },
      codes: { unsupported_grant_type: 1042 },
      statuses: { unsupported_grant_type: 422 },
    },
    422,
    { errors: [{ code: 1042, message: 'WORDS' }], success: false },
  ],
]

for (const [says, error, status, expected] of errorRows) {
  test(`a dialect can tell errors ${says}`, async () => {
    await using server = await startWith([tokenRoute('/token', error ? { error } : {})])
    const response = await ask(server, '/token', 'no_such_grant')
    const text = (await response.text())
      .replaceAll(/This server knows the grant types [^.]+\./g, 'WORDS')
      .replaceAll(server.url, 'ISSUER')
    assert.deepEqual([response.status, JSON.parse(text)], [status, expected])
  })
}

test('an error that the dialect gives no status or words keeps the standard ones, and its headers', async () => {
  const error = {
    body: { message: '{error_description}', code: '{status}', kind: '{code}' },
    statuses: { invalid_scope: 422 },
    codes: { invalid_scope: 7 },
    messages: { invalid_scope: 'No.' },
  }
  await using server = await startWith([tokenRoute('/token', { error })])
  const response = await fetch(`${server.url}/token`, {
    method: 'POST',
    headers: { authorization: basic(server.client.id, 'wrong') },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  assert.equal(response.status, 401)
  assert.match(response.headers.get('www-authenticate') ?? '', /^Basic /)
  assert.deepEqual(await response.json(), {
    message: 'The client could not be authenticated: check its id and secret.',
    code: 401,
    kind: 'invalid_client',
  })
})

test('two versions of a token route each answer and fail in their own shape', async () => {
  await using server = await startWith([
    tokenRoute('/v2/token', { answer: { token: 'access_token' }, error: { body: { message: '{error}' } } }),
    tokenRoute('/v3/token', {
      answer: { 'data.jwt': 'access_token' },
      error: { body: { errors: [{ code: '{error}' }] } },
    }),
  ])
  const read = async (path: string, grantType?: string, method?: string) =>
    (await ask(server, path, grantType, method)).json()
  assert.deepEqual(Object.keys((await read('/v2/token')) as object), ['token'])
  assert.deepEqual(Object.keys((await read('/v3/token')) as object), ['data'])
  assert.deepEqual(await read('/v2/token', 'none'), { message: 'unsupported_grant_type' })
  assert.deepEqual(await read('/v3/token', 'none'), { errors: [{ code: 'unsupported_grant_type' }] })
  assert.deepEqual(await read('/v2/token', 'none', 'PUT'), { message: 'method_not_allowed' })
  assert.deepEqual(await read('/v3/token', 'none', 'PUT'), { errors: [{ code: 'method_not_allowed' }] })
  assert.equal((await ask(server, '/token')).status, 404)
})

test('one path can be a route by GET and another by POST', async () => {
  const get = { ...tokenRoute('/token', { answer: { got: 'token_type' } }), method: 'GET' } as const
  await using server = await startWith([get, tokenRoute('/token', { answer: { posted: 'token_type' } })])
  const headers = { authorization: basic(server.client.id, server.client.secret) }
  const got = await fetch(`${server.url}/token?grant_type=client_credentials`, { headers })
  assert.deepEqual(await got.json(), { got: 'Bearer' })
  assert.deepEqual(await (await ask(server, '/token')).json(), { posted: 'Bearer' })
  const refused = await ask(server, '/token', 'client_credentials', 'PUT')
  assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD, POST'])
})
