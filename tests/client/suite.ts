import type { AuthorizationServer } from './servers/authorization-server.ts'
import { testAuthentication } from './suite/authentication.ts'
import { testConnections } from './suite/connections.ts'
import { testFailures } from './suite/failures.ts'
import { testSecrecy } from './suite/secrecy.ts'
import { testTokens } from './suite/tokens.ts'

/** What the client does with any server of OAuth 2. `start` gives a new server to each test. */
export function clientSuite(name: string, start: () => Promise<AuthorizationServer>): void {
  testTokens(name, start)
  testConnections(name, start)
  testFailures(name, start)
  testAuthentication(name, start)
  testSecrecy(name, start)
}
