import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizationCode, memoryStore, refreshToken, type TokenStore } from '@latchkey/client'
import { disconnect } from '@latchkey/client/disconnect'
import { tokenLifetimeSeconds } from '../servers/authorization-server.ts'
import { call, dueAtSeconds, failing, type Start, setScene } from './scene.ts'

/** What a person has allowed: codes, refresh tokens, and their end. */
export function testConnections(name: string, start: Start): void {
  test(`each refresh sends the newest refresh token, also after a restart with the same store (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api, rotates } = scene.server
    const { client, store } = await scene.connected()
    for (let round = 0; round < 3; round++) {
      assert.equal(await call(client, api.url), 200)
      scene.pass(tokenLifetimeSeconds + 1)
    }
    const restarted = scene.client({ store, grant: refreshToken() })
    assert.equal(await call(restarted, api.url), 200)
    const sent = proxy.tokenRequests.map(({ parameters }) => parameters.get('refresh_token'))
    assert.equal(sent.length, 4)
    assert.equal(new Set(sent).size, rotates ? 4 : 1)
    assert.equal(api.answered(401), 0)
  })

  test(`a code is redeemed once with its verifier, however many ask, and is followed by refreshes (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api, makeCode } = scene.server
    const [store, answer] = [memoryStore(), await makeCode()]
    const client = scene.client({ store, grant: authorizationCode(answer) })
    await Promise.all(Array.from({ length: 20 }, () => client.getToken()))
    const restarted = scene.client({ store, grant: refreshToken() })
    assert.equal(await call(restarted, api.url), 200)
    scene.pass(tokenLifetimeSeconds + 1)
    assert.equal(await call(client, api.url), 200)
    assert.deepEqual(
      proxy.tokenRequests.map(({ parameters }) => parameters.get('grant_type')),
      ['authorization_code', 'refresh_token'],
    )
    const [{ parameters } = { parameters: new URLSearchParams() }] = proxy.tokenRequests
    assert.equal(parameters.get('code_verifier'), answer.codeVerifier)
  })

  test(`a code takes the place of the connection that the store held (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api, makeCode } = scene.server
    const { client, store } = await scene.connected()
    const before = await client.getToken()
    const later = scene.client({ store, grant: authorizationCode(await makeCode()) })
    assert.equal(await call(later, api.url), 200)
    assert.notEqual(await later.getToken(), before)
    assert.equal(scene.renewals.at(-1)?.grantType, 'authorization_code')
  })

  test(`a code whose answer was lost is spent, and no request more than one repetition finds out (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, makeCode } = scene.server
    const client = scene.client({ grant: authorizationCode(await makeCode()) })
    proxy.next({ kind: 'lose' })
    await assert.rejects(client.getToken(), failing('connection_ended'))
    await assert.rejects(client.getToken(), failing('connection_ended'))
    assert.equal(scene.requests(), 2)
  })

  test(`a code that is refused leaves the connection that the store held (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api } = scene.server
    const { client, store } = await scene.connected()
    await client.getToken()
    const kept = await store.get()
    const grant = authorizationCode({ code: 'of-nobody', redirectUri: 'https://app.example.com/callback' })
    await assert.rejects(scene.client({ store, grant }).getToken(), failing('connection_ended'))
    assert.equal(await store.get(), kept)
    scene.pass(tokenLifetimeSeconds + 1)
    assert.equal(await call(client, api.url), 200)
  })

  test(`a code that was spent elsewhere is no connection (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const grant = authorizationCode(await scene.server.makeCode())
    await scene.client({ grant }).getToken()
    await assert.rejects(
      scene.client({ grant }).getToken(),
      failing('connection_ended', { error: 'invalid_grant' }),
    )
  })

  test(`a wrong verifier gets nothing (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const answer = { ...(await scene.server.makeCode()), codeVerifier: 'x'.repeat(43) }
    const store = memoryStore()
    const client = scene.client({ store, grant: authorizationCode(answer) })
    await assert.rejects(client.getToken(), failing('connection_ended'))
    assert.equal(await store.get(), undefined)
  })

  test(`a connection that was ended at the server leaves the store empty and is not asked for again (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, endConnection } = scene.server
    const { client, store } = await scene.connected()
    await client.getToken()
    const { refreshToken: newest } = JSON.parse((await store.get()) ?? '')
    await endConnection(newest)
    scene.pass(tokenLifetimeSeconds + 1)
    const ended = failing('connection_ended', { error: 'invalid_grant', isPassing: false })
    await assert.rejects(client.getToken(), ended)
    assert.equal(await store.get(), undefined)
    const asked = proxy.tokenRequests.length
    await assert.rejects(client.getToken(), failing('connection_ended'))
    await assert.rejects(
      scene.client({ store, grant: refreshToken() }).getToken(),
      failing('connection_ended'),
    )
    assert.equal(proxy.tokenRequests.length, asked)
  })

  test(`disconnect ends a connection at the server and here; where there is no endpoint for that, it stays (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { place, app, api } = scene.server
    const { client, store } = await scene.connected()
    assert.equal(await call(client, api.url), 200)
    const kept = (await store.get()) ?? ''
    const ending = disconnect({ ...place, ...app, store, grant: refreshToken() })
    scene.pass(tokenLifetimeSeconds + 1)
    if (!place.issuer) {
      await assert.rejects(ending, { name: 'TypeError', message: /give revocationEndpoint/ })
      assert.equal(await store.get(), kept)
      assert.equal(await call(client, api.url), 200)
      return
    }
    await ending
    assert.equal(await store.get(), undefined)
    await assert.rejects(client.getToken(), failing('connection_ended'))
    const again = scene.client({ grant: refreshToken(JSON.parse(kept).refreshToken) })
    await assert.rejects(again.getToken(), failing('connection_ended', { error: 'invalid_grant' }))
  })

  test(`a store that cannot be written now and then ends no connection of the two clients that share it (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { api } = scene.server
    const kept = memoryStore()
    let failures = 0
    const store: TokenStore = {
      ...kept,
      compareAndSet(expected, next) {
        if (failures++ % 2 === 0) throw new Error('The disk is busy.')
        return kept.compareAndSet(expected, next)
      },
    }
    const { client } = await scene.connected({ store })
    const other = scene.client({ store, grant: refreshToken() })
    for (const one of [client, other, other, client, other]) {
      assert.equal(await call(one, api.url), 200)
      scene.pass(tokenLifetimeSeconds + 1)
    }
    assert.equal(scene.requests(), 5)
    assert.deepEqual(scene.failures, [])
  })

  test(`a refresh that never reached the server is sent again, and the connection lives (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api } = scene.server
    const { client } = await scene.connected()
    await client.getToken()
    for (let round = 0; round < 2; round++) {
      scene.pass(tokenLifetimeSeconds + 1)
      proxy.next({ kind: 'cut' })
      assert.equal(await call(client, api.url), 200)
    }
    assert.equal(scene.requests(), 5)
  })

  test(`a refresh whose answer was lost is sent again: what then becomes of the connection, the server decides (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { proxy, api, afterLostAnswer } = scene.server
    const { client, store } = await scene.connected()
    await client.getToken()
    scene.pass(tokenLifetimeSeconds + 1)
    scene.requests()
    proxy.next({ kind: 'lose' })
    if (afterLostAnswer === 'ends') {
      await assert.rejects(client.getToken(), failing('connection_ended'))
      assert.equal(await store.get(), undefined)
      assert.equal(scene.requests(), 2)
      return
    }
    assert.equal(await call(client, api.url), 200)
    scene.pass(tokenLifetimeSeconds + 1)
    assert.equal(await call(client, api.url), 200)
    assert.equal(scene.requests(), 3)
  })

  test(`when a refresh ahead of time ends the connection, the token that lives is given until it expires (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { client, store } = await scene.connected()
    const token = await client.getToken()
    const { refreshToken: newest } = JSON.parse((await store.get()) ?? '')
    scene.server.proxy.next({
      kind: 'answer',
      status: 400,
      body: JSON.stringify({ error: 'invalid_grant', error_description: 'The person ended it.' }),
    })
    await scene.server.endConnection(newest)
    scene.pass(dueAtSeconds)
    assert.equal(await client.getToken(), token)
    assert.equal(scene.failures.at(-1)?.error.code, 'connection_ended')
    assert.equal(scene.failures.at(-1)?.failure.hasToken, true)
    scene.pass(tokenLifetimeSeconds - dueAtSeconds + 1)
    await assert.rejects(client.getToken(), failing('connection_ended'))
  })
}
