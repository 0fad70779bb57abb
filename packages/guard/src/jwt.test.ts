import assert from 'node:assert/strict'
import { createHmac, createPublicKey } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createGuard, type Guard, type GuardOptions } from './index.ts'
import { assertPrincipal } from './testing/principal.ts'
import { withToken } from './testing/request.ts'
import { startServer, type TestServer } from './testing/server.ts'
import { encode, makeKey, makeSharedKey, signJwt } from './testing/tokens.ts'

let server: TestServer
let guard: Guard

const make = (options: Partial<GuardOptions> = {}) =>
  createGuard({ ...server.guardOptions, revocation: 'none', ...options })

before(async () => {
  server = await startServer()
  server.keys = (['ES256', 'EdDSA', 'RS256', 'PS256'] as const).map((algorithm) => makeKey(algorithm))
  guard = make()
})

after(() => server.close())

async function reasonOf(token: string, checker = guard) {
  const result = await checker.check(withToken(token))
  if (result.ok) return 'accepted'
  assert.equal(result.status, 401)
  assert.equal(result.body.error, 'invalid_token')
  return result.reason
}

test('a token of each algorithm is accepted, with its claims as the principal', async () => {
  for (const key of server.keys) {
    const result = await guard.check(withToken(server.jwt({ connection_id: 'connection-1' }, {}, key)))
    const { claims, tokenId, expiresAt } = assertPrincipal(result, server, {
      connectionId: 'connection-1',
      credential: 'jwt',
    })
    assert.deepEqual([claims.jti, claims.exp], [tokenId, expiresAt])
  }
})

test('a principal cannot be changed by the handler that gets it', async () => {
  const result = await guard.check(withToken(server.jwt({ roles: { admin: false } })))
  assert.ok(result.ok && !result.preflight)
  const { principal } = result
  assert.throws(() => (principal.scope as string[]).push('admin'), TypeError)
  assert.throws(() => Object.assign(principal.claims.roles as object, { admin: true }), TypeError)
})

test('42: a token with alg none is refused, with and without a signature', async () => {
  const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(server.claims())}.`
  assert.equal(await reasonOf(unsigned), 'malformed')
  assert.equal(await reasonOf(`${unsigned}AAAA`), 'algorithm-not-accepted')
  for (const alg of ['None', 'NONE', 'nOnE', '', null, 0, ['ES256']]) {
    assert.equal(await reasonOf(server.jwt({}, { alg })), 'algorithm-not-accepted')
  }
})

test('42: an HS256 token made with the public key is refused, even where HS256 is accepted', async () => {
  const hs256 = make({ algorithms: ['ES256', 'HS256'] })
  const [key] = server.keys
  assert.ok(key)
  const pem = createPublicKey({ key: key.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const forger = { sign: (data: string) => createHmac('sha256', pem).update(data).digest() }
  const header = { alg: 'HS256', typ: 'JWT' }
  assert.equal(await reasonOf(signJwt(forger, header, server.claims())), 'algorithm-not-accepted')
  assert.equal(await reasonOf(signJwt(forger, header, server.claims()), hs256), 'unknown-key')
  assert.equal(
    await reasonOf(signJwt(forger, { ...header, kid: key.kid }, server.claims()), hs256),
    'wrong-type',
  )
})

test('42: a key verifies its own algorithm only', async () => {
  const [es256, , rs256, ps256] = server.keys
  assert.ok(es256 && rs256 && ps256)
  assert.equal(await reasonOf(server.jwt({}, { kid: rs256.kid }, ps256)), 'bad-signature')
  assert.equal(await reasonOf(server.jwt({}, { alg: 'PS256' }, rs256)), 'bad-signature')
  assert.equal(
    await reasonOf(server.jwt({}, {}, rs256), make({ algorithms: ['ES256'] })),
    'algorithm-not-accepted',
  )
})

test('HS256 is accepted when it is named, with the keys of this API alone', async () => {
  const hs256 = make({ algorithms: ['HS256'] })
  assert.equal(await reasonOf(server.sharedKeyJwt(), hs256), 'accepted')
  assert.equal(await reasonOf(server.sharedKeyJwt()), 'algorithm-not-accepted')
  const foreign = server.jwt({}, { typ: 'JWT', kid: undefined }, makeSharedKey())
  assert.equal(await reasonOf(foreign, hs256), 'unknown-key')
})

test('43: an unknown, path-like or absurd kid is refused', async () => {
  const kids = [
    'unknown',
    '../../etc/passwd',
    'http://evil.example/jwks',
    `x${'y'.repeat(500)}`,
    '',
    7,
    null,
    {},
  ]
  for (const kid of [...kids, undefined, "' OR 1=1 --", 'a\u0000b', '__proto__', 'constructor']) {
    assert.equal(await reasonOf(server.jwt({}, { kid })), 'unknown-key')
  }
})

test('43: jwk, jku, x5u and x5c in the header are not followed', async () => {
  const own = makeKey('ES256')
  const evil = await startServer()
  evil.keys = [own]
  try {
    const links = { jku: `${evil.issuer}/jwks`, x5u: `${evil.issuer}/jwks`, jwk: own.jwk, x5c: ['AAAA'] }
    assert.equal(await reasonOf(server.jwt({}, links, own)), 'unknown-key')
    assert.equal(await reasonOf(server.jwt({}, { ...links, kid: server.keys[0]?.kid }, own)), 'bad-signature')
    assert.equal(evil.count('/jwks'), 0)
  } finally {
    await evil.close()
  }
})

test('43: a critical header is refused', async () => {
  assert.equal(await reasonOf(server.jwt({}, { crit: ['b64'], b64: false })), 'critical-header')
  assert.equal(await reasonOf(server.jwt({}, { crit: [] })), 'critical-header')
})

test('44: exp that is missing, text, NaN, infinite, negative or past is refused', async () => {
  for (const exp of [undefined, '9999999999', null, [], {}, true, -1]) {
    assert.equal(await reasonOf(server.jwt({ exp })), 'bad-claims')
  }
  const key = server.keys[0]
  assert.ok(key)
  const claims = JSON.stringify(server.claims({ exp: 'EXP' }))
  for (const exp of ['NaN', '1e999', 'Infinity']) {
    const payload = Buffer.from(claims.replace('"EXP"', exp)).toString('base64url')
    const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })}.${payload}`
    assert.notEqual(await reasonOf(`${signed}.${key.sign(signed).toString('base64url')}`), 'accepted')
  }
  assert.equal(await reasonOf(server.jwt({ exp: Math.floor(Date.now() / 1000) - 30 })), 'expired')
})

test('44: nbf and iat must be times that have come', async () => {
  const later = Math.floor(Date.now() / 1000) + 60
  assert.equal(await reasonOf(server.jwt({ nbf: later })), 'not-yet-valid')
  assert.equal(await reasonOf(server.jwt({ iat: later })), 'not-yet-valid')
  assert.equal(await reasonOf(server.jwt({ nbf: 'now' })), 'bad-claims')
  assert.equal(await reasonOf(server.jwt({ iat: null })), 'bad-claims')
  assert.equal(await reasonOf(server.jwt({ nbf: later }), make({ clockToleranceSeconds: 90 })), 'accepted')
})

test('45: a token of another issuer is refused', async () => {
  for (const iss of ['https://evil.example', `${server.issuer}/`, undefined, [server.issuer]]) {
    assert.equal(await reasonOf(server.jwt({ iss })), 'wrong-issuer')
  }
})

test('45: a token for another audience is refused; one of several is enough', async () => {
  for (const aud of [
    'https://other.example',
    undefined,
    [],
    [''],
    { 0: server.audience },
    `${server.audience}/x`,
  ]) {
    assert.equal(await reasonOf(server.jwt({ aud })), 'wrong-audience')
  }
  assert.equal(await reasonOf(server.jwt({ aud: ['https://other.example', server.audience] })), 'accepted')
  assert.equal(await reasonOf(server.jwt({ aud: Array(65).fill(server.audience) })), 'wrong-audience')
})

test('45: a JWT of another type (an ID token, a logout token) is refused', async () => {
  for (const typ of [undefined, 'JWT', 'jwt', 'logout+jwt', 'application/jwt', 'at+jwt ', 1]) {
    assert.equal(await reasonOf(server.jwt({}, { typ })), 'wrong-type')
  }
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
    assert.equal(await reasonOf(server.jwt({}, { typ })), 'accepted')
  }
})

test('claims of the wrong kind are refused', async () => {
  const wrong = [{ sub: 1 }, { client_id: undefined }, { jti: '' }, { scope: ['read'] }, { connection_id: 5 }]
  for (const claims of [...wrong, { client_epoch: '1' }, { user_epoch: -1 }, { epoch: 1.5 }]) {
    assert.equal(await reasonOf(server.jwt(claims)), 'bad-claims')
  }
})

test('a token whose text was changed anywhere is refused', async () => {
  const token = server.jwt()
  for (let index = 0; index < token.length; index += 7) {
    const changed = token[index] === 'A' ? 'B' : 'A'
    assert.notEqual(await reasonOf(token.slice(0, index) + changed + token.slice(index + 1)), 'accepted')
  }
})

test('a second spelling of a token is refused: padding, whitespace, other base64, loose last bits, more parts', async () => {
  const token = server.jwt()
  const [head, claims, signature] = token.split('.')
  assert.ok(signature)
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const loose = signature.slice(0, -1) + last[last.indexOf(signature.at(-1) ?? '') + 1]
  const spellings = [
    `${token}==`,
    `${token}=`,
    `${token.slice(0, 9)} ${token.slice(9)}`,
    `${head}.\n${claims}.${signature}`,
    `${token}.`,
    `.${token}`,
    `${token}.e30`,
  ]
  const cut = [`${head}.${claims}`, `${head}.${claims}.${loose}`, `${head}..${signature}`]
  for (const spelling of [...spellings, ...cut]) {
    assert.equal(await reasonOf(spelling), 'malformed')
  }
})

test('a token that is too long, or no JWT inside, is refused', async () => {
  assert.equal(await reasonOf(server.jwt({ filler: 'x'.repeat(9_000) })), 'malformed')
  const deep = '['.repeat(2_500) + ']'.repeat(2_500)
  assert.equal(await reasonOf(server.jwt({ deep: JSON.parse(deep) }, { kid: 'x' })), 'unknown-key')
  for (const part of ['null', '[]', '"text"', '{', '\ufeff{}', '']) {
    const text = Buffer.from(part).toString('base64url')
    assert.equal(await reasonOf(`${text}.${encode(server.claims())}.AAAA`), 'malformed')
    assert.equal(await reasonOf(`${encode({ alg: 'ES256' })}.${text}.AAAA`), 'malformed')
  }
  const notUtf8 = Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')
  assert.equal(await reasonOf(`${notUtf8}.${encode({})}.AAAA`), 'malformed')
})
