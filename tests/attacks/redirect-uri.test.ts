import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askFor, redeem, redirectUri, registerCodeClient, verifier } from '../support/connection.ts'
import type { Person } from '../support/person.ts'
import { formOf, isBack, openBack, openPage, setVisitScene, signedIn, type VisitScene } from './visiting.ts'

/** A page says what is wrong, leads nowhere, and no code came of it. */
async function assertShown(scene: VisitScene, person: Person, change: Record<string, string | undefined>) {
  const before = await scene.rows()
  const response = await person.fetch(scene.authorizeUrl(change))
  const told = JSON.stringify(change)
  assert.equal(response.status, 400, told)
  assert.equal(response.headers.get('location'), null, told)
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
  const text = await response.text()
  assert.ok(!text.includes('evil.com'), told)
  assert.doesNotMatch(text, /http-equiv|<script|<form/i)
  assert.deepEqual(await scene.rows(), before, told)
}

const hostile = {
  '11: a host that only begins like the registered one, or that a dot would stand for,': [
    'https://app.example.com.evil.com/callback',
    'https://appxexample.com/callback',
    'https://evil.com/?https://app.example.com/callback',
  ],
  '12: user info, backslashes, tabs and too many slashes': [
    'https://app.example.com@evil.com/callback',
    'https://evil.com\\@app.example.com/callback',
    'https://app.example.com/\tcallback',
    'https:///app.example.com/callback',
    '//app.example.com/callback',
    '///evil.com',
  ],
  '13: dot segments in any encoding': [
    'https://app.example.com/callback/../callback',
    'https://app.example.com/x/%2e%2e/callback',
    'https://app.example.com/%252e%252e/callback',
    'https://app.example.com/x/..;/callback',
  ],
  '14: another case': [
    'HTTPS://app.example.com/callback',
    'https://APP.example.com/callback',
    'https://app.example.com/Callback',
  ],
  '15: an added query or fragment': [
    'https://app.example.com/callback?a=b',
    'https://app.example.com/callback#a',
    'https://app.example.com/callback?',
  ],
  '17: a scheme that runs something': [
    'javascript:alert(1)',
    'data:text/html,x',
    'com.example.app:/callback',
  ],
  '20: a host that begins with a loopback name': [
    'http://localhost.evil.com/callback',
    'http://127.0.0.1.evil.com/callback',
  ],
}

for (const [name, uris] of Object.entries(hostile)) {
  test(`${name} is shown as wrong and nobody is sent there`, async () => {
    await using scene = await setVisitScene()
    const person = await signedIn(scene, scene.john)
    for (const redirect_uri of uris) await assertShown(scene, person, { redirect_uri })
  })
}

test("18: an unknown or disabled app, and a redirect URI that is not the app's, show a page whatever else is wrong", async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  for (const change of [
    { client_id: undefined },
    { client_id: 'unknown' },
    { client_id: 'unknown', redirect_uri: 'https://evil.com/' },
    { redirect_uri: 'https://evil.com/', response_type: 'token' },
    { redirect_uri: 'https://evil.com/', scope: 'nothing' },
    { redirect_uri: 'https://evil.com/', prompt: 'none' },
    { redirect_uri: 'https://evil.com/', response_mode: 'form_post' },
    { redirect_uri: `${redirectUri} https://evil.com/` },
  ])
    await assertShown(scene, person, change)
  const response = await person.fetch(`${scene.authorizeUrl()}&redirect_uri=https%3A%2F%2Fevil.com%2F`)
  assert.deepEqual([response.status, response.headers.get('location')], [400, null])
  const { store, clock } = scene.parts
  const owned = await registerCodeClient(scene.parts, { ownerId: scene.jane.id })
  await store.users.disable(scene.jane.id, { at: clock(), actor: 'test', action: 'x', subject: 'y' })
  await assertShown(scene, person, { client_id: owned.id })
  await store.clients.disable(scene.app.id, { at: clock(), actor: 'test', action: 'x', subject: 'y' })
  await fetch(`${scene.server.url}/readyz`)
  await assertShown(scene, person, {})
})

test('18: an app that has several redirect URIs, or none, must name one', async () => {
  await using two = await setVisitScene({}, { redirectUris: [redirectUri, `${redirectUri}2`] })
  await assertShown(two, await signedIn(two, two.john), { redirect_uri: undefined })
  await using none = await setVisitScene({}, { redirectUris: [], grantTypes: ['client_credentials'] })
  await assertShown(none, await signedIn(none, none.john), { redirect_uri: undefined })
  await assertShown(none, await signedIn(none, none.john), {})
})

test('16: a loopback app may come with another port, and must redeem its code with the same', async () => {
  const registered = 'http://127.0.0.1/callback'
  await using scene = await setVisitScene({}, { type: 'public', redirectUris: [registered] })
  const { john, app, server } = scene
  const person = await signedIn(scene, john)
  const sent = 'http://127.0.0.1:49152/callback'
  const page = await openPage(person, scene.authorizeUrl({ redirect_uri: sent }))
  const back = await person.submit(formOf(page), { decision: 'allow' }, (url) => url.port === '49152')
  assert.ok(back instanceof URL)
  assert.equal(`${back.origin}${back.pathname}`, sent)
  const code = back.searchParams.get('code') ?? ''
  const redeemWith = (redirect_uri: string) => redeem(server.latchkey.urls.token, app, code, { redirect_uri })
  for (const other of [registered, 'http://127.0.0.1:49153/callback', redirectUri])
    assert.equal((await redeemWith(other)).body.error, 'invalid_grant')
  assert.equal((await redeemWith(sent)).status, 200)
  for (const redirect_uri of [
    'http://127.0.0.1:1/other',
    'http://localhost:1/callback',
    'https://127.0.0.1:1/callback',
  ])
    await assertShown(scene, person, { redirect_uri })
})

test('19: a redirect URI that was sent must come with the code too, and one that was left out need not', async () => {
  await using scene = await setVisitScene()
  const { app, server } = scene
  const person = await signedIn(scene, scene.john)
  const redeemWithout = async (change: Record<string, string | undefined>) => {
    const page = await openPage(person, scene.authorizeUrl({ prompt: 'consent', ...change }))
    const back = await person.submit(formOf(page), { decision: 'allow' }, isBack)
    assert.ok(back instanceof URL)
    const code = back.searchParams.get('code') ?? ''
    const parameters = { grant_type: 'authorization_code', code, code_verifier: verifier }
    return (await askFor(server.latchkey.urls.token, app, parameters)).status
  }
  assert.deepEqual([await redeemWithout({}), await redeemWithout({ redirect_uri: undefined })], [400, 200])
})

test('7: an app that may not use codes is told so, and nobody is asked', async () => {
  await using scene = await setVisitScene({}, { grantTypes: ['client_credentials'] })
  const answer = await openBack(await signedIn(scene, scene.john), scene.authorizeUrl())
  assert.equal(answer.get('error'), 'unauthorized_client')
})

test("a redirect URI's own query stays as it is, and the answer stands beside it", async () => {
  const own = 'https://app.example.com/callback?tenant=a%20b&x=+'
  await using scene = await setVisitScene({}, { redirectUris: [own] })
  const person = await signedIn(scene, scene.john)
  const page = await openPage(person, scene.authorizeUrl({ redirect_uri: own }))
  const back = await person.submit(
    formOf(page),
    { decision: 'deny' },
    (url) => url.host === 'app.example.com',
  )
  assert.ok(back instanceof URL)
  assert.ok(back.href.startsWith(`${own}&error=access_denied&`), back.href)
})

test('whatever is wrong beside client and redirect URI, the app is told, with its state and our issuer (RFC 9207)', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const before = await scene.rows()
  for (const [change, error] of [
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ scope: 'read admin' }, 'invalid_scope'],
    [{ resource: 'https://other.example.com' }, 'invalid_target'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ prompt: 'dance' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
  ] as const) {
    const answer = await openBack(person, scene.authorizeUrl(change))
    const told = JSON.stringify(change)
    assert.deepEqual(
      [answer.get('error'), answer.get('state'), answer.get('iss')],
      [error, 'a state', scene.server.url],
      told,
    )
    assert.match(answer.get('error_description') ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, told)
    assert.equal(answer.get('code'), null)
  }
  assert.deepEqual(await scene.rows(), before)
})

test('28, 31: where PKCE is optional an app with a secret may leave it out, and a public one may not', async () => {
  const without = { code_challenge: undefined, code_challenge_method: undefined }
  await using scene = await setVisitScene({ pkce: 'optional' })
  assert.match(
    (await openPage(await signedIn(scene, scene.john), scene.authorizeUrl(without))).text,
    /The App/,
  )
  const half = await openBack(
    await signedIn(scene, scene.john),
    scene.authorizeUrl({ code_challenge: undefined }),
  )
  assert.equal(half.get('error'), 'invalid_request')
  await using strict = await setVisitScene({ pkce: 'optional' }, { type: 'public' })
  const answer = await openBack(await signedIn(strict, strict.john), strict.authorizeUrl(without))
  assert.equal(answer.get('error'), 'invalid_request')
})
