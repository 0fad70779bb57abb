import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { guardOf, statusFor } from '../support/guards.ts'
import { basic, getToken, postForm, startServer, type TestServer } from '../support/server.ts'
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
