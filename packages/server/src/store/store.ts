import { type AuditStore, createAuditStore } from './audit-events.ts'
import { type ClientStore, createClientStore } from './clients.ts'
import type { Database } from './database.ts'
import { createOpaqueTokenStore, type OpaqueTokenStore } from './opaque-tokens.ts'
import { createRevocationStore, type RevocationStore } from './revocations.ts'
import { createSigningKeyStore, type SigningKeyStore } from './signing-keys.ts'
import { createUserStore, type UserStore } from './users.ts'

/**
 * All that is kept, over SQLite or PostgreSQL. Each write is one transaction that says what happened; what it says has
 * reached the disk. Every method may throw StoreUnavailable.
 */
export interface Store {
  readonly database: Database
  readonly users: UserStore
  readonly clients: ClientStore
  readonly opaqueTokens: OpaqueTokenStore
  readonly revocations: RevocationStore
  readonly signingKeys: SigningKeyStore
  readonly auditEvents: AuditStore
}

export function createStore(database: Database): Store {
  return {
    database,
    users: createUserStore(database),
    clients: createClientStore(database),
    opaqueTokens: createOpaqueTokenStore(database),
    revocations: createRevocationStore(database),
    signingKeys: createSigningKeyStore(database),
    auditEvents: createAuditStore(database),
  }
}
