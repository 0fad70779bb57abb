import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { dialect } from './dialect.ts'
import {
  authorizationCode,
  basic,
  type ClientOptions,
  createTokenClient,
  type Grant,
  memoryStore,
  password,
  post,
  refreshToken,
  type TokenError,
} from './index.ts'
import { makeClock } from './testing/clock.ts'
import { startTokenServer, type TokenServer } from './testing/token-server.ts'

const make = (server: TokenServer, options: Partial<ClientOptions> = {}) =>
  createTokenClient({ ...server.options, clock: makeClock(), ...options })

test('a request is a form, asks for JSON, and proves the client by Basic', async () => {
  await using server = await startTokenServer()
  await make(server, { scope: 'read write' }).getToken()
  const [request] = server.requests
  assert.equal(request?.method, 'POST')
  assert.match(String(request?.headers['content-type']), /^application\/x-www-form-urlencoded/)
  assert.equal(request?.headers.accept, 'application/json')
  assert.equal(request?.headers.authorization, `Basic ${btoa('app:a-secret-of-the-app')}`)
  assert.deepEqual(request?.form, { grant_type: 'client_credentials', scope: 'read write' })
})

test('each request names every resource and every parameter that was given', async () => {
  await using server = await startTokenServer()
  const resource = ['https://api.example.com', 'urn:other']
  const grant = refreshToken('start')
  const clock = makeClock()
  const client = make(server, { grant, resource, parameters: { audience: 'api', x: '1' }, clock })
  await client.getToken()
  clock.advance(3_600_000)
  await client.getToken()
  for (const { body } of server.requests) {
    const sent = new URLSearchParams(body)
    assert.deepEqual(sent.getAll('resource'), resource)
    assert.equal(sent.get('audience'), 'api')
    assert.equal(sent.get('x'), '1')
  }
  assert.equal(server.requests.length, 2)
})

const decoded = (form: string) => new URLSearchParams(`all=${form.replaceAll('&', '%26')}`).get('all') ?? ''

/** As servers of all kinds quote what they were sent: as it came, and decoded. */
const echo = (server: TokenServer, status: number) => {
  server.respond = ({ path, headers, body }) => {
    const { authorization = '' } = headers
    const pair = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
    const all = [path, authorization, pair, body].flatMap((part) => [part, decoded(part)])
    const [first, ...others] = all.reverse()
    return {
      status,
      body: { error: 'invalid_request', error_description: first, error_uri: others.join(' ') },
    }
  }
}

/** One as they are made, and one as people make them. */
const secrets = ['hush', 'hush/+=%:é']

/** The ways in which a secret may be written. */
const forms = (secret: string) => [secret, encodeURIComponent(secret)]

for (const [what, options] of [
  ['Basic', () => ({ auth: basic() })],
  ['a secret in the body', () => ({ auth: post() })],
  ['a password', (secret) => ({ grant: password({ username: 'jane', password: secret }) })],
  ['a refresh token', (secret) => ({ grant: refreshToken(secret) })],
  ['a code', (secret) => ({ grant: authorizationCode({ code: secret, codeVerifier: secret }) })],
  ['a parameter', (secret) => ({ parameters: { api_key: secret } })],
  ['JSON', () => ({ auth: post(), dialect: dialect({ body: 'json' }) })],
  ['a query', () => ({ auth: post(), dialect: dialect({ body: 'query' }) })],
] satisfies [string, (secret: string) => { grant?: Grant } & Partial<ClientOptions>][]) {
  test(`no error, hook, inspection or JSON holds the secret, sent by ${what}, that a server echoes`, async () => {
    await using server = await startTokenServer()
    for (const secret of secrets) {
      for (const status of [200, 400, 503]) {
        echo(server, status)
        const words: string[] = []
        const tell = (...told: unknown[]) =>
          words.push(
            ...told.flatMap((one) => [String(one), JSON.stringify(one), inspect(one, { depth: 20 })]),
          )
        const client = make(server, { clientSecret: secret, onError: tell, ...options(secret) })
        await client.getToken().catch((thrown: TokenError) => tell(thrown, thrown.message, thrown.stack))
        tell(client)
        assert.ok(words.length > 0)
        const hidden = [...forms(secret), btoa(`app:${encodeURIComponent(secret)}`)]
        for (const form of hidden) {
          const leak = words.find((text) => text.includes(form))
          assert.equal(leak, undefined, `${status}: ${form}`)
        }
      }
    }
  })
}

/** What an error says of a server that quotes whatever it was sent. */
async function quoted(options: Partial<ClientOptions>): Promise<string> {
  await using server = await startTokenServer()
  echo(server, 400)
  const thrown: unknown = await make(server, options)
    .getToken()
    .catch((error) => error)
  return inspect(thrown, { depth: 20, showHidden: true })
}

for (const name of [
  'client_secret',
  'secret',
  'password',
  'passphrase',
  'code',
  'code_verifier',
  'token',
  'subject_token',
  'assertion',
  'client_assertion',
  'api_key',
  'apiKey',
  'key',
])
  test(`a parameter called ${name} is masked where a server quotes it`, async () => {
    for (const secret of secrets) {
      const words = await quoted({ parameters: { [name]: secret } })
      for (const form of forms(secret)) assert.ok(!words.includes(form), words)
    }
  })

test('what is no secret is quoted as the server says it', async () => {
  await using server = await startTokenServer()
  const description =
    'No such scope: read-it; no such resource: https://api.example.com; audience of-all; app; a'
  server.respond = () => ({
    status: 400,
    body: { error: 'invalid_scope', error_description: description },
  })
  const client = make(server, {
    scope: 'read-it',
    resource: 'https://api.example.com',
    parameters: { audience: 'of-all', actor: 'a' },
  })
  await assert.rejects(client.getToken(), { errorDescription: description })
})

for (const [what, authorization] of [
  ['a scheme of its own', 'Mine hush-1'],
  ['no scheme', 'hush-1'],
  ['parameters', 'Mine id="app", proof="hush-1"'],
] satisfies [string, string][])
  test(`what auth puts into Authorization, with ${what}, is masked where a server quotes it`, async () => {
    const words = await quoted({ auth: ({ headers }) => headers.set('authorization', authorization) })
    assert.ok(!words.includes('hush-1'), words)
  })

test('no renewal, client or error of a store that fails holds a token', async () => {
  await using server = await startTokenServer()
  const words: string[] = []
  const tell = (...told: unknown[]) =>
    words.push(...told.flatMap((one) => [String(one), JSON.stringify(one), inspect(one, { depth: 20 })]))
  const store = { ...memoryStore(), compareAndSet: () => Promise.reject(new Error('disk full')) }
  const client = make(server, { grant: refreshToken('start'), store, onRenew: tell, onError: tell })
  assert.equal(await client.getToken(), 'token-1')
  tell(client)
  assert.ok(words.some((text) => text.includes('disk full')))
  for (const secret of ['token-1', 'refresh-1', 'start', 'a-secret-of-the-app']) {
    assert.ok(!words.some((text) => text.includes(secret)), secret)
  }
})

test('no error of a request that was not answered holds what was in its URL', async () => {
  const server = await startTokenServer()
  await server[Symbol.asyncDispose]()
  const client = make(server, { auth: post(), dialect: dialect({ body: 'query' }) })
  await assert.rejects(client.getToken(), (thrown) => {
    assert.ok(!inspect(thrown, { depth: 20 }).includes('a-secret-of-the-app'))
    return true
  })
})

const metadataOf = (server: TokenServer, more: Record<string, unknown> = {}) => {
  server.respond = ({ path }) =>
    path === '/token'
      ? { body: { access_token: 'token' } }
      : { body: { issuer: server.url, token_endpoint: server.tokenEndpoint, ...more } }
}

test('a secret goes into a Basic header, unless the owner says otherwise', async () => {
  await using server = await startTokenServer()
  metadataOf(server)
  const { clientId, clientSecret } = server.options
  for (const [options, isBasic] of [
    [{}, true],
    [{ auth: post() }, false],
  ] as const) {
    await createTokenClient({ issuer: server.url, clientId, clientSecret, ...options }).getToken()
    const { headers, form } = server.requests.at(-1) ?? assert.fail()
    assert.equal(headers.authorization?.startsWith('Basic '), isBasic ? true : undefined)
    assert.equal(form.client_secret, isBasic ? undefined : clientSecret)
  }
})

test('metadata are read once, and not at all where the token endpoint is given', async () => {
  await using server = await startTokenServer()
  metadataOf(server)
  const clock = makeClock()
  const { clientId, clientSecret } = server.options
  const client = createTokenClient({ issuer: server.url, clientId, clientSecret, clock })
  const first = await client.getToken()
  await client.getToken({ rejected: first })
  assert.equal(server.requests.filter(({ path }) => path !== '/token').length, 1)
  const { length } = server.requests
  await make(server, { issuer: 'https://as.example.com' }).getToken()
  assert.deepEqual(
    server.requests.slice(length).map(({ path }) => path),
    ['/token'],
  )
})

test('metadata that were not to be had are asked for again, by the same call', async () => {
  await using server = await startTokenServer()
  metadataOf(server)
  server.queue.push({ status: 503 })
  const client = createTokenClient({ issuer: server.url, clientId: 'app', clock: makeClock() })
  assert.equal(await client.getToken(), 'token')
  assert.equal(server.requests.length, 3)
})

test('metadata without a token endpoint are no use, and say so', async () => {
  await using server = await startTokenServer()
  metadataOf(server, { token_endpoint: undefined })
  const client = createTokenClient({ issuer: server.url, clientId: 'app', clock: makeClock() })
  await assert.rejects(client.getToken(), { code: 'invalid_metadata', message: /token.endpoint/ })
})

for (const token_endpoint of [
  'http://as.example.com/token',
  'ftp://as.example.com',
  '/token',
  '',
  7,
  {},
  null,
  ['https://as.example.com/token'],
  'https://:hush@as.example.com/token',
  'https://hush@as.example.com/token',
]) {
  test(`secrets are not sent to a token endpoint ${JSON.stringify(token_endpoint)}`, async () => {
    await using server = await startTokenServer()
    metadataOf(server, { token_endpoint })
    const client = createTokenClient({ issuer: server.url, clientId: 'app', clock: makeClock() })
    await assert.rejects(client.getToken(), (thrown: TokenError) => {
      assert.deepEqual([thrown.code, thrown.isPassing], ['invalid_metadata', false])
      assert.ok(!inspect(thrown).includes('hush'))
      return true
    })
    assert.equal(server.requests.length, 1)
  })
}

test('what is sent to is the endpoint as it was checked, however it was written', async () => {
  await using server = await startTokenServer()
  const { host } = new URL(server.url)
  const called: unknown[] = []
  const spy: typeof fetch = (input, init) => {
    called.push(input)
    return fetch(input, init)
  }
  for (const token_endpoint of [
    ` ${server.tokenEndpoint}\n`,
    `HTTP://${host}/a/../token`,
    `http:\\\\${host}\\token`,
    `ht\ttp://${host}/token`,
  ]) {
    metadataOf(server, { token_endpoint })
    const client = createTokenClient({ issuer: server.url, clientId: 'app', fetch: spy })
    assert.equal(await client.getToken(), 'token')
    assert.equal(called.at(-1), server.tokenEndpoint)
  }
})
