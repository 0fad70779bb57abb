import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientOptions, createTokenClient, type Failure, type TokenError } from './index.ts'
import { parseOptions } from './options.ts'
import { makeClock } from './testing/clock.ts'
import { endTimeBySilence } from './testing/silence.ts'
import { type Answer, refused, startTokenServer, type TokenServer } from './testing/token-server.ts'

const maxCoolDownMs = 5_000
const maxRetryAfterMs = 60_000
/** Of a client whose server is silent. */
const timeoutMs = 100

const make = (server: TokenServer, options: Partial<ClientOptions> = {}) => {
  const clock = makeClock()
  const told: (Failure & { code: string })[] = []
  const client = createTokenClient({
    ...server.options,
    clock,
    onError: ({ code }: TokenError, failure: Failure) => told.push({ code, ...failure }),
    ...options,
  })
  return { client, clock, told }
}

const unavailable: Answer = { status: 503 }

test('what passes is asked again: the third answer is as good as the first', async () => {
  await using server = await startTokenServer()
  server.queue.push(unavailable, 'cut')
  const { client, told } = make(server)
  assert.equal(await client.getToken(), 'token-1')
  assert.equal(server.requests.length, 3)
  const retried = { code: 'server_unavailable', willRetry: true, hasToken: false }
  assert.deepEqual(told, [retried, retried])
})

for (const [what, answer, code] of [
  ['a 500', { status: 500 }, 'server_unavailable'],
  ['a connection that is cut', 'cut', 'server_unavailable'],
  ['a 429', { status: 429 }, 'rate_limited'],
  ['a page', { body: '<html>' }, 'invalid_response'],
  ['silence', 'silence', 'timeout'],
] satisfies [string, Answer, string][]) {
  test(`${what} passes: it is asked three times, and after that not for a while`, async (t) => {
    await using server = await startTokenServer()
    server.queue.push(answer, answer, answer)
    server.onSilence = endTimeBySilence(t, timeoutMs)
    const { client, clock } = make(server, answer === 'silence' ? { timeoutMs } : {})
    await assert.rejects(client.getToken(), { code, isPassing: true })
    assert.equal(server.requests.length, 3)
    await assert.rejects(client.getToken(), { code })
    assert.equal(server.requests.length, 3, 'fails fast')
    clock.advance(maxCoolDownMs)
    assert.equal(await client.getToken(), 'token-1')
  })
}

for (const [what, answer] of [
  ['invalid_client', refused('invalid_client', 401)],
  ['invalid_scope', refused('invalid_scope')],
  ['a 404', { status: 404, body: 'not here' }],
  ['a 501', { status: 501 }],
  ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
] satisfies [string, Answer][]) {
  test(`${what} is asked once, and after that not for a while`, async () => {
    await using server = await startTokenServer()
    server.queue.push(answer)
    const { client, clock } = make(server)
    await assert.rejects(client.getToken(), { code: 'request_refused', isPassing: false })
    await assert.rejects(client.getToken(), { code: 'request_refused' })
    assert.equal(server.requests.length, 1)
    clock.advance(maxCoolDownMs)
    assert.equal(await client.getToken(), 'token-1')
  })
}

test('a silent endpoint is asked again after the timeout', async (t) => {
  await using server = await startTokenServer()
  server.queue.push('silence')
  server.onSilence = endTimeBySilence(t, timeoutMs)
  const { client, told } = make(server, { timeoutMs })
  assert.equal(await client.getToken(), 'token-1')
  assert.deepEqual(told, [{ code: 'timeout', willRetry: true, hasToken: false }])
})

test('a request, the pause and the repetition take less than 10 seconds, whatever the jitter', async () => {
  await using server = await startTokenServer()
  const { timeoutMs } = parseOptions(server.options).transport
  const waits: number[] = []
  for (let sample = 0; sample < 200; sample++) {
    const { client, clock } = make(server)
    server.queue.push(sample % 2 ? unavailable : { status: 429, headers: { 'retry-after': '1' } })
    await client.getToken()
    waits.push(...clock.waits)
  }
  assert.equal(waits.length, 200)
  assert.ok(timeoutMs + Math.max(...waits) + timeoutMs < 10_000, `${timeoutMs} and ${Math.max(...waits)}`)
  assert.ok(new Set(waits).size > 50, 'jitter')
})

test('Retry-After is waited for where it is short', async () => {
  await using server = await startTokenServer()
  server.queue.push({ status: 429, headers: { 'retry-after': '1' } })
  const { client, clock } = make(server)
  assert.equal(await client.getToken(), 'token-1')
  assert.ok(clock.waits.length === 1 && Number(clock.waits[0]) >= 1_000, `${clock.waits}`)
})

test('a pause of a second and a half is waited for, and no longer one', async () => {
  await using server = await startTokenServer()
  const limited = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds } })
  server.queue.push(limited('1.5'))
  const short = make(server)
  assert.equal(await short.client.getToken(), 'token-1')
  assert.deepEqual(short.clock.waits, [1_500])
  server.queue.push(limited('1.6'), limited('2'))
  for (const retryAfterSeconds of [1.6, 2]) {
    const long = make(server)
    await assert.rejects(long.client.getToken(), { code: 'rate_limited', retryAfterSeconds })
    assert.deepEqual(long.clock.waits, [])
  }
  assert.equal(server.requests.length, 4)
})

for (const said of ['0', '-1', '-0', '', ' ', 'soon', 'NaN', '-Infinity']) {
  test(`Retry-After: ${JSON.stringify(said)} counts as not said`, async () => {
    await using server = await startTokenServer()
    const limited = { status: 429, headers: { 'retry-after': said } }
    server.queue.push(limited, limited, limited)
    const { client, clock } = make(server)
    await assert.rejects(client.getToken(), (thrown: TokenError) => {
      assert.deepEqual([thrown.code, thrown.retryAfterSeconds], ['rate_limited', undefined])
      return true
    })
    assert.equal(server.requests.length, 3)
    const [first = 0, second = 0] = clock.waits
    assert.ok(first >= 100 && first <= 200 && second >= 400 && second <= 800, `${clock.waits}`)
  })
}

test('where Retry-After is long, nobody waits and nobody asks until then', async () => {
  await using server = await startTokenServer()
  server.queue.push({ status: 429, headers: { 'retry-after': '20' } })
  const { client, clock } = make(server)
  await assert.rejects(client.getToken(), { code: 'rate_limited', retryAfterSeconds: 20 })
  clock.advance(19_900)
  await assert.rejects(client.getToken(), { code: 'rate_limited' })
  assert.equal(server.requests.length, 1)
  clock.advance(100)
  assert.equal(await client.getToken(), 'token-1')
})

test('a date in Retry-After is read by the clock of the server that says it', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  const headers = {
    date: 'Fri, 31 Dec 2100 23:59:00 GMT',
    'retry-after': 'Fri, 31 Dec 2100 23:59:20 GMT',
  }
  server.queue.push({ status: 429, headers })
  await assert.rejects(client.getToken(), { code: 'rate_limited', retryAfterSeconds: 20 })
  clock.advance(19_900)
  await assert.rejects(client.getToken(), { code: 'rate_limited' })
  assert.equal(server.requests.length, 1)
  clock.advance(100)
  assert.equal(await client.getToken(), 'token-1')
})

test('Retry-After is believed for a minute', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  server.queue.push({ status: 503, headers: { 'retry-after': '999999' } })
  await assert.rejects(client.getToken(), { code: 'server_unavailable', retryAfterSeconds: 60 })
  clock.advance(maxRetryAfterMs)
  assert.equal(await client.getToken(), 'token-1')
})

test('after a failure nobody asks for a second at least, however many call', async () => {
  await using server = await startTokenServer()
  server.queue.push(refused('invalid_client', 401))
  const { client, clock } = make(server)
  await assert.rejects(client.getToken())
  for (let call = 0; call < 100; call++) {
    clock.advance(10)
    await assert.rejects(client.getToken(), { code: 'request_refused' })
  }
  assert.equal(server.requests.length, 1)
})
