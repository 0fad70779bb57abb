import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { revokeSigningKey } from '../../packages/server/src/keys/key-ring.ts'
import { createSeal } from '../../packages/server/src/keys/seal.ts'
import { withinASecond } from '../support/eventually.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { basic, getToken, postForm, startServer, type TestServer, testSecret } from '../support/server.ts'
import { claimsOf, encodePart, headerOf, type Json } from './forging.ts'
import { introspect, readAnswer, register } from './support.ts'

const billing = 'https://billing.example'
let server: TestServer
let biller: { id: string; secret: string }

before(async () => {
  server = await startServer({ signingAlgorithm: 'HS256', resources: [billing] })
  biller = await register(server, { type: 'resource_server', scope: '', audience: billing })
})
after(() => server[Symbol.asyncDispose]())

const keysUrl = () => `${server.url}/verification-keys`

async function keysOf(caller: { id: string; secret: string }): Promise<string[]> {
  const response = await fetch(keysUrl(), { headers: { authorization: basic(caller.id, caller.secret) } })
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const { keys } = (await response.json()) as { keys: { k: string }[] }
  return keys.map(({ k }) => k)
}

function signHs256(claims: Json, key: string): string {
  const input = `${encodePart({ alg: 'HS256', typ: 'JWT' })}.${encodePart(claims)}`
  const proof = createHmac('sha256', Buffer.from(key, 'base64url')).update(input).digest('base64url')
  return `${input}.${proof}`
}

test('42: an HS256 server has no JWKS, and its metadata names none', async () => {
  assert.equal((await fetch(`${server.url}/jwks`)).status, 404)
  const metadata = await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json()
  assert.equal((metadata as Json).jwks_uri, undefined)
  assert.deepEqual(headerOf(await getToken(server)), { alg: 'HS256', typ: 'JWT' })
})

test('48: the HS256 keys are for resource servers alone, and each gets its own audience only', async () => {
  const publicApp = await register(server, { type: 'public' })
  const refused = [
    undefined,
    basic(server.client.id, server.client.secret),
    basic(publicApp.id, ''),
    basic(biller.id, 'wrong'),
  ]
  for (const authorization of refused) {
    const response = await fetch(keysUrl(), { headers: authorization ? { authorization } : {} })
    const { status, text } = await readAnswer(response)
    assert.equal(status, 401)
    assert.doesNotMatch(text, /"keys"/)
  }
  const own = await keysOf(server.resourceServer)
  const theirs = await keysOf(biller)
  assert.ok(own.length >= 2 && theirs.length === own.length)
  assert.deepEqual(
    own.filter((key) => theirs.includes(key)),
    [],
  )
  const asked = await fetch(`${keysUrl()}?audience=${billing}`, {
    headers: { authorization: basic(server.resourceServer.id, server.resourceServer.secret) },
  })
  const { keys } = (await asked.json()) as { keys: { k: string }[] }
  assert.deepEqual(
    keys.map(({ k }) => k),
    own,
  )
})

test('45: an HS256 token of one audience is refused for another', async () => {
  const token = await getToken(server)
  using own = guardOf(server, { algorithms: ['HS256'] })
  const other = { audience: billing, clientId: biller.id, clientSecret: biller.secret }
  using theirs = guardOf(server, { ...other, algorithms: ['HS256'] })
  assert.equal(await statusFor(own, token), 200)
  assert.equal(await statusFor(theirs, token), 401)
  assert.equal((await introspect(server, token, biller)).text, '{"active":false}')
  const forThem = await getToken(server, { resource: billing })
  assert.equal(await statusFor(theirs, forThem), 200)
  assert.equal(await statusFor(own, forThem), 401)
})

test("45: with its own key a resource server cannot write a token for another's audience", async () => {
  const token = await getToken(server, { resource: billing })
  using theirs = guardOf(server, {
    audience: billing,
    clientId: biller.id,
    clientSecret: biller.secret,
    algorithms: ['HS256'],
  })
  const [, key = ''] = await keysOf(server.resourceServer)
  const { audience } = server.latchkey.config
  for (const aud of [billing, [billing], [audience, billing], [billing, audience]]) {
    const forged = signHs256({ ...claimsOf(token), aud, scope: 'admin' }, key)
    assert.equal((await introspect(server, forged, biller)).text, '{"active":false}', JSON.stringify(aud))
    assert.equal(await statusFor(theirs, forged), 401, JSON.stringify(aud))
  }
})

test('45: one HS256 token is never for two audiences, since they share no key', async () => {
  const { audience } = server.latchkey.config
  const response = await fetch(server.latchkey.urls.token, {
    method: 'POST',
    headers: { authorization: basic(server.client.id, server.client.secret) },
    body: new URLSearchParams([
      ['grant_type', 'client_credentials'],
      ['resource', audience],
      ['resource', billing],
    ]),
  })
  const { status, json } = await readAnswer(response)
  assert.deepEqual([status, json.error], [400, 'invalid_target'])
})

test('42: a guard that was not told to take HS256 refuses it', async () => {
  using guard = guardOf(server)
  assert.equal(await statusFor(guard, await getToken(server)), 401)
})

test('53: a revoked HS256 token is refused, and a forger cannot revoke by it', async () => {
  const token = await getToken(server)
  const forged = signHs256({ ...claimsOf(token) }, Buffer.alloc(32, 1).toString('base64url'))
  await postForm(server.latchkey.urls.revocation, { token: forged }, server.client)
  assert.equal((await introspect(server, token)).json.active, true)
  await postForm(server.latchkey.urls.revocation, { token }, server.client)
  assert.equal((await introspect(server, token)).text, '{"active":false}')
})

test('53: what a resource server writes with its own key can poison no feed', async () => {
  const [, key = ''] = await keysOf(server.resourceServer)
  const { id } = server.resourceServer
  const claims = { ...claimsOf(await getToken(server)), client_id: id, sub: id }
  const { store } = server.latchkey
  const before = await store.revocations.head()
  const hostile = [
    { jti: 'x'.repeat(600) },
    { jti: 1 },
    { exp: Math.floor(Date.now() / 1000) + 60.5 },
    { exp: '9999999999' },
    { client_epoch: -1 },
    { iat: null },
  ]
  for (const change of hostile) {
    const token = signHs256({ ...claims, ...change }, key)
    await postForm(server.latchkey.urls.revocation, { token }, server.resourceServer)
    assert.equal((await introspect(server, token)).text, '{"active":false}', JSON.stringify(change))
  }
  assert.equal((await store.revocations.head()).position, before.position)
  const endless = signHs256({ ...claims, exp: Number.MAX_SAFE_INTEGER }, key)
  await postForm(server.latchkey.urls.revocation, { token: endless }, server.resourceServer)
  const [entry] = await store.revocations.after(before.position, 1)
  assert.ok((entry?.expires_at ?? Number.POSITIVE_INFINITY) < systemClock() + 2 * 3_600)
})

test('53: when an HS256 key is revoked, nobody can forge with any key that was given out, and guards take the new ones', async () => {
  await using own = await startServer({ signingAlgorithm: 'HS256' })
  const { store, revocations, fetch: inProcess } = own.latchkey
  using elsewhere = guardOf(own, { algorithms: ['HS256'] })
  using here = guardOf(own, { algorithms: ['HS256'], revocations, fetch: inProcess })
  const token = await getToken(own)
  assert.equal(await statusFor(elsewhere, token), 200)
  assert.equal(await statusFor(here, token), 200)
  const authorization = basic(own.resourceServer.id, own.resourceServer.secret)
  const answer = await fetch(`${own.url}/verification-keys`, { headers: { authorization } })
  const { keys } = (await answer.json()) as { keys: { k: string }[] }
  const forged = keys.map(({ k }) =>
    signHs256({ ...claimsOf(token), epoch: 9_999_999_999, jti: 'forged' }, k),
  )
  for (const forgery of forged) assert.equal(await statusFor(elsewhere, forgery), 200)

  const [leaked] = await store.signingKeys.list()
  const options = {
    store: store.signingKeys,
    seal: createSeal([testSecret]),
    algorithm: 'HS256',
    clock: systemClock,
    longestLifetimeSeconds: 3_600,
  } as const
  assert.equal(await revokeSigningKey(options, leaked?.id ?? '', 'test'), true)
  // The very first question is answered with the keys as they are, not as this process last saw them.
  assert.equal((await introspect(own, forged[0] ?? '')).text, '{"active":false}')
  for (const guard of [elsewhere, here]) {
    await withinASecond(async () => (await statusFor(guard, token)) === 401)
    for (const forgery of forged) assert.equal(await statusFor(guard, forgery), 401)
    assert.equal(await statusFor(guard, await getToken(own)), 200)
  }
  for (const forgery of forged) assert.equal((await introspect(own, forgery)).text, '{"active":false}')
})
