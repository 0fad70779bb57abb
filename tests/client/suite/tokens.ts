import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '@latchkey/client'
import { eventually } from '../../support/eventually.ts'
import { tokenLifetimeSeconds } from '../servers/authorization-server.ts'
import { call, callAtOnce, dueAtSeconds, failing, patient, type Start, setScene } from './scene.ts'

/** Getting a token, keeping it, and renewing it once however many ask. */
export function testTokens(name: string, start: Start): void {
  test(`a hundred calls of the API cost one token request (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { url } = scene.server.api
    const client = scene.client()
    for (let round = 0; round < 10; round++) assert.deepEqual(await callAtOnce(client, url, 10), [200])
    assert.equal(scene.requests(), 1)
    assert.equal(scene.renewals.length, 1)
    const [{ grantType, expiresInSeconds } = {}] = scene.renewals
    assert.equal(grantType, 'client_credentials')
    assert.ok(expiresInSeconds !== undefined && expiresInSeconds <= tokenLifetimeSeconds)
  })

  test(`1,000 calls at the moment of expiry cost one token request, and each gets its 200 (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api } = scene.server
    const client = scene.client()
    const expired = await client.getToken()
    assert.equal(scene.requests(), 1)
    scene.pass(tokenLifetimeSeconds + 1)
    const refused = await fetch(api.url, { headers: { authorization: `Bearer ${expired}` } })
    assert.equal(refused.status, 401)
    assert.deepEqual(await callAtOnce(client, api.url, 1_000), [200])
    assert.equal(scene.requests(), 1)
    assert.deepEqual([api.answered(200), api.answered(401)], [1_000, 1])
    assert.equal(scene.renewals.length, 2)
  })

  test(`1,000 calls with a connection whose token has expired cost one refresh (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api } = scene.server
    const { client } = await scene.connected()
    await client.getToken()
    scene.requests()
    scene.pass(tokenLifetimeSeconds + 1)
    assert.deepEqual(await callAtOnce(client, api.url, 1_000), [200])
    assert.equal(scene.requests(), 1)
    assert.equal(api.answered(401), 0)
  })

  test(`a token that the API refuses before its time is renewed once for fifty who hold it (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { server } = scene
    const client = scene.client()
    const token = await client.getToken()
    await server.revokeAccessToken(token)
    scene.requests()
    assert.deepEqual(await callAtOnce(client, server.api.url, 50), [200])
    assert.equal(scene.requests(), 1)
    assert.notEqual(await client.getToken(), token)
    assert.equal(scene.renewals.length, 2)
  })

  test(`a token that is revoked ten times in a row, each time after it was accepted, is renewed each time (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { server } = scene
    const client = scene.client()
    for (let round = 0; round < 10; round++) {
      assert.equal(await call(client, server.api.url), 200)
      await server.revokeAccessToken(await client.getToken())
    }
    assert.equal(await call(client, server.api.url), 200)
    assert.equal(scene.requests(), 11)
    assert.equal(server.api.answered(401), 10)
  })

  test(`fifty 401s that come late share the renewal that the first of them began (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const client = scene.client()
    const rejected = await client.getToken()
    scene.requests()
    const first = await client.getToken({ rejected })
    const others = await Promise.all(Array.from({ length: 49 }, () => client.getToken({ rejected })))
    assert.deepEqual([...new Set(others)], [first])
    assert.equal(scene.requests(), 1)
  })

  test(`a scope that is not enough renews nothing (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api } = scene.server
    assert.deepEqual(await callAtOnce(scene.client(), api.writeUrl, 10), [403])
    assert.deepEqual([scene.requests(), api.answered(403)], [1, 10])
  })

  test(`while a token that is due is renewed, one caller waits and the others go on with it (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api } = scene.server
    const client = scene.client(patient)
    const token = await client.getToken()
    scene.pass(dueAtSeconds)
    const gate = Promise.withResolvers<void>()
    proxy.hold(gate.promise)
    const renewer = client.getToken()
    await eventually(() => proxy.tokenRequests.length === 2)
    assert.deepEqual(await callAtOnce(client, api.url, 20), [200])
    assert.equal(await client.getToken(), token)
    gate.resolve()
    const renewed = await renewer
    assert.notEqual(renewed, token)
    assert.equal(await client.getToken(), renewed)
    assert.equal(scene.requests(), 2)
    assert.equal(scene.renewals.length, 2)
  })

  test(`a caller who gives up takes nothing from those who wait with them (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api } = scene.server
    const client = scene.client(patient)
    const gate = Promise.withResolvers<void>()
    proxy.hold(gate.promise)
    const controller = new AbortController()
    const { signal } = controller
    const reason = new Error('The page was closed.')
    const given = [client.getToken({ signal }), client.fetch(api.url, { signal })]
    const others = [call(client, api.url), call(client, api.url)]
    const outcome = Promise.allSettled(given)
    await eventually(() => proxy.tokenRequests.length === 1)
    controller.abort(reason)
    assert.deepEqual(
      (await outcome).map((one) => one.status === 'rejected' && one.reason),
      [reason, reason],
    )
    gate.resolve()
    assert.deepEqual(await Promise.all(others), [200, 200])
    assert.equal(await call(client, api.url), 200)
    assert.equal(scene.requests(), 1)
  })

  test(`two clients with one store share one token, and one renewal of it (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api } = scene.server
    const store = memoryStore()
    const clients = [scene.client({ store }), scene.client({ store })]
    const callBoth = async () =>
      assert.deepEqual(await Promise.all(clients.map((client) => callAtOnce(client, api.url, 10))), [
        [200],
        [200],
      ])
    await callBoth()
    assert.equal(scene.requests(), 1)
    scene.pass(tokenLifetimeSeconds + 1)
    await callBoth()
    assert.equal(scene.requests(), 1)
    assert.equal(api.answered(401), 0)
  })

  test(`a store that holds the tokens of one client gives none of them to another (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const store = memoryStore()
    const client = scene.client({ store })
    const token = await client.getToken()
    const other = scene.client({ store, clientId: 'another-app' })
    await assert.rejects(other.getToken(), failing('store_mismatch'))
    assert.equal(await scene.client({ store }).getToken(), token)
    assert.equal(scene.requests(), 1)
  })
}
