import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientOptions, createTokenClient, memoryStore } from './index.ts'
import { makeClock } from './testing/clock.ts'
import { granted, startTokenServer, type TokenServer } from './testing/token-server.ts'

const hourMs = 3_600_000

const make = (server: TokenServer, options: Partial<ClientOptions> = {}, startMs?: number) => {
  const clock = makeClock(startMs)
  return { clock, client: createTokenClient({ ...server.options, clock, ...options }) }
}

/** Makes token after token, each of `expires_in`. */
const granting = (server: TokenServer, expires_in: unknown) => {
  server.respond = () => granted(`token-${server.requests.length}`, { expires_in })
}

for (const hours of [-10, 10]) {
  test(`a wall clock that is ${hours} hours off does no harm`, async () => {
    await using server = await startTokenServer()
    const { client, clock } = make(server, {}, Date.now() + hours * hourMs)
    await client.getToken()
    clock.advance(hourMs / 2)
    assert.equal(await client.getToken(), 'token-1')
    clock.advance(hourMs / 2)
    assert.equal(await client.getToken(), 'token-2')
  })
}

test('a wall clock that jumps ahead costs one renewal', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  await client.getToken()
  clock.jump(10 * hourMs)
  for (let call = 0; call < 3; call++) assert.equal(await client.getToken(), 'token-2')
})

test('a wall clock that jumps back costs nothing, and lengthens no token', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  await client.getToken()
  clock.jump(-10 * hourMs)
  assert.equal(await client.getToken(), 'token-1')
  clock.advance(hourMs)
  assert.equal(await client.getToken(), 'token-2')
})

test('a token that expired while the machine slept, its monotonic clock standing still, is not used', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  await client.getToken()
  clock.jump(hourMs)
  assert.equal(await client.getToken(), 'token-2')
})

test('a token’s age begins before the server made it', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  server.respond = () => {
    if (server.requests.length === 1) clock.advance(hourMs)
    return granted(`token-${server.requests.length}`)
  }
  await client.getToken()
  assert.equal(await client.getToken(), 'token-2')
})

test('stored tokens are used by the next process until they are due', async () => {
  await using server = await startTokenServer()
  const store = memoryStore()
  const first = make(server, { store })
  await first.client.getToken()
  const later = make(server, { store }, first.clock.nowMs() + hourMs / 2)
  assert.equal(await later.client.getToken(), 'token-1')
  later.clock.advance(hourMs / 2)
  assert.equal(await later.client.getToken(), 'token-2')
  const tooLate = make(server, { store }, later.clock.nowMs() + 10 * hourMs)
  assert.equal(await tooLate.client.getToken(), 'token-3')
})

test('stored tokens of a clock ahead of ours count as new, and do not live longer than that', async () => {
  await using server = await startTokenServer()
  const store = memoryStore()
  const ahead = make(server, { store })
  await ahead.client.getToken()
  const { client, clock } = make(server, { store }, ahead.clock.nowMs() - 10 * hourMs)
  assert.equal(await client.getToken(), 'token-1')
  clock.advance(hourMs)
  assert.equal(await client.getToken(), 'token-2')
})

for (const lifetime of ['3600', 3600.5, '3600.0']) {
  test(`expires_in ${JSON.stringify(lifetime)} is an hour`, async () => {
    await using server = await startTokenServer()
    granting(server, lifetime)
    const { client, clock } = make(server)
    await client.getToken()
    clock.advance(hourMs - 95_000)
    assert.equal(await client.getToken(), 'token-1')
    clock.advance(96_000)
    assert.equal(await client.getToken(), 'token-2')
  })
}

for (const lifetime of [undefined, null, 'NaN', 'soon', {}, '', ' ', [], false, true]) {
  test(`with expires_in ${JSON.stringify(lifetime)} a token lives until an API refuses it`, async () => {
    await using server = await startTokenServer()
    granting(server, lifetime)
    const { client, clock } = make(server)
    const rejected = await client.getToken()
    clock.advance(1_000 * hourMs)
    assert.equal(await client.getToken(), rejected)
    assert.equal(await client.getToken({ rejected }), 'token-2')
  })
}

for (const lifetime of [1e15, 1e308]) {
  test(`a lifetime of ${lifetime} s is as good as for ever, also for the next process`, async () => {
    await using server = await startTokenServer()
    granting(server, lifetime)
    const store = memoryStore()
    const { client, clock } = make(server, { store })
    await client.getToken()
    clock.advance(1_000 * hourMs)
    assert.equal(await client.getToken(), 'token-1')
    assert.equal(await make(server, { store }, clock.nowMs()).client.getToken(), 'token-1')
  })
}

for (const lifetime of [0, '0', -5, '-5']) {
  test(`a token of ${lifetime} s is given to whom it was fetched for, and to nobody later`, async () => {
    await using server = await startTokenServer()
    granting(server, lifetime)
    const { client } = make(server)
    const both = await Promise.all([client.getToken(), client.getToken()])
    assert.deepEqual(both, ['token-1', 'token-1'])
    assert.equal(await client.getToken(), 'token-2')
  })
}

test('defaultLifetimeSeconds counts where the server does not say, and only there', async () => {
  await using server = await startTokenServer()
  granting(server, undefined)
  const { client, clock } = make(server, { defaultLifetimeSeconds: 600 })
  await client.getToken()
  clock.advance(500_000)
  assert.equal(await client.getToken(), 'token-1')
  clock.advance(100_000)
  granting(server, 3600)
  assert.equal(await client.getToken(), 'token-2')
  clock.advance(700_000)
  assert.equal(await client.getToken(), 'token-2')
})
