import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenError, type TokenErrorCode } from './index.ts'

const isPassing = {
  connection_ended: false,
  request_refused: false,
  invalid_metadata: false,
  store_mismatch: false,
  rate_limited: true,
  server_unavailable: true,
  timeout: true,
  invalid_response: true,
  store_failed: true,
} satisfies Record<TokenErrorCode, boolean>

for (const [code, expected] of Object.entries(isPassing) as [TokenErrorCode, boolean][]) {
  test(`${code} ${expected ? 'may pass' : 'does not pass'} by itself`, () => {
    assert.equal(new TokenError(code, 'words').isPassing, expected)
  })
}

test('an error has what it was made of, and nothing else', () => {
  const error = new TokenError('rate_limited', 'Too often.', { status: 429, retryAfterSeconds: 7 })
  assert.ok(error instanceof Error)
  assert.equal(String(error), 'TokenError: Too often.')
  assert.equal(error.error, undefined)
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: 'TokenError',
    code: 'rate_limited',
    status: 429,
    retryAfterSeconds: 7,
  })
})
