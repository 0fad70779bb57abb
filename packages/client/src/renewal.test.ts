import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../../tests/support/eventually.ts'
import {
  type ClientOptions,
  createTokenClient,
  type Failure,
  type Renewal,
  type TokenError,
} from './index.ts'
import { makeClock } from './testing/clock.ts'
import { granted, refused, startTokenServer, type TokenServer } from './testing/token-server.ts'

/** The moment in a token's hour when it lives and is due, whatever the jitter. */
const dueMs = 3_550_000
const expiredMs = 3_600_000

const make = (server: TokenServer, options: Partial<ClientOptions> = {}) => {
  const clock = makeClock()
  const told: string[] = []
  const client = createTokenClient({
    ...server.options,
    clock,
    onRenew: ({ grantType }: Renewal) => told.push(`renewed by ${grantType}`),
    onError: (error: TokenError, { willRetry, hasToken }: Failure) =>
      told.push(`${error.code}${willRetry ? ' willRetry' : ''}${hasToken ? ' hasToken' : ''}`),
    ...options,
  })
  return { client, clock, told }
}

test('a token is fetched once however many ask, and then kept', async () => {
  await using server = await startTokenServer()
  const { client, told } = make(server)
  const tokens = await Promise.all(Array.from({ length: 1_000 }, () => client.getToken()))
  assert.deepEqual(new Set(tokens), new Set(['token-1']))
  assert.equal(await client.getToken(), 'token-1')
  assert.equal(server.requests.length, 1)
  assert.equal(server.requests[0]?.form.grant_type, 'client_credentials')
  assert.deepEqual(told, ['renewed by client_credentials'])
})

test('a thousand callers at the expiry of a token cause one request', async () => {
  await using server = await startTokenServer()
  const { client, clock, told } = make(server)
  await client.getToken()
  clock.advance(expiredMs)
  const tokens = await Promise.all(Array.from({ length: 1_000 }, () => client.getToken()))
  assert.deepEqual(new Set(tokens), new Set(['token-2']))
  assert.equal(server.requests.length, 2)
  assert.equal(told.length, 2)
})

for (const { lifetimeSeconds, aheadSeconds } of [
  { lifetimeSeconds: 3600, aheadSeconds: 60 },
  { lifetimeSeconds: 100, aheadSeconds: 10 },
]) {
  test(`a token of ${lifetimeSeconds} s is renewed ${aheadSeconds} s ahead, and up to half as much more`, async () => {
    await using server = await startTokenServer()
    const seen: number[] = []
    for (let sample = 0; sample < 40; sample++) {
      server.queue.push(granted('old', { expires_in: lifetimeSeconds }))
      const { client, clock } = make(server)
      await client.getToken()
      let left = lifetimeSeconds - aheadSeconds * 1.6
      clock.advance(left * 1000)
      for (left = lifetimeSeconds - left; (await client.getToken()) === 'old'; left -= aheadSeconds / 100)
        clock.advance(aheadSeconds * 10)
      seen.push(left / aheadSeconds)
    }
    assert.ok(Math.min(...seen) > 0.98 && Math.max(...seen) < 1.51, `${seen}`)
    assert.ok(Math.max(...seen) - Math.min(...seen) > 0.2, `all at one moment: ${seen}`)
  })
}

test('of a due token one caller awaits the renewal, and the others go on with the living one at once', async () => {
  await using server = await startTokenServer()
  const { client, clock, told } = make(server)
  await client.getToken()
  clock.advance(dueMs)
  const gate = Promise.withResolvers<void>()
  server.respond = async () => {
    await gate.promise
    return granted('new')
  }
  const first = client.getToken()
  const others = await Promise.all(Array.from({ length: 100 }, () => client.getToken()))
  assert.deepEqual(new Set(others), new Set(['token-1']))
  gate.resolve()
  assert.equal(await first, 'new')
  assert.equal(await client.getToken(), 'new')
  assert.equal(server.requests.length, 2)
  assert.equal(told.length, 2)
})

test('a rejected token is renewed once, however many name it and however late', async () => {
  await using server = await startTokenServer()
  const { client, told } = make(server)
  const rejected = await client.getToken()
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.getToken({ rejected })))
  assert.deepEqual(new Set(tokens), new Set(['token-2']))
  assert.equal(await client.getToken({ rejected }), 'token-2')
  assert.equal(server.requests.length, 2)
  assert.equal(told.length, 2)
})

test('who joins a renewal that fails, with the living token just rejected, does not get that token back', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  const rejected = await client.getToken()
  clock.advance(dueMs)
  const gate = Promise.withResolvers<void>()
  server.respond = async () => {
    await gate.promise
    return refused('invalid_client', 401)
  }
  const first = client.getToken()
  const joined = client.getToken({ rejected })
  joined.catch(() => {})
  gate.resolve()
  assert.equal(await first, 'token-1')
  await assert.rejects(joined, { code: 'request_refused', error: 'invalid_client' })
  assert.equal(await client.getToken(), 'token-1')
})

test('who joins a renewal whose answer is the token that was rejected gets another one', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  const rejected = await client.getToken()
  clock.advance(dueMs)
  const gate = Promise.withResolvers<void>()
  server.respond = async () => {
    await gate.promise
    return granted(server.requests.length === 2 ? rejected : 'another')
  }
  const first = client.getToken()
  const joined = client.getToken({ rejected })
  gate.resolve()
  assert.equal(await first, rejected)
  assert.equal(await joined, 'another')
})

test('while the server is down a due token serves on, one failure at a time, and is renewed afterwards', async () => {
  await using server = await startTokenServer()
  const { client, clock, told } = make(server)
  await client.getToken()
  clock.advance(dueMs)
  const { respond } = server
  server.respond = () => ({ status: 503 })
  assert.equal(await client.getToken(), 'token-1')
  assert.equal(told.at(-1), 'server_unavailable hasToken')
  const { length } = server.requests
  for (let call = 0; call < 100; call++) assert.equal(await client.getToken(), 'token-1')
  assert.equal(server.requests.length, length, 'no request during the cool-down')
  server.respond = respond
  clock.advance(5_000)
  assert.equal(await client.getToken(), 'token-2')
})

test('a caller that gives up gets its own reason, and leaves the renewal to the others', async () => {
  await using server = await startTokenServer()
  const { client } = make(server)
  const gate = Promise.withResolvers<void>()
  server.respond = async () => {
    await gate.promise
    return granted('shared')
  }
  const abort = new AbortController()
  const first = client.getToken({ signal: abort.signal })
  const second = client.getToken({ signal: new AbortController().signal })
  const reason = new Error('I have to go')
  await eventually(() => server.requests.length === 1)
  abort.abort(reason)
  await assert.rejects(first, (thrown) => thrown === reason)
  gate.resolve()
  assert.equal(await second, 'shared')
  assert.equal(server.requests.length, 1)
})

test('a caller that has given up before asks for nothing, and throws its reason also where there is a token', async () => {
  await using server = await startTokenServer()
  const { client } = make(server)
  const reason = new Error('gone')
  const signal = AbortSignal.abort(reason)
  await assert.rejects(client.getToken({ signal }), (thrown) => thrown === reason)
  assert.equal(server.requests.length, 0)
  await client.getToken()
  await assert.rejects(client.getToken({ signal }), (thrown) => thrown === reason)
})

test('a renewal that all have given up may fail unheard', async () => {
  await using server = await startTokenServer()
  const { client, told } = make(server)
  const gate = Promise.withResolvers<void>()
  server.respond = async () => {
    await gate.promise
    return refused('invalid_client', 401)
  }
  const abort = new AbortController()
  const only = client.getToken({ signal: abort.signal })
  abort.abort()
  await assert.rejects(only, { name: 'AbortError' })
  gate.resolve()
  await eventually(() => told.length === 1)
  assert.deepEqual(told, ['request_refused'])
})

test('hooks that throw do no harm', async () => {
  await using server = await startTokenServer()
  server.queue.push({ status: 503 })
  const fail = () => {
    throw new Error('of the hook')
  }
  const { client, clock } = make(server, { onRenew: fail, onError: fail })
  assert.equal(await client.getToken(), 'token-1')
  clock.advance(expiredMs)
  server.respond = () => refused('invalid_client', 401)
  await assert.rejects(client.getToken(), { code: 'request_refused' })
})

test('hooks that are async and reject do no harm: nothing is rejected unheard', async (t) => {
  await using server = await startTokenServer()
  server.queue.push({ status: 503 })
  const unheard: unknown[] = []
  const hear = (reason: unknown) => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  t.after(() => process.off('unhandledRejection', hear))
  let calls = 0
  const fail = async () => {
    calls++
    await Promise.resolve()
    throw new Error('of the hook')
  }
  const { client } = make(server, { onRenew: fail, onError: fail })
  assert.equal(await client.getToken(), 'token-1')
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual([calls, unheard], [2, []])
})

test('a hook that asks for the token gets the new one, and waits for nobody', async () => {
  await using server = await startTokenServer()
  const seen: string[] = []
  const { client, clock } = make(server, { onRenew: async () => void seen.push(await client.getToken()) })
  const first = await client.getToken()
  clock.advance(dueMs)
  const second = await client.getToken()
  clock.advance(expiredMs)
  const third = await client.getToken()
  const fourth = await client.getToken({ rejected: third })
  await eventually(() => seen.length === 4)
  assert.deepEqual(seen, [first, second, third, fourth])
  assert.equal(new Set(seen).size, 4)
})

test('a hundred who name a token that the server gives again and again cost two requests', async () => {
  await using server = await startTokenServer()
  server.respond = () => granted('the same')
  const { client } = make(server)
  const rejected = await client.getToken()
  server.requests.length = 0
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.getToken({ rejected })))
  assert.deepEqual(new Set(tokens), new Set(['the same']))
  assert.ok(server.requests.length <= 2, `${server.requests.length} requests`)
})

test('a renewal tells what it asked for and what it came to, and nothing else', async () => {
  await using server = await startTokenServer()
  server.queue.push(granted('one', { scope: 'read', expires_in: 60 }))
  const renewals: Renewal[] = []
  const { client } = make(server, { onRenew: (renewal) => renewals.push(renewal) })
  await client.getToken()
  assert.deepEqual(renewals, [{ grantType: 'client_credentials', expiresInSeconds: 60, scope: 'read' }])
})
