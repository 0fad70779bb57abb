import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTokenClient, memoryStore, TokenError } from '@latchkey/client'
import { beginSignIn, finishSignIn, SignInError, type SignInOptions } from '@latchkey/client/sign-in'
import { systemClock as clock } from '../../packages/server/src/base/clock.ts'
import { addPerson, password, redirectUri, registerCodeClient } from '../support/connection.ts'
import { Person, signInAndAllow } from '../support/person.ts'
import { startServer } from '../support/server.ts'

/** A server, an app, and a person who follows the app's link. */
async function setScene() {
  const server = await startServer()
  const parts = { store: server.latchkey.store, clock }
  const app = await registerCodeClient(parts)
  const { username } = await addPerson(parts)
  const person = new Person()
  const request = { issuer: server.url, clientId: app.id, redirectUri, scope: 'read' }
  return {
    server,
    begin: (more: Partial<SignInOptions> = {}) => beginSignIn({ ...request, ...more }),
    visit: (authorizationUrl: string, decision: 'allow' | 'deny' = 'allow') =>
      signInAndAllow({ authorizationUrl, username, password, decision, person }),
    client: (grant: ReturnType<typeof finishSignIn>, store = memoryStore()) =>
      createTokenClient({
        issuer: server.url,
        clientId: app.id,
        clientSecret: app.secret,
        grant,
        store,
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

test('a person signs in, and the client that the sign-in gives the grant for has their token', async () => {
  await using scene = await setScene()
  const pending = await scene.begin()
  const back = await scene.visit(pending.url)
  const client = scene.client(finishSignIn(back, pending))
  const { scope, iss } = claimsOf(await client.getToken())
  assert.deepEqual([scope, iss], ['read', scene.server.url])
})

test('an answer by form post is read like one in the URL', async () => {
  await using scene = await setScene()
  const pending = await scene.begin({ parameters: { response_mode: 'form_post' } })
  const { searchParams } = await scene.visit(pending.url)
  assert.ok(await scene.client(finishSignIn(searchParams, pending)).getToken())
})

test('a person who says no, a scope that there is not, and a silent request each have their code', async () => {
  await using scene = await setScene()
  const cases: [more: Partial<SignInOptions>, code: string, error: string][] = [
    [{ parameters: { prompt: 'none' } }, 'request_refused', 'login_required'],
    [{ scope: 'unknown' }, 'request_refused', 'invalid_scope'],
    [{}, 'access_denied', 'access_denied'],
  ]
  for (const [more, code, error] of cases) {
    const pending = await scene.begin(more)
    const back = await scene.visit(pending.url, 'deny')
    assert.throws(
      () => finishSignIn(back, pending),
      (thrown) => {
        assert.ok(thrown instanceof SignInError)
        assert.deepEqual([thrown.code, thrown.error], [code, error])
        return true
      },
    )
  }
})

test('the code of one sign-in is of no use with the verifier of another', async () => {
  await using scene = await setScene()
  const [one, other] = [await scene.begin(), await scene.begin()]
  const back = await scene.visit(one.url)
  const mixed = { ...one, codeVerifier: other.codeVerifier }
  await assert.rejects(
    scene.client(finishSignIn(back, mixed)).getToken(),
    (error) => error instanceof TokenError && error.code === 'connection_ended',
  )
})

test('another sign-in replaces the connection that the store holds', async () => {
  await using scene = await setScene()
  const store = memoryStore()
  const connect = async (scope: string) => {
    const pending = await scene.begin({ scope })
    return scene.client(finishSignIn(await scene.visit(pending.url), pending), store).getToken()
  }
  assert.equal(claimsOf(await connect('read')).scope, 'read')
  assert.equal(claimsOf(await connect('read write')).scope, 'read write')
})
