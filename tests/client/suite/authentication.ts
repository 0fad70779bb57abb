import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, none, post } from '@latchkey/client'
import { call, failing, failureOf, type Start, setScene } from './scene.ts'

/** How a client proves who it is. */
export function testAuthentication(name: string, start: Start): void {
  test(`a client proves itself by basic and by post, and one without a secret says who it is (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const { server } = scene
    const { api, proxy, postApp, publicApp } = server
    assert.equal(await call(scene.client({ auth: basic() }), api.url), 200)
    assert.equal(await call(scene.client({ ...postApp, auth: post() }), api.url), 200)
    for (const auth of [none(), undefined]) {
      const { client } = await scene.connected({ ...publicApp, clientSecret: undefined, auth })
      assert.equal(await call(client, api.url), 200)
    }
    const ways = proxy.tokenRequests.map(({ headers, parameters }) => [
      headers.authorization?.split(' ')[0],
      parameters.has('client_secret'),
      parameters.get('client_id'),
    ])
    assert.deepEqual(ways, [
      ['Basic', false, null],
      [undefined, true, postApp.clientId],
      [undefined, false, publicApp.clientId],
      [undefined, false, publicApp.clientId],
    ])
  })

  test(`a wrong secret is refused in the server's own words, and asked with once (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    for (const [app, auth] of [
      [scene.server.app, basic()],
      [scene.server.postApp, post()],
    ] as const) {
      const client = scene.client({ ...app, clientSecret: 'not the secret of this app', auth })
      const error = await failureOf(client.getToken())
      const { code, isPassing } = error
      assert.deepEqual([code, error.error, isPassing], ['request_refused', 'invalid_client', false])
      assert.ok(error.status === 401 || error.status === 400, `${error.status}`)
      assert.ok(
        error.message.includes('invalid_client') && error.message.includes(error.errorDescription ?? '?'),
      )
      assert.equal(scene.requests(), 1)
    }
  })

  test(`a scope that the app may not have is refused in its own words (${name})`, async (context) => {
    await using scene = await setScene(context, start)
    const client = scene.client({ scope: 'write' })
    await assert.rejects(
      client.getToken(),
      failing('request_refused', { error: 'invalid_scope', status: 400 }),
    )
  })
}
