import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialect } from './dialect.ts'
import { type ClientOptions, createTokenClient } from './index.ts'
import { parseOptions } from './options.ts'
import { startTokenServer } from './testing/token-server.ts'

const tokenEndpoint = 'https://as.example.com/token'

for (const [what, options, advice] of [
  ['no server', {}, /issuer or tokenEndpoint/],
  ['an empty issuer', { issuer: '' }, /issuer or tokenEndpoint/],
  ['an option that there is not', { tokenEndpoint, clientID: 'app' }, /no option clientID/],
  ['an issuer that is no URL', { issuer: 'as.example.com' }, /are https URLs/],
  ['an issuer that is not https', { issuer: 'http://as.example.com' }, /allowInsecure/],
  ['a token endpoint that is not https', { tokenEndpoint: 'http://as.example.com' }, /allowInsecure/],
  [
    'a token endpoint that is not https beside an issuer that is',
    { issuer: 'https://as.example.com', tokenEndpoint: 'http://as.example.com/token' },
    /are https URLs/,
  ],
  ['another scheme', { issuer: 'ftp://as.example.com', allowInsecure: true }, /are https URLs/],
  ['a host that begins as loopback does', { issuer: 'http://localhost.example.com' }, /allowInsecure/],
  ['a host that is loopback in name only', { issuer: 'http://127.0.0.1.example.com' }, /allowInsecure/],
  ['a host behind a user name', { issuer: 'http://localhost@as.example.com' }, /allowInsecure/],
  [
    'a refresh endpoint that is not https',
    { tokenEndpoint, dialect: dialect({ refreshEndpoint: 'http://as.example.com/refresh' }) },
    /allowInsecure/,
  ],
  ['a secret without an id', { tokenEndpoint, clientSecret: 'hush' }, /give clientId/],
  ['an empty secret', { tokenEndpoint, clientId: 'app', clientSecret: '' }, /clientSecret/],
  [
    'a user name in a URL',
    { issuer: 'https://app:hush@as.example.com', clientId: 'app' },
    /endpoints and origins are https URLs/,
  ],
  ['a password in a URL', { issuer: 'https://:hush@as.example.com' }, /are https URLs/],
  ['a user name alone in a URL', { tokenEndpoint: 'https://hush@as.example.com/token' }, /https URLs/],
  ['a password in an origin', { tokenEndpoint, origins: ['https://:hush@api.example.com'] }, /https URLs/],
  [
    'a password in a URL, whatever is allowed,',
    { tokenEndpoint: 'http://:hush@as.internal', allowInsecure: true },
    /https URLs/,
  ],
  ['a timeout that is too short', { tokenEndpoint, timeoutMs: 99 }, /timeoutMs is 100 to \d+/],
  ['a timeout that is too long', { tokenEndpoint, timeoutMs: 10_001 }, /timeoutMs is 100 to \d+/],
  ['a timeout that is no number', { tokenEndpoint, timeoutMs: Number.NaN }, /timeoutMs is 100 to \d+/],
  ['a timeout that is a text', { tokenEndpoint, timeoutMs: '4000' }, /timeoutMs is 100 to \d+/],
  ['a lifetime of 0', { tokenEndpoint, defaultLifetimeSeconds: 0 }, /defaultLifetimeSeconds > 0/],
  [
    'a lifetime that is no number',
    { tokenEndpoint, defaultLifetimeSeconds: '1h' },
    /defaultLifetimeSeconds > 0/,
  ],
  ['an origin without a scheme', { tokenEndpoint, origins: ['api.example.com'] }, /are https URLs/],
  ['an origin that is host and port', { tokenEndpoint, origins: ['localhost:80'] }, /are https URLs/],
  ['an origin that is not there', { tokenEndpoint, origins: [undefined] }, /are https URLs/],
  ['an origin that is empty', { tokenEndpoint, origins: [''] }, /are https URLs/],
  ['an origin that is not https', { tokenEndpoint, origins: ['http://api.example.com'] }, /allowInsecure/],
] satisfies [string, object, RegExp][]) {
  test(`${what} is refused at once, with what to write`, () => {
    assert.throws(
      () => createTokenClient(options as ClientOptions),
      (thrown: Error) => {
        assert.ok(thrown instanceof TypeError)
        assert.match(thrown.message, /^createTokenClient: /)
        assert.match(thrown.message, advice)
        assert.ok(!thrown.message.includes('hush'))
        return true
      },
    )
  })
}

for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
  test(`http is taken on ${host}: nobody is between`, () => {
    createTokenClient({ issuer: `http://${host}:8080` })
    createTokenClient({ tokenEndpoint: `http://${host}/token` })
  })
}

test('allowInsecure takes http', () => {
  createTokenClient({ issuer: 'http://as.internal', allowInsecure: true })
})

test('a timeout may be 100 to 10,000 ms', () => {
  for (const timeoutMs of [100, 10_000])
    assert.equal(parseOptions({ tokenEndpoint, timeoutMs }).transport.timeoutMs, timeoutMs)
})

test('every option may be undefined but the server', () => {
  const { transport, origins } = parseOptions({
    tokenEndpoint,
    issuer: undefined,
    clientId: undefined,
    clientSecret: undefined,
    auth: undefined,
    grant: undefined,
    scope: undefined,
    resource: undefined,
    parameters: undefined,
    origins: undefined,
    store: undefined,
    dialect: undefined,
    defaultLifetimeSeconds: undefined,
    timeoutMs: undefined,
    allowInsecure: undefined,
    onRenew: undefined,
    onError: undefined,
    fetch: undefined,
    clock: undefined,
  })
  assert.equal(transport.timeoutMs, 4_000)
  assert.equal(transport.allowInsecure, false)
  assert.deepEqual(origins, [])
})

test('the credential is for the origins that are given, else for those of the resources, and for no other URL', async () => {
  await using server = await startTokenServer()
  const isFor = async (options: Partial<ClientOptions>, url: string) => {
    const client = createTokenClient({ ...server.options, ...options })
    return (await client.credentialFor(url)) !== undefined
  }
  const resource = ['https://api.example.com/v1', 'urn:api']
  assert.equal(await isFor({ resource }, 'https://api.example.com/v2'), true)
  assert.equal(await isFor({ resource }, 'https://api.example.com:8443/v1'), false)
  const origins = ['https://one.example.com', 'https://two.example.com:8443/path']
  assert.equal(await isFor({ resource, origins }, 'https://api.example.com/v1'), false)
  assert.equal(await isFor({ resource, origins }, 'https://one.example.com:443/x'), true)
  assert.equal(await isFor({ resource, origins }, 'https://two.example.com:8443/'), true)
  assert.equal(await isFor({ resource, origins }, 'http://one.example.com/'), false)
  assert.equal(await isFor({ resource, origins }, 'https://one.example.com.evil.example/'), false)
  assert.equal(await isFor({ resource, origins }, 'https://one.example.com@evil.example/'), false)
})

test('a client that was not told who gets the token says so when it is asked', async () => {
  const client = createTokenClient({ tokenEndpoint })
  await assert.rejects(client.credentialFor('https://api.example.com'), {
    name: 'TypeError',
    message: /origins/,
  })
  await assert.rejects(client.fetch('https://api.example.com'), { name: 'TypeError', message: /origins/ })
})

test('a credential is the token, where to send it, and the header that carries it', async () => {
  await using server = await startTokenServer()
  const client = createTokenClient({ ...server.options, origins: ['https://api.example.com'] })
  assert.deepEqual(await client.credentialFor(new URL('https://api.example.com/me?a=1')), {
    token: 'token-1',
    url: 'https://api.example.com/me?a=1',
    headers: { authorization: 'Bearer token-1' },
  })
})

test('what instruments the global fetch later is heard', async (t) => {
  await using server = await startTokenServer()
  const client = createTokenClient(server.options)
  const mocked = t.mock.method(globalThis, 'fetch')
  await client.getToken()
  assert.equal(mocked.mock.callCount(), 1)
})
