import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer, type TestServerOptions } from '../../../../tests/support/server.ts'
import { DialectError, parseDialect } from './dialect.ts'
import { resolveDialect } from './presets.ts'

const token = { kind: 'token', method: 'POST', paths: ['/login'] }
const route = (parts: Record<string, unknown>) => ({ routes: [{ ...token, ...parts }] })

/** What is wrong with a dialect, and the words that must say so. */
const rows: [says: string, parts: Record<string, unknown>, words: RegExp][] = [
  ['an unknown member', { routs: [] }, /Unknown option `routs`\. Did you mean `routes`\?/],
  ['an unknown member of a route', route({ reqest: {} }), /`routes\.0\.reqest`\. Did you mean `request`\?/],
  ['an unknown member of a request', route({ request: { renames: {} } }), /Did you mean `rename`\?/],
  ['an unknown member of an error', route({ error: { body: {}, status: {} } }), /Did you mean `statuses`\?/],
  [
    'an unknown member of a field',
    route({ answer: { end: { lifetime: 'expires_in', units: 'minutes' } } }),
    /`routes\.0\.answer\.end\.units`\. Did you mean `unit`\?/,
  ],
  [
    'an unknown member of a credential',
    { api: [{ prefix: '/api', credentials: [{ scheme: 'Token', paramter: 'token' }] }] },
    /`api\.0\.credentials\.0\.paramter`\. Did you mean `parameter`\?/,
  ],
  ['a kind that does not exist', route({ kind: 'tokens' }), /routes\.0\.kind: .*"token"/],
  [
    'a parameter that the standard lacks',
    route({ request: { rename: { appid: 'clientid' } } }),
    /request\.rename\.appid: `clientid` is not a parameter.*did you mean `client_id`\?/,
  ],
  ['a header for no parameter', route({ request: { headers: { 'x-id': 'id' } } }), /`id` is not a parameter/],
  [
    'a default of no parameter',
    route({ request: { defaults: { grant: 'client_credentials' } } }),
    /`grant` is not a parameter.*known: grant_type/,
  ],
  [
    'values of no parameter',
    route({ request: { values: { granttype: {} } } }),
    /did you mean `grant_type`\?/,
  ],
  ['a name that is no header', route({ request: { headers: { 'x id': 'client_id' } } }), /name of a header/],
  [
    'a member that no answer has',
    route({ answer: { token: 'acess_token' } }),
    /answer\.token: `acess_token` is not a member.*did you mean `access_token`\?/,
  ],
  [
    'a template of no member',
    route({ answer: { id: { template: '{clientid}' } } }),
    /did you mean `client_id`\?/,
  ],
  ['a list of no member', route({ answer: { id: { list: 'scopes' } } }), /did you mean `scope`\?/],
  [
    'a placeholder that no error has',
    route({ error: { body: { errors: [{ message: '{eror_description}' }] } } }),
    /body\.errors\.0\.message: .*did you mean `error_description`\?/,
  ],
  [
    'a status for no error',
    route({ error: { body: {}, statuses: { invalid_clients: 401 } } }),
    /`invalid_clients` is not an error code; did you mean `invalid_client`\?/,
  ],
  [
    'a status that is none of an error',
    route({ error: { body: {}, statuses: { invalid_client: 200 } } }),
    /400/,
  ],
  [
    'a member inside a value',
    route({ answer: { data: 'scope', 'data.token': 'access_token' } }),
    /`data\.token` is inside/,
  ],
  [
    'an error member inside a value',
    route({ error: { body: { error: {}, 'error.code': 1 } } }),
    /`error\.code` is inside/,
  ],
  [
    'a field that is no field',
    route({ answer: { token: 1 } }),
    /answer\.token: write a member of the standard answer/,
  ],
  ['a constant that is none', route({ answer: { a: { constant: [] } } }), /constant: write a text, a number/],
  [
    'an error of what JSON lacks',
    route({ error: { body: { at: new Date(0) } } }),
    /error\.body\.at: write texts/,
  ],
  [
    'a credential that is none',
    { api: [{ prefix: '/api', credentials: ['Bearer'] }] },
    /credentials\.0: write \{ scheme \}/,
  ],
  ['an empty name', route({ answer: { 'data..token': 'access_token' } }), /single dots/],
  ["a name that is every object's", route({ answer: { 'a.__proto__.b': 'access_token' } }), /single dots/],
  [
    'an answer of a route that has none',
    route({ kind: 'revocation', answer: {} }),
    /only a token or refresh route/,
  ],
  [
    'a redirect of a route that makes none',
    route({ redirectErrors: { message: '{error}' } }),
    /redirectErrors: only an authorization route redirects/,
  ],
  [
    "a redirect with the standard's own name",
    route({ kind: 'authorization', method: 'GET', redirectErrors: { state: '{error}' } }),
    /redirectErrors\.state: choose a name/,
  ],
  [
    'a redirect with a placeholder that no error has',
    route({ kind: 'authorization', method: 'GET', redirectErrors: { message: '{words}' } }),
    /there is no `\{words\}`/,
  ],
  ['an authorization by POST', route({ kind: 'authorization' }), /method: .*write GET/],
  [
    'an authorization that answers an error body',
    route({ kind: 'authorization', method: 'GET', error: { body: {} } }),
    /error: .*write redirectErrors/,
  ],
  [
    'an authorization with a header',
    route({ kind: 'authorization', method: 'GET', request: { headers: { 'x-id': 'client_id' } } }),
    /a browser brings no header/,
  ],
  ['a GET with a body', route({ method: 'GET', request: { from: ['form'] } }), /a GET has no body/],
  ['a path without a slash at its start', route({ paths: ['login'] }), /starts with \//],
  ['a path with a pattern', route({ paths: ['/:version/login'] }), /holds letters/],
  ['a path with a wildcard', route({ paths: ['/login/*'] }), /holds letters/],
  ['a path that climbs', route({ paths: ['/a/../login'] }), /without \/\//],
  ['a path with two slashes', route({ paths: ['//login'] }), /without \/\//],
  ['no path', route({ paths: [] }), /routes\.0\.paths/],
  ['one path twice', route({ paths: ['/login', '/login'] }), /POST \/login is written twice/],
  ['one path for two routes', { routes: [token, token] }, /POST \/login is written twice/],
  [
    'one prefix twice',
    { api: ['/api', '/api'].map((prefix) => ({ prefix, credentials: [{ bare: true }] })) },
    /\/api twice/,
  ],
  ['no name', { name: undefined }, /name: /],
  ['a name in capitals', { name: 'My API' }, /name: write small letters/],
]

for (const [says, parts, words] of rows) {
  test(`a dialect with ${says} is refused, in words`, () => {
    assert.throws(
      () => parseDialect({ name: 'test', ...parts }),
      (error) => {
        assert.ok(error instanceof DialectError)
        assert.match(error.message, words)
        assert.doesNotMatch(error.message, /Invalid input\.|\n/)
        return true
      },
    )
  })
}

test('a dialect that does not exist is refused with the nearest name', () => {
  assert.throws(() => resolveDialect('realtina'), /no dialect `realtina`\. Did you mean `realtyna`\?/)
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.throws(() => resolveDialect(name), /There is no dialect/)
  }
  for (const data of [null, 1, [], true]) assert.throws(() => resolveDialect(data), DialectError)
})

test('a lifetime that minutes cannot express is refused at the start', async () => {
  const answer = { expires_in: { lifetime: 'expires_in', unit: 'minutes' } }
  const dialect = { name: 'test', ...route({ answer }) }
  await assert.rejects(startAndStop({ dialect, accessTokenLifetime: '90s' }), {
    name: 'ConfigError',
    message: /accessTokenLifetime: .*minutes/,
  })
  await using server = await startServer({ dialect, accessTokenLifetime: '120s' })
  assert.equal(server.latchkey.config.accessTokenLifetimeSeconds, 120)
})

test('a lifetime of a refresh token that minutes cannot express is refused at the start', async () => {
  const answer = { refresh_expires_in: { lifetime: 'refresh_expires_in', unit: 'minutes' } }
  const dialect = { name: 'test', ...route({ kind: 'refresh', answer }) }
  await assert.rejects(startAndStop({ dialect, refreshTokenLifetime: '5401s' }), {
    name: 'ConfigError',
    message: /refreshTokenLifetime: .*minutes/,
  })
})

test('a refresh token or a connection that ends before its access token is refused at the start', async () => {
  await assert.rejects(startAndStop({ accessTokenLifetime: '2h', refreshTokenLifetime: '1h' }), {
    name: 'ConfigError',
    message: /refreshTokenLifetime: .*accessTokenLifetime/,
  })
  await assert.rejects(startAndStop({ accessTokenLifetime: '2h', connectionLifetime: '1h' }), {
    name: 'ConfigError',
    message: /connectionLifetime: .*accessTokenLifetime/,
  })
})

test('a required scope that the API does not have is refused at the start', async () => {
  await assert.rejects(startAndStop({ requiredScope: 'connect' }), {
    name: 'ConfigError',
    message: /requiredScope: `connect` is not one of `scopes`/,
  })
  await using server = await startServer({ requiredScope: 'read' })
  assert.equal(server.latchkey.config.requiredScope, 'read')
})

test('a route where the server has something of its own is refused at the start', async () => {
  const taken = [
    { ...token, paths: ['/revoke'] },
    { ...token, method: 'GET', paths: ['/docs'] },
    { ...token, method: 'GET', paths: ['/.well-known/oauth-authorization-server'] },
  ]
  for (const one of taken) {
    await assert.rejects(startAndStop({ dialect: { name: 'test', routes: [one] } }), {
      name: 'DialectError',
      message: /cannot be a route for token: .*Choose another path/,
    })
  }
  const moved = { kind: 'revocation', method: 'POST', paths: ['/end'] }
  await using server = await startServer({ dialect: { name: 'test', routes: [taken[0], moved] } })
  assert.equal(server.latchkey.urls.token, `${server.url}/revoke`)
})

/** A server that starts against all expectation must not keep the test process alive. */
async function startAndStop(options: TestServerOptions): Promise<void> {
  const server = await startServer(options)
  await server[Symbol.asyncDispose]()
}
