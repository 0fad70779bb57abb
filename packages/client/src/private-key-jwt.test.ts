import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, KeyObject, verify } from 'node:crypto'
import { test } from 'node:test'
import { createTokenClient } from './index.ts'
import { privateKeyJwt } from './private-key-jwt.ts'
import { granted, startTokenServer, type TokenServer } from './testing/token-server.ts'

const rsa = (name: string, hash = 'SHA-256') => ({
  name,
  hash,
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
})

const ecdsa = (namedCurve: string) => ({ name: 'ECDSA', namedCurve })

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

const makeKeys = async (algorithm: { name: string }) =>
  (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])) as Record<
    'privateKey' | 'publicKey',
    CryptoKey
  >

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

async function assertionOf(server: TokenServer, auth: ReturnType<typeof privateKeyJwt>, issuer?: string) {
  const { tokenEndpoint } = server
  await createTokenClient({ tokenEndpoint, issuer, clientId: 'app', auth }).getToken()
  const { form, headers } = server.requests.at(-1) ?? assert.fail()
  assert.equal(headers.authorization, undefined)
  const { client_assertion = '', grant_type, ...others } = form
  assert.deepEqual(others, {
    client_id: 'app',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  const [header, claims, signature = ''] = client_assertion.split('.')
  return {
    header: decode(header),
    claims: decode(claims),
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

for (const [alg, algorithm, digest, more] of [
  ['ES256', ecdsa('P-256'), 'sha256', { dsaEncoding: 'ieee-p1363' }],
  ['EdDSA', { name: 'Ed25519' }, null, {}],
  ['RS256', rsa('RSASSA-PKCS1-v1_5'), 'sha256', {}],
  ['PS256', rsa('RSA-PSS'), 'sha256', pss],
] as const) {
  test(`an assertion of ${alg} is signed by the key, which need not be extractable`, async () => {
    await using server = await startTokenServer()
    const { privateKey, publicKey } = await makeKeys(algorithm)
    const auth = privateKeyJwt({ key: privateKey, keyId: 'key-1' })
    const { header, signed, signature } = await assertionOf(server, auth)
    assert.deepEqual(header, { alg, kid: 'key-1' })
    assert.ok(verify(digest, signed, { key: KeyObject.from(publicKey), ...more }, signature))
  })
}

test('an assertion says who, to whom and for how long, and is another one each time', async () => {
  await using server = await startTokenServer()
  server.respond = () => granted('token')
  const { privateKey } = await makeKeys({ name: 'Ed25519' })
  const auth = privateKeyJwt({ key: privateKey })
  const before = Math.floor(Date.now() / 1000)
  const assertions = [await assertionOf(server, auth), await assertionOf(server, auth)]
  for (const { header, claims } of assertions) {
    assert.deepEqual(header, { alg: 'EdDSA' })
    const { iss, sub, aud, iat, exp } = claims
    assert.deepEqual([iss, sub, aud, exp - iat], ['app', 'app', server.tokenEndpoint, 60])
    assert.ok(iat >= before && iat <= Date.now() / 1000)
  }
  const ids = new Set(assertions.map(({ claims }) => claims.jti))
  assert.equal(ids.size, 2)
  for (const id of ids) assert.match(id, /^[\w-]{22,}$/)
})

test('a repetition is proved by an assertion of its own', async () => {
  await using server = await startTokenServer()
  server.queue.push({ status: 503 })
  const { privateKey } = await makeKeys({ name: 'Ed25519' })
  await assertionOf(server, privateKeyJwt({ key: privateKey }))
  const [first, second] = server.requests.map(({ form }) => form.client_assertion)
  assert.ok(first && second)
  assert.notEqual(first, second)
})

test('the audience is the issuer where it is known, or what the owner says', async () => {
  await using server = await startTokenServer()
  const { privateKey: key } = await makeKeys({ name: 'Ed25519' })
  const issuer = 'https://as.example.com'
  assert.equal((await assertionOf(server, privateKeyJwt({ key }), issuer)).claims.aud, issuer)
  const audience = 'urn:as'
  assert.equal((await assertionOf(server, privateKeyJwt({ key, audience }), issuer)).claims.aud, audience)
})

for (const [what, algorithm, kind] of [
  ['a public key', { name: 'Ed25519' }, 'publicKey'],
  ['a key of another curve', ecdsa('P-384'), 'privateKey'],
  ['an RSA key with another hash', rsa('RSASSA-PKCS1-v1_5', 'SHA-512'), 'privateKey'],
  ['an RSA-PSS key with another hash', rsa('RSA-PSS', 'SHA-1'), 'privateKey'],
] as const) {
  test(`${what} is refused at once, with those that are taken`, async () => {
    const keys = await makeKeys(algorithm)
    assert.throws(() => privateKeyJwt({ key: keys[kind] }), {
      name: 'TypeError',
      message: /private CryptoKey of ECDSA P-256, Ed25519, or RSA with SHA-256/,
    })
  })
}

for (const [what, makeKey] of Object.entries({
  'a PEM': (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }),
  'a KeyObject': (key: KeyObject) => key,
  'a JWK': (key: KeyObject) => key.export({ format: 'jwk' }),
  'no key': () => undefined,
  null: () => null,
}))
  test(`${what} is refused with how to make a CryptoKey, and without a word of it`, () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = makeKey(privateKey)
    const { d = '' } = privateKey.export({ format: 'jwk' })
    assert.throws(
      () => privateKeyJwt({ key: key as CryptoKey }),
      (thrown: Error) =>
        thrown instanceof TypeError &&
        /^privateKeyJwt: key is a private CryptoKey .*crypto\.subtle\.importKey\('pkcs8'/.test(
          thrown.message,
        ) &&
        !thrown.message.includes(d),
    )
  })

test('a key that signs nothing is refused at once', async () => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
  assert.throws(() => privateKeyJwt({ key }), { name: 'TypeError', message: /private CryptoKey/ })
})
