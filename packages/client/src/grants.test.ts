import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, systemClock } from './clock.ts'
import {
  authorizationCode,
  type ClientOptions,
  createTokenClient,
  memoryStore,
  password,
  refreshToken,
} from './index.ts'
import { makeClock } from './testing/clock.ts'
import { makeStore } from './testing/faulty-store.ts'
import { granted, refused, startTokenServer, type TokenServer } from './testing/token-server.ts'

const hourMs = 3_600_000

const make = (server: TokenServer, options: Partial<ClientOptions> = {}) => {
  const clock = makeClock()
  return { clock, client: createTokenClient({ ...server.options, clock, ...options }) }
}

/** What the server was asked for, as `refresh_token refresh-1`. */
const asked = ({ requests }: TokenServer) =>
  requests.map(({ form }) => [form.grant_type, form.refresh_token ?? form.code].filter(Boolean).join(' '))

/** The text of a store after another client of the same connection got the refresh token `next`. */
async function textOfOther(next: string, { url, options }: TokenServer, clock: Clock, expires_in = 3600) {
  await using other = await startTokenServer()
  other.queue.push(granted(`token of ${next}`, { refresh_token: next, expires_in }))
  const { store, text } = makeStore()
  const client = createTokenClient({
    ...options,
    ...other.options,
    grant: refreshToken('spent'),
    store,
    clock,
  })
  await client.getToken()
  return text()?.replaceAll(other.url, url)
}

test('a refresh token is exchanged, and what comes back with it is exchanged next, also by the next process', async () => {
  await using server = await startTokenServer()
  const store = memoryStore()
  const grant = refreshToken('start')
  const { client, clock } = make(server, { grant, store })
  assert.equal(await client.getToken(), 'token-1')
  clock.advance(hourMs)
  assert.equal(await client.getToken(), 'token-2')
  const next = make(server, { grant, store })
  next.clock.advance(3 * hourMs)
  assert.equal(await next.client.getToken(), 'token-3')
  assert.deepEqual(asked(server), [
    'refresh_token start',
    'refresh_token refresh-1',
    'refresh_token refresh-2',
  ])
})

test('a refresh token and a scope that an answer leaves out stay as they are', async () => {
  await using server = await startTokenServer()
  server.queue.push(
    granted('one', { refresh_token: 'kept', scope: 'read' }),
    granted('two'),
    granted('three'),
  )
  const scopes: unknown[] = []
  const { client, clock } = make(server, {
    grant: authorizationCode({ code: 'code' }),
    onRenew: ({ scope }) => scopes.push(scope),
  })
  for (const token of ['one', 'two', 'three']) {
    assert.equal(await client.getToken(), token)
    clock.advance(hourMs)
  }
  assert.deepEqual(asked(server).slice(1), ['refresh_token kept', 'refresh_token kept'])
  assert.deepEqual(scopes, ['read', 'read', 'read'])
})

test('a refresh asks for no scope, whatever the start asked for', async () => {
  await using server = await startTokenServer()
  server.respond = () => granted('token', { refresh_token: 'refresh' })
  const { client, clock } = make(server, {
    grant: password({ username: 'jane', password: 'a word' }),
    scope: 'read',
  })
  await client.getToken()
  clock.advance(hourMs)
  await client.getToken()
  assert.deepEqual(
    server.requests.map(({ form }) => [form.grant_type, form.scope]),
    [
      ['password', 'read'],
      ['refresh_token', undefined],
    ],
  )
})

test('a connection that the server ended is forgotten, and its server not asked again', async () => {
  await using server = await startTokenServer()
  const { store, text } = makeStore()
  const { client, clock } = make(server, { grant: refreshToken('start'), store })
  await client.getToken()
  assert.match(String(text()), /refresh-1/)
  clock.advance(hourMs)
  server.respond = () => refused('invalid_grant')
  await assert.rejects(client.getToken(), {
    code: 'connection_ended',
    error: 'invalid_grant',
    isPassing: false,
  })
  assert.equal(text(), undefined)
  for (let call = 0; call < 3; call++) {
    clock.advance(hourMs)
    await assert.rejects(client.getToken(), { code: 'connection_ended' })
  }
  assert.equal(server.requests.length, 2)
})

test('a refresh token that is refused at once is not sent again', async () => {
  await using server = await startTokenServer()
  server.respond = () => refused('invalid_grant')
  const { client, clock } = make(server, { grant: refreshToken('old') })
  for (let call = 0; call < 3; call++) {
    await assert.rejects(client.getToken(), { code: 'connection_ended' })
    clock.advance(hourMs)
  }
  assert.equal(server.requests.length, 1)
})

test('a token that still lives outlives its connection', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server, { grant: refreshToken('start') })
  await client.getToken()
  clock.advance(3_550_000)
  server.respond = () => refused('invalid_grant')
  for (let call = 0; call < 3; call++) assert.equal(await client.getToken(), 'token-1')
  assert.equal(server.requests.length, 2)
  clock.advance(50_000)
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  assert.equal(server.requests.length, 2)
})

test('where another user of the store was faster, a refusal is no end: its tokens are used', async () => {
  await using server = await startTokenServer()
  const { store, put } = makeStore()
  const { client, clock } = make(server, { grant: refreshToken('start'), store })
  await client.getToken()
  clock.advance(hourMs)
  const text = await textOfOther('another', server, clock)
  server.respond = async () => {
    await put(text)
    return refused('invalid_grant')
  }
  assert.equal(await client.getToken(), 'token of another')
  assert.equal(server.requests.length, 2)
})

test('a winner that writes later than the loser is refused is waited for, where the store has no lock', async () => {
  await using server = await startTokenServer()
  const { store, put } = makeStore({ hasLock: false })
  await put(await textOfOther('refresh-1', server, systemClock, 0))
  const text = await textOfOther('winner', server, systemClock)
  server.respond = () => {
    setTimeout(() => put(text), 150)
    return refused('invalid_grant')
  }
  const client = createTokenClient({ ...server.options, grant: refreshToken(), store })
  assert.equal(await client.getToken(), 'token of winner')
  assert.deepEqual(asked(server), ['refresh_token refresh-1'])
})

test('a winner that writes a second after the loser was refused is waited for, too', async () => {
  await using server = await startTokenServer()
  const { store, put } = makeStore({ hasLock: false })
  const clock = makeClock()
  await put(await textOfOther('refresh-1', server, clock, 0))
  const text = await textOfOther('winner', server, clock)
  server.respond = () => refused('invalid_grant')
  let waitedMs = 0
  const wait = async (milliseconds: number) => {
    waitedMs += milliseconds
    if (waitedMs >= 1_000) await put(text)
  }
  const { client } = make(server, { grant: refreshToken(), store, clock: { ...clock, wait } })
  assert.equal(await client.getToken(), 'token of winner')
  assert.deepEqual(asked(server), ['refresh_token refresh-1'])
})

test('a newer refresh token of another user of the store is tried, where its access token is of no use', async () => {
  await using server = await startTokenServer()
  const { store, put } = makeStore()
  await put(await textOfOther('refresh-1', server, makeClock(), 0))
  const text = await textOfOther('newer', server, makeClock(), 0)
  server.respond = async ({ form }) => {
    if (form.refresh_token === 'newer') return granted('token', { refresh_token: 'newest' })
    await put(text)
    return refused('invalid_grant')
  }
  const { client } = make(server, { grant: refreshToken(), store })
  assert.equal(await client.getToken(), 'token')
  assert.deepEqual(asked(server), ['refresh_token refresh-1', 'refresh_token newer'])
  assert.match(String(await store.get()), /newest/)
})

test('a person’s password begins anew when the refresh token that came of it ended', async () => {
  await using server = await startTokenServer()
  const { store, text } = makeStore()
  const { client, clock } = make(server, { grant: password({ username: 'jane', password: 'a word' }), store })
  server.queue.push(granted('one', { refresh_token: 'ends' }), refused('invalid_grant'), granted('two'))
  assert.equal(await client.getToken(), 'one')
  clock.advance(hourMs)
  assert.equal(await client.getToken(), 'two')
  assert.deepEqual(asked(server), ['password', 'refresh_token ends', 'password'])
  assert.ok(!text()?.includes('ends'))
})

test('a wrong password is a refusal, and no end of a connection', async () => {
  await using server = await startTokenServer()
  server.respond = () => refused('invalid_grant')
  const { client } = make(server, { grant: password({ username: 'jane', password: 'wrong' }) })
  await assert.rejects(client.getToken(), { code: 'request_refused', error: 'invalid_grant' })
  assert.equal(server.requests.length, 1)
})

test('a code is sent once, with its verifier and redirect URI and no scope; then its refresh token', async () => {
  await using server = await startTokenServer()
  server.queue.push(granted('one', { refresh_token: 'refresh' }))
  const { client, clock } = make(server, {
    grant: authorizationCode({ code: 'c', codeVerifier: 'v', redirectUri: 'https://app.example.com/back' }),
    scope: 'read',
  })
  await Promise.all([client.getToken(), client.getToken()])
  assert.deepEqual(server.requests[0]?.form, {
    grant_type: 'authorization_code',
    code: 'c',
    code_verifier: 'v',
    redirect_uri: 'https://app.example.com/back',
  })
  clock.advance(hourMs)
  await client.getToken()
  assert.deepEqual(asked(server), ['authorization_code c', 'refresh_token refresh'])
})

test('a code that gave no refresh token is not sent again when its token has expired', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server, { grant: authorizationCode({ code: 'c' }) })
  await client.getToken()
  clock.advance(hourMs)
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  assert.equal(server.requests.length, 1)
})

test('a code that is refused is not sent again, and leaves the tokens of the connection before it', async () => {
  await using server = await startTokenServer()
  const { store, text } = makeStore()
  await make(server, { grant: refreshToken('start'), store }).client.getToken()
  const before = text()
  server.respond = () => refused('invalid_grant')
  const { client } = make(server, { grant: authorizationCode({ code: 'bad' }), store })
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  assert.equal(text(), before)
  await client.getToken().catch(() => {})
  assert.deepEqual(asked(server), ['refresh_token start', 'authorization_code bad'])
})

test('a new code replaces the tokens of the connection before it', async () => {
  await using server = await startTokenServer()
  const { store, text } = makeStore()
  server.queue.push(granted('one', { refresh_token: 'old' }), granted('two', { refresh_token: 'new' }))
  await make(server, { grant: authorizationCode({ code: 'first' }), store }).client.getToken()
  const { client } = make(server, { grant: authorizationCode({ code: 'second' }), store })
  assert.equal(await client.getToken(), 'two')
  assert.ok(text()?.includes('new') && !text()?.includes('old'))
})

test('refreshToken() goes on with what the store holds, and without that is no connection at all', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const grant = refreshToken()
  const early = make(server, { grant, store })
  await assert.rejects(early.client.getToken(), { code: 'connection_ended' })
  assert.equal(server.requests.length, 0)
  server.queue.push(granted('one', { refresh_token: 'refresh' }))
  await make(server, { grant: authorizationCode({ code: 'c' }), store }).client.getToken()
  assert.equal(await early.client.getToken(), 'one')
  early.clock.advance(hourMs)
  await early.client.getToken()
  assert.deepEqual(asked(server), ['authorization_code c', 'refresh_token refresh'])
})

for (const [what, change] of [
  ['scope', { scope: 'read write' }],
  ['resource', { resource: 'https://other.example.com' }],
  ['parameters', { parameters: { audience: 'other' } }],
] satisfies [string, Partial<ClientOptions>][]) {
  test(`another ${what} asks anew, where the store holds a token for what was asked before`, async () => {
    await using server = await startTokenServer()
    const { store } = makeStore()
    const before = { scope: 'read', resource: 'https://api.example.com', store }
    assert.equal(await make(server, before).client.getToken(), 'token-1')
    assert.equal(await make(server, { ...before }).client.getToken(), 'token-1')
    assert.equal(await make(server, { ...before, ...change }).client.getToken(), 'token-2')
  })
}

test('another person’s password asks anew', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const of = (username: string) => ({ grant: password({ username, password: 'a word' }), store })
  assert.equal(await make(server, of('jane')).client.getToken(), 'token-1')
  assert.equal(await make(server, of('john')).client.getToken(), 'token-2')
  assert.equal(await make(server, of('john')).client.getToken(), 'token-2')
})
