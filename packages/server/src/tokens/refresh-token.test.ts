import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRefreshTokens } from './refresh-token.ts'

const [old, current] = [
  'an old secret of these tests, not in use',
  'a secret of these tests, which is in use',
]
const seed = 'seed-of-a-row'
const connectionId = 'abcdefghijklmnopqrstuvwxyz'

test('a refresh token opens as what it was made of, under the seed it was made under', () => {
  const tokens = createRefreshTokens([current])
  const parts = { keyNumber: tokens.keyNumber, connectionId, generation: 41 }
  const token = tokens.derive(parts, seed) ?? ''
  assert.match(token, /^[a-z2-7.0-9]{90}$/)
  const opened = tokens.open(token)
  assert.deepEqual(
    [opened?.keyNumber, opened?.connectionId, opened?.generation],
    [parts.keyNumber, connectionId, 41],
  )
  assert.equal(opened?.isMadeUnder(seed), true)
  assert.equal(opened?.isMadeUnder('another seed'), false)
  assert.equal(tokens.derive(parts, seed), token, 'the same again')
})

test('a token in which any one character differs does not open, or was made under no seed', () => {
  const tokens = createRefreshTokens([current])
  const token = tokens.derive({ keyNumber: tokens.keyNumber, connectionId, generation: 7 }, seed) ?? ''
  for (let at = 0; at < token.length; at++) {
    const changed = `${token.slice(0, at)}${token[at] === 'a' ? 'b' : 'a'}${token.slice(at + 1)}`
    assert.notEqual(tokens.open(changed)?.isMadeUnder(seed), true, `character ${at}`)
  }
})

test('what has another form is no refresh token', () => {
  const tokens = createRefreshTokens([current])
  const token = tokens.derive({ keyNumber: tokens.keyNumber, connectionId, generation: 0 }, seed) ?? ''
  const forms = ['', '.', '....', token.slice(1), `${token} `, ` ${token}`, `${token}\n`, token.toUpperCase()]
  for (const text of [...forms, token.replace('.0.', '.00.'), token.replace('.0.', '.-1.')]) {
    assert.equal(tokens.open(text), undefined, text)
  }
})

test('the old secret opens its tokens while it is named, and the new one makes them', () => {
  const before = createRefreshTokens([old])
  const both = createRefreshTokens([current, old])
  const after = createRefreshTokens([current])
  const parts = { keyNumber: before.keyNumber, connectionId, generation: 1 }
  const token = before.derive(parts, seed) ?? ''
  assert.equal(both.open(token)?.isMadeUnder(seed), true)
  assert.equal(both.derive(parts, seed), token, 'a retry gets the same successor')
  assert.equal(both.keyNumber, after.keyNumber)
  assert.notEqual(both.keyNumber, before.keyNumber)
  assert.equal(after.open(token), undefined)
  assert.equal(after.derive(parts, seed), undefined)
})
