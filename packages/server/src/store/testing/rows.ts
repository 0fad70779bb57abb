import assert from 'node:assert/strict'
import type { AuditEvent } from '../audit-events.ts'
import type { NewClient } from '../clients.ts'
import type { OpaqueToken } from '../opaque-tokens.ts'
import type { Revocation } from '../revocations.ts'
import type { StoredSigningKey } from '../signing-keys.ts'
import type { Store } from '../store.ts'
import type { NewUser } from '../users.ts'

/** The moment at which these tests happen, in Unix seconds. */
export const now = 1_800_000_000

export const event = (subject = 'thing:1', at = now): AuditEvent => ({
  at,
  actor: 'test',
  action: 'thing.done',
  subject,
})

export const client = (id: string, change: Partial<NewClient> = {}): NewClient => ({
  id,
  name: `App ${id}`,
  type: 'confidential',
  owner_id: null,
  grant_types: 'client_credentials',
  scope: 'read write',
  audience: null,
  created_at: now,
  ...change,
})

export const user = (id: string, change: Partial<NewUser> = {}): NewUser => ({
  id,
  username: `name-of-${id}`,
  name: 'Jane Black',
  password_hash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
  created_at: now,
  ...change,
})

export const opaqueToken = (hash: string, change: Partial<OpaqueToken> = {}): OpaqueToken => ({
  token_hash: hash,
  id: `id-of-${hash}`,
  client_id: 'app',
  user_id: null,
  connection_id: null,
  scope: 'read',
  audience: 'https://api.example.com',
  client_epoch: 0,
  user_epoch: 0,
  epoch: 0,
  issued_at: now,
  expires_at: now + 60,
  ...change,
})

export const revokedToken = (subject: string, change: Partial<Revocation> = {}): Revocation => ({
  kind: 'token',
  subject,
  client_id: 'app',
  epoch: null,
  expires_at: now + 60,
  ...change,
})

export const signingKey = (id: string, change: Partial<StoredSigningKey> = {}): StoredSigningKey => ({
  id,
  algorithm: 'ES256',
  public_jwk: '{}',
  sealed_private_key: `sealed ${id}`,
  created_at: now,
  signs_at: null,
  expires_at: null,
  ...change,
})

/** Compares rows by what they hold: SQLite's have no prototype. */
export const assertRows = (actual: unknown, expected: unknown): void =>
  assert.deepEqual(structuredClone(actual), structuredClone(expected))

/** Rows of a table, however a method of the store would show them. */
export async function countRows(
  { database }: Store,
  table:
    | 'clients'
    | 'client_secrets'
    | 'users'
    | 'opaque_tokens'
    | 'revocations'
    | 'audit_events'
    | 'signing_keys',
): Promise<number> {
  const { count } = await database.kysely
    .selectFrom(table)
    .select((select) => select.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The one row that orders everything, with the count that `head` leaves out. */
export const wholeHead = ({ database }: Store) =>
  database.kysely.selectFrom('feed_head').selectAll().executeTakeFirstOrThrow()

/** Runs the same thing so many times at once, and says how often it was told `true`. */
export async function countWinners(
  times: number,
  attempt: (index: number) => Promise<boolean>,
): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: times }, (_, index) => attempt(index)))
  return outcomes.filter(Boolean).length
}
