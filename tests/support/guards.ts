import { createGuard, type Guard, type GuardOptions } from '@latchkey/guard'
import type { TestServer } from './server.ts'

/** How long a guard of the tests waits for its first snapshot: a machine that is busy may be late with it. */
export const patience = { firstSnapshotTimeoutMs: 60_000 }

/** A guard of the test server's API, reached over HTTP unless the options say otherwise; closed at the end of the scope. */
export function guardOf(server: TestServer, options: Partial<GuardOptions> = {}): Guard & Disposable {
  const { issuer, audience } = server.latchkey.config
  const { id: clientId, secret: clientSecret } = server.resourceServer
  return disposable(createGuard({ issuer, audience, clientId, clientSecret, ...patience, ...options }))
}

export const disposable = (guard: Guard): Guard & Disposable =>
  Object.assign(guard, { [Symbol.dispose]: () => guard.close() })

/** The status that the guard's API would answer for a token. */
export async function statusFor(guard: Guard, token: string, scope: string[] = []): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  const result = await guard.check({ method: 'GET', url: '/', headers }, { scope })
  return result.ok ? 200 : result.status
}
