import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../support/eventually.ts'
import { type Fault, garbage, tooMany, unavailable } from '../fault-proxy.ts'
import { tokenLifetimeSeconds } from '../servers/authorization-server.ts'
import { call, callAtOnce, dueAtSeconds, failing, hasty, type Start, setScene } from './scene.ts'

/** More than one renewal asks. */
const manyTimes = 3

const passing: [words: string, fault: Fault, code: 'server_unavailable' | 'timeout' | 'invalid_response'][] =
  [
    ['503', unavailable, 'server_unavailable'],
    ['silence', { kind: 'silence' }, 'timeout'],
    ['a connection that breaks', { kind: 'cut' }, 'server_unavailable'],
    ['a page in place of a token', garbage, 'invalid_response'],
  ]

/** What the network and the server do to a renewal, and what callers notice of it. */
export function testFailures(name: string, start: Start): void {
  for (const [words, fault, code] of passing) {
    test(`${words} while the token lives is no matter of the callers, and the token is renewed later (${name})`, async (context) => {
      await using scene = await setScene(context, start)
      const { proxy, api } = scene.server
      const client = scene.client(hasty)
      const token = await client.getToken()
      scene.pass(dueAtSeconds)
      proxy.next(...Array.from({ length: manyTimes }, () => fault))
      assert.equal(await client.getToken(), token)
      assert.deepEqual(await callAtOnce(client, api.url, 20), [200])
      assert.equal(scene.requests(), 1 + manyTimes)
      const { error, failure } = scene.failures.at(-1) ?? {}
      assert.equal(error?.code, code)
      assert.deepEqual(failure, { willRetry: false, hasToken: true })
      await eventually(async () => (await client.getToken()) !== token)
      assert.equal(await call(client, api.url), 200)
      assert.equal(scene.requests(), 1)
    })

    test(`${words}, twice at the moment of expiry, costs callers nothing but time (${name})`, async (context) => {
      await using scene = await setScene(context, start)
      const { proxy, api } = scene.server
      const client = scene.client(hasty)
      await client.getToken()
      scene.pass(tokenLifetimeSeconds + 1)
      scene.requests()
      proxy.next(fault, fault)
      assert.deepEqual(await callAtOnce(client, api.url, 20), [200])
      assert.equal(scene.requests(), 3)
      assert.equal(api.answered(401), 0)
    })

    test(`${words} that lasts is told as ${code}, asked about sparingly, and over when it is over (${name})`, async (context) => {
      await using scene = await setScene(context, start)
      const { proxy, api } = scene.server
      const client = scene.client(hasty)
      proxy.next(...Array.from({ length: manyTimes }, () => fault))
      await assert.rejects(client.getToken(), failing(code, { isPassing: true }))
      await assert.rejects(client.fetch(api.url), failing(code))
      assert.equal(scene.requests(), manyTimes)
      await eventually(() => client.getToken().then(Boolean, () => false))
      assert.equal(await call(client, api.url), 200)
    })
  }

  test(`a server that is down when it is first looked for is found once it is up (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api } = scene.server
    const client = scene.client()
    proxy.setDown(true)
    await assert.rejects(client.getToken(), failing('server_unavailable', { status: 503 }))
    proxy.setDown(false)
    await eventually(() => client.getToken().then(Boolean, () => false))
    assert.equal(await call(client, api.url), 200)
  })

  test(`a limit that ends soon is waited for (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api } = scene.server
    proxy.next(tooMany(1))
    const client = scene.client({ clock: undefined })
    const startedAt = performance.now()
    assert.equal(await call(client, api.url), 200)
    assert.ok(performance.now() - startedAt >= 1_000)
    assert.equal(scene.requests(), 2)
  })

  test(`a limit that lasts is told at once, is believed for a minute at most, and nobody asks meanwhile (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const client = scene.client()
    for (const [said, believed] of [
      [30, 30],
      [86_400, 60],
    ] as const) {
      scene.server.proxy.next(tooMany(said))
      const other = scene.client()
      const limited = failing('rate_limited', { status: 429, retryAfterSeconds: believed })
      await assert.rejects(other.getToken(), limited)
      await assert.rejects(other.getToken(), limited)
    }
    assert.equal(scene.requests(), 2)
    assert.ok(await client.getToken())
  })

  test(`a limit while the token lives leaves the token to callers and the server in peace (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api } = scene.server
    const client = scene.client()
    const token = await client.getToken()
    scene.pass(dueAtSeconds)
    proxy.next(tooMany(30))
    assert.deepEqual(await callAtOnce(client, api.url, 50), [200])
    assert.equal(await client.getToken(), token)
    assert.equal(scene.requests(), 2)
  })
}
