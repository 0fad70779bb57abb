import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError } from './oauth-error.ts'
import { isScopeToken, maxScopeLength, narrowScope, parseScope } from './scope.ts'

const isInvalidScope = (error: unknown): boolean =>
  error instanceof OAuthError && error.code === 'invalid_scope' && error.status === 400

test('a scope is read as its distinct tokens, in the order given', () => {
  assert.deepEqual(parseScope(''), [])
  assert.deepEqual(parseScope('   '), [])
  assert.deepEqual(parseScope('b a  b c '), ['b', 'a', 'c'])
})

test('a scope token is what RFC 6749 §3.3 says: printable ASCII without space, quote and backslash', () => {
  for (const good of ['read', 'a:b/c', '!', '~', '[', ']', 'https://api.example/scope'])
    assert.ok(isScopeToken(good))
  for (const bad of ['', ' ', 'a b', '"', '\\', 'é', '\n', 'a\u007f', 'a\0'])
    assert.ok(!isScopeToken(bad), bad)
})

test('who asks for nothing gets all that is allowed, who asks for less gets that', () => {
  for (const nothing of [undefined, '']) assert.equal(narrowScope(nothing, 'read write'), 'read write')
  assert.equal(narrowScope('write', 'read write'), 'write')
  assert.equal(narrowScope('write read', 'read write'), 'write read')
  assert.equal(narrowScope('read read', 'read write'), 'read')
  assert.equal(narrowScope(undefined, ''), '')
})

test('who asks for more is refused whole, told what is allowed, and never hears what was sent', () => {
  for (const wanted of ['admin', 'read admin', 'READ', 'rea', 'read,write', 'read\twrite', '__proto__']) {
    assert.throws(
      () => narrowScope(wanted, 'read write'),
      (error) =>
        isInvalidScope(error) &&
        /may ask for: read write\.$/.test(String(error)) &&
        !String(error).includes('admin'),
    )
  }
  assert.throws(() => narrowScope('read', ''), isInvalidScope)
})

test('the words of a refusal stay short, however many scopes are allowed', () => {
  const allowed = Array.from({ length: 1_000 }, (_, number) => `scope-${number}`).join(' ')
  assert.throws(
    () => narrowScope('x', allowed),
    (error) => isInvalidScope(error) && String(error).length < 400 && String(error).endsWith('and others.'),
  )
})

test('a scope longer than the limit is refused, one as long is read', () => {
  const asLong = `read ${' '.repeat(maxScopeLength - 'read '.length)}`
  assert.equal(narrowScope(asLong, 'read write'), 'read')
  assert.throws(() => narrowScope(`${asLong} `, 'read write'), isInvalidScope)
})
