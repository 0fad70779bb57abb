import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { revokeSigningKey, rotateSigningKey } from '../../packages/server/src/keys/key-ring.ts'
import { createSeal } from '../../packages/server/src/keys/seal.ts'
import { withinASecond } from '../support/eventually.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { getToken, postForm, startServer, type TestServer, testSecret } from '../support/server.ts'
import { claimsOf, encodePart, headerOf, type Json, signEs256, signingKeyOf } from './forging.ts'
import { catchUp, introspect } from './support.ts'

let server: TestServer

before(async () => {
  server = await startServer()
})
after(() => server[Symbol.asyncDispose]())

type GuardOfTest = ReturnType<typeof guardOf>

/** Every way in: a guard by HTTP, one in this process, one that asks; and introspection itself. */
async function assertRefusedEverywhere(token: string, what: string): Promise<void> {
  const { latchkey } = server
  using byHttp = guardOf(server)
  using inProcess = guardOf(server, { fetch: latchkey.fetch, revocations: latchkey.revocations })
  using asking = guardOf(server, { revocation: 'introspect' })
  for (const guard of [byHttp, inProcess, asking]) assert.equal(await statusFor(guard, token), 401, what)
  assert.equal((await introspect(server, token)).text, '{"active":false}', what)
  await assertCannotBeRevoked(token, what)
}

/** A forged token that was taken at the revocation endpoint would leave an entry in the feed. */
async function assertCannotBeRevoked(token: string, what: string): Promise<void> {
  const { store, urls } = server.latchkey
  const before = (await store.revocations.head()).position
  assert.equal((await postForm(urls.revocation, { token }, server.client)).status, 200, what)
  assert.equal((await store.revocations.head()).position, before, what)
}

async function assertTaken(guard: GuardOfTest, token: string): Promise<void> {
  assert.equal(await statusFor(guard, token), 200)
  assert.equal((await introspect(server, token)).json.active, true)
}

test('42: `none`, an empty signature and a foreign key are refused', async () => {
  const token = await getToken(server)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = claimsOf(token)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const alg of ['none', 'None', 'NONE', '', null]) {
    const unsigned = `${encodePart({ ...headerOf(token), alg })}.${payload}`
    for (const proof of ['', signature]) await assertRefusedEverywhere(`${unsigned}.${proof}`, `alg ${alg}`)
    await assertRefusedEverywhere(`${encodePart({ alg, typ: 'JWT' })}.${payload}.`, `alg ${alg}`)
  }
  await assertRefusedEverywhere(`${header}.${payload}.`, 'no signature')
  await assertRefusedEverywhere(`${header}.${payload}`, 'two parts')
  await assertRefusedEverywhere(`${header}.${payload}.${'A'.repeat(86)}`, 'all zero')
  await assertRefusedEverywhere(signEs256(headerOf(token), claims, privateKey), 'a foreign key')
})

test('42: HS256 with the public key as its secret is refused, however the key is written', async () => {
  const token = await getToken(server)
  const { keys } = (await (await fetch(`${server.url}/jwks`)).json()) as { keys: Json[] }
  const jwk = keys.find(({ kid }) => kid === headerOf(token).kid) ?? {}
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const der = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
  for (const secret of [pem, der, JSON.stringify(jwk), String(jwk.x), '']) {
    for (const header of [
      { alg: 'HS256', typ: 'JWT' },
      { ...headerOf(token), alg: 'HS256' },
    ]) {
      const input = `${encodePart(header)}.${encodePart(claimsOf(token))}`
      const proof = createHmac('sha256', secret).update(input).digest('base64url')
      await assertRefusedEverywhere(`${input}.${proof}`, JSON.stringify(header))
    }
  }
})

test('43: an unknown or path-like kid is refused, and a key or a link in the header is not looked at', async () => {
  const visits: string[] = []
  const lure = createServer((request, response) => {
    visits.push(request.url ?? '')
    response.end('{"keys":[]}')
  }).listen(0, '127.0.0.1')
  await once(lure, 'listening')
  const address = lure.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/jwks`
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'mine', alg: 'ES256', use: 'sig' }
  const token = await getToken(server)
  const kids = ['mine', '../../etc/passwd', '/dev/null', "' OR 1=1 --", '', url, '__proto__', 7, null, {}, []]
  const links = { jku: url, x5u: url, jwk, x5c: ['AAAA'] }
  for (const kid of [...kids, headerOf(token).kid]) {
    const header = { alg: 'ES256', typ: 'at+jwt', kid, ...links }
    await assertRefusedEverywhere(
      signEs256(header, claimsOf(token), privateKey),
      `kid ${JSON.stringify(kid)}`,
    )
  }
  assert.deepEqual(visits, [])
  lure.close()
})

test('44: exp missing, past, a text or NaN is refused even when the server itself had signed it', async () => {
  const token = await getToken(server)
  const { kid, key } = await signingKeyOf(server)
  const { exp, ...claims } = claimsOf(token)
  const header = { alg: 'ES256', typ: 'at+jwt', kid }
  using guard = guardOf(server)
  await assertTaken(guard, signEs256(header, { ...claims, exp }, key))
  const wrong = [undefined, null, 'NaN', String(exp), 'tomorrow', 0, -1, 1, [exp], { valueOf: exp }, true]
  for (const bad of wrong)
    await assertRefusedEverywhere(
      signEs256(header, { ...claims, exp: bad }, key),
      `exp ${JSON.stringify(bad)}`,
    )
  for (const text of ['NaN', 'Infinity', '1e999']) {
    const written = JSON.stringify(claims).replace('{', `{"exp":${text},`)
    if (text !== '1e999') await assertRefusedEverywhere(signEs256(header, written, key), `exp ${text}`)
    else assert.equal(await statusFor(guard, signEs256(header, written, key)), 401)
  }
})

test('45: another issuer, audience or type is refused even when the server itself had signed it', async () => {
  const token = await getToken(server)
  const { kid, key } = await signingKeyOf(server)
  const claims = claimsOf(token)
  const header = { alg: 'ES256', typ: 'at+jwt', kid }
  const issuers = [
    undefined,
    '',
    `${claims.iss}/`,
    `${claims.iss}.evil.com`,
    [claims.iss],
    String(claims.iss).toUpperCase(),
  ]
  for (const iss of issuers)
    await assertRefusedEverywhere(signEs256(header, { ...claims, iss }, key), `iss ${JSON.stringify(iss)}`)
  using guard = guardOf(server)
  const audiences = [undefined, '', `${claims.aud}/`, [], [[claims.aud]], { [String(claims.aud)]: true }]
  for (const aud of audiences) {
    const other = signEs256(header, { ...claims, aud }, key)
    assert.equal(await statusFor(guard, other), 401, `aud ${JSON.stringify(aud)}`)
    assert.equal((await introspect(server, other)).text, '{"active":false}', `aud ${JSON.stringify(aud)}`)
  }
  for (const typ of [undefined, 'JWT', 'id_token', 'logout+jwt', 'dpop+jwt', '', 'at+jwt ', ['at+jwt']])
    await assertRefusedEverywhere(signEs256({ ...header, typ }, claims, key), `typ ${JSON.stringify(typ)}`)
})

test('46: a storm of unknown kids makes the guard fetch the keys once more, and good tokens pass meanwhile', async () => {
  const fetched: string[] = []
  const counting = (request: Request) => {
    fetched.push(new URL(request.url).pathname)
    return fetch(request)
  }
  using guard = guardOf(server, { revocation: 'none', fetch: counting })
  const token = await getToken(server)
  assert.equal(await statusFor(guard, token), 200)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const storm = Array.from({ length: 300 }, (_, number) =>
    signEs256({ alg: 'ES256', typ: 'at+jwt', kid: `made-up-${number}` }, claimsOf(token), privateKey),
  )
  const [first = [], ...others] = [storm.slice(0, 200), storm.slice(200)]
  const atOnce = await Promise.all(first.map((forged) => statusFor(guard, forged)))
  assert.deepEqual(new Set(atOnce), new Set([401]))
  for (const forged of others.flat()) assert.equal(await statusFor(guard, forged), 401)
  assert.equal(await statusFor(guard, token), 200)
  assert.ok(fetched.filter((path) => path === '/jwks').length <= 2)
})

test('46: a retired key is published and taken until its last token expired, then neither', async () => {
  let now = 1_800_000_000
  const clock = () => now
  await using own = await startServer({ clock, accessTokenLifetime: '1h' })
  const options = {
    store: own.latchkey.store.signingKeys,
    seal: createSeal([testSecret]),
    algorithm: 'ES256',
    clock,
    longestLifetimeSeconds: 3_600,
  } as const
  now += 3_600
  const old = await getToken(own)
  const { key } = await signingKeyOf(own)
  await rotateSigningKey(options, 'test')
  await catchUp(own)
  const fresh = await getToken(own)
  assert.notEqual(headerOf(fresh).kid, headerOf(old).kid)
  now += 3_599
  assert.equal((await introspect(own, old)).json.active, true)
  const revive = () => signEs256(headerOf(old), { ...claimsOf(old), exp: now + 60 }, key)
  assert.equal((await introspect(own, revive())).json.active, true)
  now += 400
  const { keys } = (await (await fetch(`${own.url}/jwks`)).json()) as { keys: Json[] }
  assert.ok(!keys.some(({ kid }) => kid === headerOf(old).kid))
  assert.equal((await introspect(own, revive())).text, '{"active":false}')
})

test('46: a token under a revoked key is refused within a second, by guards that have the key', async () => {
  await using own = await startServer()
  const options = {
    store: own.latchkey.store.signingKeys,
    seal: createSeal([testSecret]),
    algorithm: 'ES256',
    clock: systemClock,
    longestLifetimeSeconds: 3_600,
  } as const
  using guard = guardOf(own)
  const token = await getToken(own)
  assert.equal(await statusFor(guard, token), 200)
  assert.equal(await revokeSigningKey(options, String(headerOf(token).kid), 'test'), true)
  await withinASecond(async () => (await statusFor(guard, token)) === 401)
  assert.equal((await introspect(own, token)).text, '{"active":false}')
  const next = await getToken(own)
  assert.equal(await statusFor(guard, next), 200)
})

test('47: an opaque token that is truncated, padded or spelled otherwise is refused', async () => {
  await using own = await startServer({ accessTokenFormat: 'opaque' })
  using guard = guardOf(own)
  const token = await getToken(own)
  assert.equal(await statusFor(guard, token), 200)
  const others = [
    token.slice(0, -1),
    token.slice(1),
    `${token}a`,
    `${token}=`,
    `${token}.`,
    `a${token}`,
    `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`,
    token.toUpperCase(),
    token.slice(0, 26),
    token + token,
    '',
  ]
  for (const other of others) {
    assert.equal(await statusFor(guard, other), 401, other)
    if (other !== '') assert.equal((await introspect(own, other)).text, '{"active":false}', other)
  }
  for (const other of [` ${token}`, `${token} `, `${token}\n`, `${token}\t`])
    assert.equal((await introspect(own, other)).text, '{"active":false}', JSON.stringify(other))
  for (const other of others.slice(0, -1))
    await postForm(own.latchkey.urls.revocation, { token: other }, own.client)
  assert.equal(await statusFor(guard, token), 200)
})

test('47: a JWT whose signature is padded, truncated or spelled otherwise is refused', async () => {
  const token = await getToken(server)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = letters.indexOf(signature.at(-1) ?? '')
  // The last letter of 64 bytes carries four bits that mean nothing: another letter would stand for the same bytes.
  const twin = `${signature.slice(0, -1)}${letters[last ^ 1]}`
  const others = [`${signature}=`, `${signature}==`, signature.slice(0, -1), `${signature}A`, twin]
  for (const other of others) await assertRefusedEverywhere(`${header}.${payload}.${other}`, other)
  await assertRefusedEverywhere(`${token}.`, 'a fourth part')
  await assertRefusedEverywhere(`${header}=.${payload}.${signature}`, 'a padded header')
  await assertRefusedEverywhere(`.${token}`, 'an empty first part')
  await assertRefusedEverywhere(`${header}.${'A'.repeat(9_000)}.${signature}`, 'too long')
})
