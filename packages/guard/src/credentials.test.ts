import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bare, basic, bearer, type Credential, createGuard, header, query, scheme } from './index.ts'
import { nodeRequest } from './testing/request.ts'
import { startServer, type TestServer } from './testing/server.ts'

let server: TestServer

before(async () => {
  server = await startServer()
})

after(() => server.close())

type Headers = [string, string][]

/** The status that a request gets from a guard with these credentials: as Node hands it over, and as a web Request. */
async function statusOf(credentials: Credential[], headers: Headers, path = '/'): Promise<number> {
  const guard = createGuard({ ...server.guardOptions, revocation: 'none', credentials })
  const web = new Request(`https://api.example.com${path}`, { headers: new Headers(headers) })
  const results = [await guard.check(nodeRequest(headers, path)), await guard.check(web)]
  const [status, same] = results.map((result) => (result.ok ? 200 : result.status))
  assert.equal(status, same)
  return status ?? 0
}

const authorization = (value: string): Headers => [['Authorization', value]]
const basicValue = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

test('a credential is found where the guard looks, and only there', async () => {
  const token = server.jwt()
  const places: [string, Credential, Headers, string?][] = [
    ['bearer', bearer(), authorization(`Bearer ${token}`)],
    ['bare', bare(), authorization(token)],
    ['Token', scheme('Token'), authorization(`Token ${token}`)],
    ['Token token=', scheme('Token', { parameter: 'token' }), authorization(`Token token="${token}"`)],
    ['Basic user', basic('username'), authorization(basicValue(`${token}:`))],
    ['Basic password', basic('password'), authorization(basicValue(`api:${token}`))],
    ['x-api-key', header('X-API-Key'), [['X-Api-Key', token]]],
    ['api_key', query('api_key'), [], `/?a=1&api_key=${token}`],
  ]
  for (const [here, credential] of places) {
    for (const [there, , headers, path] of places) {
      const status = await statusOf([credential], headers, path)
      assert.equal(status === 200, here === there, `${credential.usage}, sent as ${there}: ${status}`)
    }
  }
})

test('a scheme is read in any case and with any number of spaces', async () => {
  const token = server.jwt()
  for (const value of [`bearer ${token}`, `BEARER ${token}`, `Bearer   ${token}`]) {
    assert.equal(await statusOf([bearer()], authorization(value)), 200)
  }
  for (const value of [`Bearer${token}`, `Bearer\t${token}`, `NotBearer ${token}`]) {
    assert.notEqual(await statusOf([bearer()], authorization(value)), 200)
  }
})

test('a bare credential leaves other schemes alone', async () => {
  for (const value of ['Basic dXNlcjpwYXNz', `Bearer ${server.jwt()}`, 'Digest username="x", nonce="y"']) {
    assert.equal(await statusOf([bare()], authorization(value)), 401)
  }
  assert.equal(await statusOf([bearer(), bare()], authorization(`Bearer ${server.jwt()}`)), 200)
  assert.equal(await statusOf([bearer(), bare()], authorization(server.jwt())), 200)
})

test('an empty credential is none', async () => {
  assert.equal(
    await statusOf([header('x-api-key'), bearer()], [['x-api-key', ''], ...authorization('Bearer x')]),
    401,
  )
  const headers: Headers = [['x-api-key', ''], ...authorization(`Bearer ${server.jwt()}`)]
  assert.equal(await statusOf([header('x-api-key'), bearer()], headers), 200)
  assert.equal(
    await statusOf([query('api_key'), bearer()], authorization(`Bearer ${server.jwt()}`), '/?api_key='),
    200,
  )
})

test('56: a token in the query where none may be is a 400, even beside a good one', async () => {
  const token = server.jwt()
  for (const path of [
    `/?access_token=${token}`,
    `/?a=b&access%5Ftoken=x`,
    '/?access_token=',
    '/?access_token',
  ]) {
    assert.equal(await statusOf([bearer()], authorization(`Bearer ${token}`), path), 400)
    assert.equal(await statusOf([bearer()], [], path), 400)
  }
  assert.equal(
    await statusOf([bearer()], authorization(`Bearer ${token}`), '/?q=access_token&x_access_token=1'),
    200,
  )
  assert.equal(await statusOf([query('access_token')], [], `/?access_token=${token}`), 200)
})

test('56: two credentials at once are a 400, also when they are equal', async () => {
  const token = server.jwt()
  const both = [bearer(), bare(), header('x-api-key'), query('access_token')]
  const twice: [Headers, string?][] = [
    [[...authorization(`Bearer ${token}`), ...authorization(`Bearer ${token}`)]],
    [[...authorization(`Bearer ${token}`), ...authorization(`Bearer ${server.jwt()}`)]],
    [[...authorization('Basic eDp5'), ...authorization(`Bearer ${token}`)]],
    [[...authorization(token), ...authorization(token)]],
    [authorization(`Bearer ${token}, Bearer ${token}`)],
    [authorization(`Bearer ${token},`)],
    [
      [
        ['x-api-key', token],
        ['X-API-KEY', token],
      ],
    ],
    [[['x-api-key', token], ...authorization(`Bearer ${token}`)]],
    [authorization(`Bearer ${token}`), `/?access_token=${token}`],
    [[], `/?access_token=${token}&access_token=${token}`],
  ]
  for (const [headers, path] of twice) assert.equal(await statusOf(both, headers, path), 400)
})

test('a header list with several values is read like one that was sent twice', async () => {
  const guard = createGuard({ ...server.guardOptions, revocation: 'none' })
  const token = `Bearer ${server.jwt()}`
  const one = await guard.check({ method: 'GET', url: '/', headers: { authorization: [token] } })
  const two = await guard.check({ method: 'GET', url: '/', headers: { authorization: [token, token] } })
  assert.deepEqual([one.ok, two.ok ? 200 : two.status], [true, 400])
})
