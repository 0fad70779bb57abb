import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, isLoopback, minSecretLength, parseConfig } from './config.ts'

const good = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
const secret = 's'.repeat(minSecretLength)
const environment = { LATCHKEY_SECRET: secret }
const parse = (input: object, more = environment) => parseConfig({ ...good, ...input }, more)

function assertRefused(work: () => unknown, words: RegExp): void {
  assert.throws(work, (error) => error instanceof ConfigError && words.test(error.message))
}

test('issuer, audience and the secret are enough, and what comes of them is frozen', () => {
  const config = parse({})
  assert.equal(config.accessTokenLifetimeSeconds, 3_600)
  assert.equal(config.database, 'sqlite:latchkey.db')
  assert.equal(config.signingAlgorithm, 'ES256')
  assert.ok(Object.isFrozen(config))
})

test('an unknown option is refused with the nearest name', () => {
  assertRefused(
    () => parse({ acessTokenLifetime: '1h' }),
    /`acessTokenLifetime`\. Did you mean `accessTokenLifetime`\?/,
  )
  assertRefused(() => parse({ isser: 'x' }), /Did you mean `issuer`\?/)
  assertRefused(() => parse(JSON.parse('{"constructor":1}')), /`constructor`/)
})

test('a value without its unit, or of the wrong kind, is refused by its name', () => {
  for (const wrong of ['60', 60, '1 hour', '0s', ''])
    assertRefused(() => parse({ accessTokenLifetime: wrong }), /accessTokenLifetime/)
  assertRefused(() => parse({ signingAlgorithm: 'none' }), /signingAlgorithm/)
  assertRefused(() => parse({ port: 65_536 }), /port/)
  assertRefused(() => parse({ scopes: { 'two words': 'x' } }), /scope/)
  for (const input of [undefined, null, 'x', 7, []])
    assert.throws(() => parseConfig(input, environment), ConfigError)
})

test('http is taken for loopback alone', () => {
  for (const issuer of [
    'http://auth.example.com',
    'http://127.0.0.1.evil.com',
    'http://localhost.evil.com',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'ftp://127.0.0.1',
  ])
    assertRefused(() => parse({ issuer }), /not https/)
  for (const issuer of [
    'http://127.0.0.1:3000',
    'http://localhost:3000',
    'http://[::1]:3000',
    'http://127.9.9.9',
  ])
    assert.equal(parse({ issuer }).issuer, issuer)
  for (const host of ['127.0.0.1.evil.com', 'localhost.', 'notlocalhost', '[::2]'])
    assert.ok(!isLoopback(host))
})

test('an issuer has no query, fragment or credentials, and loses the slash at its end', () => {
  for (const tail of ['?x=1', '#x'])
    assertRefused(() => parse({ issuer: `${good.issuer}${tail}` }), /leave out/)
  assertRefused(() => parse({ issuer: 'https://me:secret@auth.example.com' }), /leave out/)
  assertRefused(() => parse({ issuer: 'auth.example.com' }), /is not a URL/)
  assert.equal(parse({ issuer: `${good.issuer}/` }).issuer, good.issuer)
  assert.equal(parse({ issuer: `${good.issuer}/path//` }).issuer, `${good.issuer}/path`)
})

test('an audience is an absolute URI without a fragment', () => {
  for (const audience of ['', 'api', '/api', 'https://api.example.com/#x', 'https://api.example.com/ x'])
    assertRefused(() => parse({ audience }), /audience/)
  assert.equal(parse({ audience: 'urn:example:api' }).audience, 'urn:example:api')
})

test('a missing or short secret is refused, in words that do not repeat it', () => {
  for (const missing of [undefined, '', ' ', ','])
    assertRefused(() => parseConfig(good, { LATCHKEY_SECRET: missing }), /is not set.*openssl rand/)
  const short = 'x'.repeat(minSecretLength - 1)
  for (const wrong of [short, `${secret},${short}`, `${short},${secret}`, `${secret},`]) {
    assertRefused(() => parseConfig(good, { LATCHKEY_SECRET: wrong }), /shorter than 32/)
    assert.throws(
      () => parseConfig(good, { LATCHKEY_SECRET: wrong }),
      (error) => !String(error).includes(short),
    )
  }
})

test('`new,old` is two secrets, the newest first', () => {
  const old = 'o'.repeat(minSecretLength)
  assert.deepEqual(parse({}, { LATCHKEY_SECRET: `${secret}, ${old}` }).secrets, [secret, old])
})

test("the owner's word goes over the preset's, and the preset's over the default", () => {
  const policy = { accessTokenLifetime: '10h', signingAlgorithm: 'HS256' } as const
  assert.equal(parseConfig(good, environment, policy).accessTokenLifetimeSeconds, 36_000)
  const own = parseConfig({ ...good, accessTokenLifetime: '5m' }, environment, policy)
  assert.deepEqual([own.accessTokenLifetimeSeconds, own.signingAlgorithm], [300, 'HS256'])
})

test("the database is the config's, else the environment's", () => {
  const given = { ...environment, DATABASE_URL: 'postgres://localhost/env' }
  assert.equal(parse({}, given).database, 'postgres://localhost/env')
  assert.equal(parse({ database: 'sqlite:own.db' }, given).database, 'sqlite:own.db')
})
