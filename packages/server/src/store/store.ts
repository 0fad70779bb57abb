import { type AuditStore, createAuditStore } from './audit-events.ts'
import { type AuthorizationCodeStore, createAuthorizationCodeStore } from './authorization-codes.ts'
import { type ClientStore, createClientStore } from './clients.ts'
import { type ConnectionStore, createConnectionStore } from './connections.ts'
import type { Database } from './database.ts'
import { createLimitStore, type LimitStore } from './limits.ts'
import { createMailLinkStore, type MailLinkStore } from './mail-links.ts'
import { createOpaqueTokenStore, type OpaqueTokenStore } from './opaque-tokens.ts'
import { createPasswordGrantStore, type PasswordGrantStore } from './password-grants.ts'
import { createRevocationStore, type RevocationStore } from './revocations.ts'
import { createSessionStore, type SessionStore } from './sessions.ts'
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
  readonly sessions: SessionStore
  readonly authorizationCodes: AuthorizationCodeStore
  readonly connections: ConnectionStore
  readonly passwordGrants: PasswordGrantStore
  readonly mailLinks: MailLinkStore
  readonly limits: LimitStore
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
    sessions: createSessionStore(database),
    authorizationCodes: createAuthorizationCodeStore(database),
    connections: createConnectionStore(database),
    passwordGrants: createPasswordGrantStore(database),
    mailLinks: createMailLinkStore(database),
    limits: createLimitStore(database),
    opaqueTokens: createOpaqueTokenStore(database),
    revocations: createRevocationStore(database),
    signingKeys: createSigningKeyStore(database),
    auditEvents: createAuditStore(database),
  }
}
