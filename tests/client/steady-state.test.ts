import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type ClientOptions, createTokenClient, memoryStore, refreshToken } from '@latchkey/client'
import { createGuard } from '@latchkey/guard'
import { protect } from '@latchkey/guard/fetch'
import { addPerson, issueCode, redeem, registerCodeClient, tokensOf } from '../support/connection.ts'
import { startServer } from '../support/server.ts'

const start = 1_800_000_000
const tokenLifetimeSeconds = 300
const hour = 3_600
const day = 24 * hour
/** So that timers of server and guard get their turn. */
const callsBetweenTurns = 500

/** A server, an API behind its guard, and a client: in one process, at one time. */
async function setWorld() {
  let seconds = start
  let wallOffMs = 0
  let asleepMs = 0
  const clock = () => Math.floor(seconds)
  const server = await startServer({ clock, accessTokenLifetime: `${tokenLifetimeSeconds}s` })
  const { latchkey } = server
  const { issuer, audience } = latchkey.config
  const guard = createGuard({
    issuer,
    audience,
    fetch: latchkey.fetch,
    revocations: latchkey.revocations,
    clockToleranceSeconds: 0,
    clock: { now: () => seconds, monotonicMs: () => seconds * 1000 },
  })
  const api = protect(guard, { scope: 'read' }, () => new Response())
  const counts = { calls: 0, unauthorized: 0, tokenRequests: 0, refusedToCaller: 0 }

  const fetchInProcess: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    if (!request.url.startsWith(audience)) {
      if (request.url === latchkey.urls.token) counts.tokenRequests++
      return latchkey.fetch(request)
    }
    counts.calls++
    const response = await api(request)
    if (response.status === 401) counts.unauthorized++
    return response
  }
  const options: ClientOptions = {
    issuer,
    clientId: server.client.id,
    clientSecret: server.client.secret,
    origins: [new URL(audience).origin],
    fetch: fetchInProcess,
    clock: {
      nowMs: () => seconds * 1000 + wallOffMs,
      monotonicMs: () => seconds * 1000 - asleepMs,
      async wait(milliseconds) {
        seconds += milliseconds / 1000
      },
    },
  }
  return {
    counts,
    options,
    audience,
    /** Sets the client's wall clock wrong by so much. */
    setWallOff(seconds: number) {
      wallOffMs = seconds * 1000
    },
    /** The client's machine sleeps: its monotonic clock stands still while time passes. */
    sleep(forSeconds: number) {
      seconds += forSeconds
      asleepMs += forSeconds * 1000
    },
    /** One call a second, for so long. `each` is told the second. */
    async callEachSecond(client: { fetch: typeof fetch }, forSeconds: number, each = (_: number) => {}) {
      for (let second = 0; second < forSeconds; second++) {
        each(second)
        const { status } = await client.fetch(audience)
        if (status !== 200) counts.refusedToCaller++
        seconds += 1
        if (second % callsBetweenTurns === 0) await setImmediate()
      }
    },
    /** A connection of a person with an app of its own. */
    async connect(): Promise<Partial<ClientOptions>> {
      const parts = { store: latchkey.store, clock }
      const app = await registerCodeClient(parts)
      const code = await issueCode(parts, app, await addPerson(parts), { audience })
      const tokens = tokensOf(await redeem(`${server.url}/token`, app, code))
      return { clientId: app.id, clientSecret: app.secret, grant: refreshToken(tokens.refreshToken) }
    },
    async [Symbol.asyncDispose]() {
      guard.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Each token is renewed once, ahead of its expiry by 10 to 15 % of its lifetime. `more`: what may come on top. */
function assertRequestsAreFew(requests: number, seconds: number, more = 0): void {
  const least = seconds / tokenLifetimeSeconds
  const most = seconds / (tokenLifetimeSeconds * 0.85) + 2 + more
  assert.ok(requests >= least && requests <= most, `${requests} token requests in ${seconds} s`)
}

test('a day of one call a second with tokens of five minutes: the API answers 0 times 401', async () => {
  await using world = await setWorld()
  await world.callEachSecond(createTokenClient(world.options), day)
  const { tokenRequests, ...counts } = world.counts
  assert.deepEqual(counts, { calls: day, unauthorized: 0, refusedToCaller: 0 })
  assertRequestsAreFew(tokenRequests, day)
})

test('a connection of a person lives through six hours of refreshes, and the API answers 0 times 401', async () => {
  await using world = await setWorld()
  await world.callEachSecond(createTokenClient({ ...world.options, ...(await world.connect()) }), 6 * hour)
  const { tokenRequests, ...counts } = world.counts
  assert.deepEqual(counts, { calls: 6 * hour, unauthorized: 0, refusedToCaller: 0 })
  assertRequestsAreFew(tokenRequests, 6 * hour)
})

for (const hours of [-10, 10])
  test(`a client whose clock is wrong by ${hours} hours knows how old its token is`, async () => {
    await using world = await setWorld()
    world.setWallOff(hours * hour)
    await world.callEachSecond(createTokenClient(world.options), 2 * hour)
    const { tokenRequests, ...counts } = world.counts
    assert.deepEqual(counts, { calls: 2 * hour, unauthorized: 0, refusedToCaller: 0 })
    assertRequestsAreFew(tokenRequests, 2 * hour)
  })

test('a clock that jumps costs one renewal for each jump ahead at most, and never a 401', async () => {
  await using world = await setWorld()
  const jumps = [10, -10, 0, 3, -3, 0.02, -0.02, 24, 0]
  const jumpEach = (2 * hour) / jumps.length
  await world.callEachSecond(createTokenClient(world.options), 2 * hour, (second) => {
    if (second % jumpEach === 0) world.setWallOff((jumps[second / jumpEach] ?? 0) * hour)
  })
  const { tokenRequests, ...counts } = world.counts
  assert.deepEqual(counts, { calls: 2 * hour, unauthorized: 0, refusedToCaller: 0 })
  assertRequestsAreFew(tokenRequests, 2 * hour, jumps.length)
})

for (const grant of ['client credentials', 'a connection'] as const)
  test(`after a sleep of three hours the first call has a token that lives (${grant})`, async () => {
    await using world = await setWorld()
    const own = grant === 'a connection' ? await world.connect() : {}
    const client = createTokenClient({ ...world.options, ...own })
    for (let night = 0; night < 3; night++) {
      await world.callEachSecond(client, hour / 2)
      const before = await client.getToken()
      world.sleep(3 * hour)
      const after = await client.getToken()
      assert.notEqual(after, before)
      const response = await world.options.fetch?.(world.audience, {
        headers: { authorization: `Bearer ${after}` },
      })
      assert.equal(response?.status, 200)
    }
    const { unauthorized, refusedToCaller } = world.counts
    assert.deepEqual([unauthorized, refusedToCaller], [0, 0])
  })

test('a sleep during which the clock was set back as well: no 401 reaches the caller', async () => {
  await using world = await setWorld()
  const client = createTokenClient(world.options)
  await world.callEachSecond(client, hour)
  world.sleep(3 * hour)
  world.setWallOff(-10 * hour)
  await world.callEachSecond(client, hour)
  const { unauthorized, refusedToCaller } = world.counts
  assert.equal(refusedToCaller, 0)
  assert.equal(unauthorized, 1, 'one 401 says what neither clock can')
})

for (const hours of [-10, 10])
  test(`a restart with a kept token, after the clock was set ${hours} hours: no 401 reaches the caller`, async () => {
    await using world = await setWorld()
    const store = memoryStore()
    const options = { ...world.options, ...(await world.connect()), store }
    await world.callEachSecond(createTokenClient(options), hour)
    world.sleep(hour)
    world.setWallOff(hours * hour)
    await world.callEachSecond(createTokenClient(options), hour)
    const { unauthorized, refusedToCaller } = world.counts
    assert.equal(refusedToCaller, 0)
    assert.ok(unauthorized <= 1, `${unauthorized} times 401`)
  })
