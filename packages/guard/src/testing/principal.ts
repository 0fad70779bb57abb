import assert from 'node:assert/strict'
import type { CheckResult, Principal } from '../index.ts'
import type { TestServer } from './server.ts'

/** The token was good, and its principal says what the test server's own claims say, and these. */
export function assertPrincipal(
  result: CheckResult,
  { audience, issuer }: TestServer,
  others: Partial<Principal>,
): Principal {
  assert.ok(result.ok && !result.preflight)
  const { claims, tokenId, expiresAt, ...principal } = result.principal
  assert.deepEqual(principal, {
    subject: 'user-1',
    clientId: 'client-1',
    scope: ['read', 'write'],
    audience: [audience],
    issuer,
    ...others,
  })
  return result.principal
}
