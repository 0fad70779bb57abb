import assert from 'node:assert/strict'
import { constants, createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase } from '../store/open.ts'
import type { SigningAlgorithm } from '../store/schema.ts'
import { createStore } from '../store/store.ts'
import {
  jwksMaxAgeSeconds,
  type KeyRing,
  type KeyRingOptions,
  KeyRotationError,
  maxPublishedKeys,
  openKeyRing,
  revokeSigningKey,
  rotateSigningKey,
} from './key-ring.ts'
import { createSeal, SealError } from './seal.ts'

const day = 86_400
const hour = 3_600
const start = 1_800_000_000
const secret = 'the first secret, 32 characters long'
const newSecret = 'the second secret, 32 characters long'

interface Bench extends AsyncDisposable {
  options: KeyRingOptions
  at(now: number): void
}

/** A database of its own, and a clock that is set by hand. */
async function open(algorithm: SigningAlgorithm = 'ES256'): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const database = await openDatabase(`sqlite:${join(folder, 'latchkey.db')}`)
  await database.migrate()
  const store = createStore(database)
  await store.revocations.initialize(hour)
  let now = start
  return {
    options: {
      store: store.signingKeys,
      seal: createSeal([secret]),
      algorithm,
      clock: () => now,
      longestLifetimeSeconds: hour,
    },
    at(time) {
      now = time
    },
    async [Symbol.asyncDispose]() {
      await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const kids = (ring: KeyRing): (string | undefined)[] =>
  ring.jwks().keys.map((key) => (key as { kid?: string }).kid)

test('the first start makes a key that signs and the next one, both published, and a second start finds them', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  assert.equal(kids(ring).length, 2)
  assert.ok(kids(ring).includes(ring.current().kid))
  const again = await openKeyRing(bench.options)
  assert.deepEqual(kids(again), kids(ring))
  assert.equal(again.current().kid, ring.current().kid)
})

test('servers that start at once on one database agree about the keys', async () => {
  await using bench = await open()
  const rings = await Promise.all(Array.from({ length: 5 }, () => openKeyRing(bench.options)))
  assert.equal(new Set(rings.map((ring) => ring.current().kid)).size, 1)
})

/** RFC 7518 §3: how each algorithm signs. */
const parametersOf = {
  ES256: { dsaEncoding: 'ieee-p1363' },
  EdDSA: {},
  RS256: {},
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
} as const

for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256'] as const) {
  test(`what ${algorithm} publishes is public: no private member, and what it signed it verifies`, async () => {
    await using bench = await open(algorithm)
    const ring = await openKeyRing(bench.options)
    for (const key of ring.jwks().keys) {
      const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'].filter((name) => name in key)
      assert.deepEqual(secretMembers, [])
      assert.equal(key.use, 'sig')
    }
    const { kid, publicJwk } = ring.current()
    assert.match(kid, /^[a-z2-7]{26}$/, 'a name that every shell and command takes as it stands')
    assert.ok(publicJwk)
    const [header = '', payload = '', proof = ''] = ring.current().signJwt({ sub: 'x' }, 'aud').split('.')
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      alg: algorithm,
      typ: 'at+jwt',
      kid,
    })
    const input = { key: createPublicKey({ key: publicJwk, format: 'jwk' }), ...parametersOf[algorithm] }
    const hash = algorithm === 'EdDSA' ? null : 'sha256'
    assert.ok(verify(hash, Buffer.from(`${header}.${payload}`), input, Buffer.from(proof, 'base64url')))
  })
}

test('the next key is published before it signs: as long as a cache may keep the keys', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const first = ring.current().kid
  const rotated = await rotateSigningKey(bench.options, 'test')
  assert.equal(rotated?.signsAt, start + jwksMaxAgeSeconds)
  await ring.reload()
  assert.ok(kids(ring).includes(rotated?.kid))
  bench.at(start + jwksMaxAgeSeconds - 1)
  assert.equal(ring.current().kid, first)
  bench.at(start + jwksMaxAgeSeconds)
  assert.equal(ring.current().kid, rotated?.kid)
})

test('a key that was long published signs at once, and the old one stays until its last token has expired', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const old = ring.current().kid
  bench.at(start + day)
  const rotated = await rotateSigningKey(bench.options, 'test')
  await ring.reload()
  assert.equal(ring.current().kid, rotated?.kid)
  assert.equal(kids(ring).length, 3)
  bench.at(start + day + hour)
  assert.ok(ring.find(old))
  bench.at(start + day + hour + jwksMaxAgeSeconds)
  assert.equal(ring.find(old), undefined)
  assert.ok(!kids(ring).includes(old))
})

test('of rotations at once each puts another key to use or does nothing: no key is skipped', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  bench.at(start + day)
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => rotateSigningKey(bench.options, 'test')))
  const rotated = outcomes.filter((outcome) => outcome !== undefined)
  assert.equal(new Set(rotated.map(({ kid }) => kid)).size, rotated.length)
  await ring.reload()
  assert.equal(ring.current().kid, rotated[0]?.kid)
})

test('hasty rotations publish so many keys at most, and go on once the first of them is out of use', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const rotate = () => rotateSigningKey(bench.options, 'test')
  bench.at(start + day)
  for (let published = 2; published < maxPublishedKeys; published++) assert.ok(await rotate())
  const before = await bench.options.store.list()
  await assert.rejects(rotate(), KeyRotationError)
  assert.deepEqual(await bench.options.store.list(), before)
  await ring.reload()
  assert.equal(kids(ring).length, maxPublishedKeys)
  bench.at(start + day + jwksMaxAgeSeconds)
  assert.equal(ring.current().expiresAt, null, 'of those that were made in one second the last one signs')
  bench.at(start + day + hour + jwksMaxAgeSeconds)
  assert.ok(await rotate())
})

test('an algorithm that was changed and changed back puts a key to use that stays', async () => {
  await using bench = await open()
  await openKeyRing(bench.options)
  bench.at(start + day)
  const other = { ...bench.options, algorithm: 'EdDSA' as const }
  await openKeyRing(other)
  await rotateSigningKey(other, 'test')
  const ring = await openKeyRing(bench.options)
  const rotated = await rotateSigningKey(bench.options, 'test')
  bench.at(start + 2 * day)
  await ring.reload()
  assert.equal(ring.current().kid, rotated?.kid)
  assert.equal(ring.current().expiresAt, null)
})

test('revoking the key in use puts the next one in its place at once, and makes a new next one', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const first = ring.current().kid
  assert.equal(await revokeSigningKey(bench.options, first, 'test'), true)
  await ring.reload()
  assert.notEqual(ring.current().kid, first)
  assert.equal(ring.find(first), undefined)
  assert.equal(kids(ring).length, 2)
  assert.equal(await revokeSigningKey(bench.options, first, 'test'), false)
  assert.equal(await revokeSigningKey(bench.options, 'unknown', 'test'), false)
})

test('revoking the key in use while its successor waits for its time leaves a key to sign with', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const first = ring.current().kid
  const rotated = await rotateSigningKey(bench.options, 'test')
  await revokeSigningKey(bench.options, first, 'test')
  await ring.reload()
  assert.equal(ring.current().kid, rotated?.kid)
})

test('after the secret changed to `new,old` the keys are sealed anew, and the old secret is not needed any more', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const both = await openKeyRing({ ...bench.options, seal: createSeal([newSecret, secret]) })
  assert.deepEqual(kids(both), kids(ring))
  const alone = await openKeyRing({ ...bench.options, seal: createSeal([newSecret]) })
  assert.deepEqual(kids(alone), kids(ring))
  await assert.rejects(openKeyRing(bench.options), SealError)
})

test('a process that knows the old secret alone goes on when another has sealed its keys with the new one', async () => {
  await using bench = await open()
  const ring = await openKeyRing(bench.options)
  const { kid } = ring.current()
  await openKeyRing({ ...bench.options, seal: createSeal([newSecret, secret]) })
  await ring.reload()
  assert.equal(ring.current().kid, kid)
})

test('under another secret the keys stay closed, in words, and nothing is changed', async () => {
  await using bench = await open()
  await openKeyRing(bench.options)
  const before = await bench.options.store.list()
  const wrong = openKeyRing({ ...bench.options, seal: createSeal([newSecret]) })
  await assert.rejects(
    wrong,
    (error) => error instanceof SealError && /another LATCHKEY_SECRET.*`new,old`/.test(error.message),
  )
  assert.deepEqual(await bench.options.store.list(), before)
})

test('a sealed text opens under its own name alone, and not when a letter of it changed', () => {
  const seal = createSeal([secret])
  const sealed = seal.seal('name', 'text')
  assert.deepEqual(seal.open('name', sealed), { text: 'text', isOld: false })
  assert.notEqual(seal.seal('name', 'text'), sealed)
  assert.ok(!sealed.includes(Buffer.from('text').toString('base64url')))
  assert.throws(() => seal.open('other', sealed), SealError)
  const parts = sealed.split('.')
  for (const [index, part] of parts.entries()) {
    const first = part.startsWith('A') ? 'B' : 'A'
    const changed = parts.with(index, `${first}${part.slice(1)}`).join('.')
    assert.throws(() => seal.open('name', changed), SealError)
  }
  for (const rubbish of ['', 'v1', 'v1...', sealed.slice(0, -1), `${sealed}A`, sealed.slice(3)])
    assert.throws(() => seal.open('name', rubbish), SealError)
})

test('HS256 keys are in no JWKS, differ for each audience, and are three at most: no rotation drops one whose tokens live', async () => {
  await using bench = await open('HS256')
  const ring = await openKeyRing(bench.options)
  let now = start
  for (let rotation = 0; rotation < 3; rotation++) {
    assert.ok(await rotateSigningKey(bench.options, 'test'))
    await assert.rejects(rotateSigningKey(bench.options, 'test'), KeyRotationError)
    await ring.reload()
    const inUse = ring.current().symmetricKey('a')
    const keys = ring.symmetricKeys('a')
    assert.equal(keys.length, 3)
    assert.ok(inUse && keys.some((key) => key.equals(inUse)), `after ${rotation + 1} rotations`)
    assert.ok(!ring.symmetricKeys('b').some((other) => keys.some((key) => key.equals(other))))
    now += 2 * jwksMaxAgeSeconds + hour
    bench.at(now)
  }
  assert.deepEqual(ring.jwks(), { keys: [] })
})

test('after the algorithm was changed the new one signs, and the old keys still verify', async () => {
  await using bench = await open('RS256')
  const old = await openKeyRing(bench.options)
  const ring = await openKeyRing({ ...bench.options, algorithm: 'ES256' })
  assert.equal(ring.current().algorithm, 'ES256')
  assert.ok(ring.find(old.current().kid))
})
