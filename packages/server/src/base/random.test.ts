import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32, isRandomSecret, randomId, randomSecret } from './random.ts'

test('base32 writes the vectors of RFC 4648 §10, in lower case and without padding', () => {
  const vectors = {
    '': '',
    f: 'my',
    fo: 'mzxq',
    foo: 'mzxw6',
    foob: 'mzxw6yq',
    fooba: 'mzxw6ytb',
    foobar: 'mzxw6ytboi',
  }
  for (const [text, written] of Object.entries(vectors)) assert.equal(base32(Buffer.from(text)), written)
})

test('base32 keeps every bit of every byte', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, number) => number)
  const letters = 'abcdefghijklmnopqrstuvwxyz234567'
  const bits = [...base32(bytes)]
    .map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  const read = bytes.map((_, index) => Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2))
  assert.deepEqual(read, bytes)
})

test('ids and secrets have their length and alphabet, and never repeat', () => {
  const ids = Array.from({ length: 1_000 }, randomId)
  const secrets = Array.from({ length: 1_000 }, randomSecret)
  for (const id of ids) assert.match(id, /^[a-z2-7]{26}$/)
  for (const secret of secrets) {
    assert.match(secret, /^[a-z2-7]{52}$/)
    assert.ok(isRandomSecret(secret))
  }
  for (const id of ids) assert.ok(!isRandomSecret(id))
  assert.equal(new Set([...ids, ...secrets]).size, 2_000)
})
