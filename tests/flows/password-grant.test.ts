import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setScene } from '../attacks/connection.ts'
import { askFor, password, refresh, registerCodeClient, tokensOf } from '../support/connection.ts'
import type { TestServerOptions } from '../support/server.ts'

const day = 86_400

/** A person, and an app that may send their password until tomorrow. */
async function setPasswordGrant(grantTypes: string[], options: TestServerOptions = {}) {
  const scene = await setScene({ passwordGrant: true, ...options })
  const { parts, user, tokenUrl } = scene
  const app = await registerCodeClient(parts, { grantTypes, redirectUris: [] })
  const event = { at: parts.clock(), actor: 'test', action: 'client.password_allowed', subject: 'test' }
  await parts.store.passwordGrants.allow(app.id, parts.clock() + day, event)
  const { username } = user
  const signIn = (change: Record<string, string> = {}) =>
    askFor(tokenUrl, app, { grant_type: 'password', username, password, ...change })
  return { scene, app, signIn, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() }
}

test('an app that is allowed it sends a password, each use is counted, and the permission ends on its day', async () => {
  await using at = await setPasswordGrant(['password'])
  const { scene, app, signIn } = at
  assert.equal((await signIn()).status, 200)
  assert.equal((await signIn({ password: 'wrong' })).body.error, 'invalid_grant')
  assert.equal((await scene.parts.store.passwordGrants.find(app.id))?.uses, 2)
  scene.wait(day)
  assert.equal((await signIn()).body.error, 'unauthorized_client')
  assert.equal((await scene.parts.store.passwordGrants.find(app.id))?.uses, 2)
})

test('where the settings do not name it there is no password grant, whatever an app is allowed', async () => {
  await using at = await setPasswordGrant(['password'], { passwordGrant: false })
  assert.equal((await at.signIn()).body.error, 'unsupported_grant_type')
})

for (const grantTypes of [['password'], ['password', 'refresh_token']]) {
  test(`who may not grant what every app needs gets no token, and loses no connection (${grantTypes})`, async () => {
    await using at = await setPasswordGrant(grantTypes, { requiredScope: 'read', connections: 'one' })
    const { scene, app, signIn } = at
    const { parts, user, tokenUrl } = scene
    const earlier = await signIn()
    assert.equal(earlier.status, 200)
    const event = { at: parts.clock(), actor: 'test', action: 'user.scope_changed', subject: 'test' }
    await parts.store.users.setScope(user.id, 'write', event)
    const before = await scene.rows()
    for (const change of [{}, { scope: 'write' }] as Record<string, string>[]) {
      assert.equal((await signIn(change)).body.error, 'invalid_grant')
    }
    assert.deepEqual(await scene.rows(), before)
    await parts.store.users.setScope(user.id, null, event)
    if (grantTypes.includes('refresh_token'))
      tokensOf(await refresh(tokenUrl, app, String(earlier.body.refresh_token)))
  })
}
