import assert from 'node:assert/strict'
import type { CompiledQuery } from 'kysely'
import type { AuditEvent } from '../audit-events.ts'
import type { NewAuthorizationCode, Redemption } from '../authorization-codes.ts'
import type { NewClient } from '../clients.ts'
import type { NewConnection } from '../connection.ts'
import { rows } from '../database.ts'
import type { MailLink } from '../mail-links.ts'
import type { OpaqueToken } from '../opaque-tokens.ts'
import type { Revocation } from '../revocations.ts'
import type { PresentedRefreshToken, RotationRules } from '../rotation.ts'
import type { Schema } from '../schema.ts'
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

/** The grace of these tests, in seconds. */
export const graceSeconds = 30

const day = 86_400

/** Of the person `jane` and the client `app`. */
export const connection = (id: string, change: Partial<NewConnection> = {}): NewConnection => ({
  id,
  client_id: 'app',
  user_id: 'jane',
  scope: 'read write',
  audience: 'https://api.example.com',
  seed: `seed of ${id}`,
  key_number: 'key-1',
  created_at: now,
  expires_at: now + 30 * day,
  absolute_expires_at: now + 365 * day,
  ...change,
})

/** A refresh token of a connection, presented by the client that it is for. */
export const presented = (
  connectionId: string,
  generation: number,
  change: Partial<PresentedRefreshToken> = {},
): PresentedRefreshToken => ({
  connectionId,
  generation,
  clientId: 'app',
  isMadeUnder: (seed) => seed === `seed of ${connectionId}`,
  ...change,
})

export const rotationAt = (at: number, change: Partial<RotationRules> = {}): RotationRules => ({
  now: at,
  graceSeconds,
  lifetimeSeconds: 30 * day,
  keyNumber: 'key-1',
  isRotating: true,
  ...change,
})

/** A code that the person `jane` gave to the client `app`. */
export const authorizationCode = (
  hash: string,
  change: Partial<NewAuthorizationCode> = {},
): NewAuthorizationCode => ({
  code_hash: hash,
  client_id: 'app',
  user_id: 'jane',
  redirect_uri: 'https://app.example.com/callback',
  is_redirect_uri_required: 1,
  scope: 'read write',
  audience: 'https://api.example.com',
  code_challenge: 'challenge',
  expires_at: now + 60,
  ...change,
})

/** What redeems {@link authorizationCode}. */
export const redemption = (
  codeHash: string,
  connectionId: string,
  change: Partial<Redemption> = {},
): Redemption => {
  const { client_id, user_id, scope, audience, ...given } = connection(connectionId)
  return {
    codeHash,
    clientId: 'app',
    redirectUri: 'https://app.example.com/callback',
    codeChallenge: 'challenge',
    graceSeconds,
    limit: 'many',
    connection: given,
    issue: () => ({ row: undefined }),
    now,
    ...change,
  }
}

export const mailLink = (hash: string, change: Partial<MailLink> = {}): MailLink => ({
  link_hash: hash,
  kind: 'reset_password',
  email: 'jane@example.com',
  user_id: null,
  continue_to: null,
  expires_at: now + 3_600,
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
export async function countRows({ database }: Store, table: keyof Schema): Promise<number> {
  const { count } = await database.kysely
    .selectFrom(table)
    .select((select) => select.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** What an attempt that is refused may not change, whole and in an order of its own. */
async function wholeState({ database }: Store): Promise<string[]> {
  const state = []
  for (const table of watchedTables) {
    const found = await database.kysely.selectFrom(table).selectAll().execute()
    state.push(...found.map((row) => `${table} ${JSON.stringify(row)}`))
  }
  return state.sort()
}

const watchedTables = [
  'users',
  'clients',
  'sessions',
  'session_accounts',
  'authorization_codes',
  'connections',
  'password_grants',
  'mail_links',
  'limits',
  'revocations',
  'feed_head',
  'audit_events',
] as const

/** Runs the attempt and sees that it left every row as it was. */
export async function assertChangesNothing<Outcome>(
  store: Store,
  attempt: () => Promise<Outcome>,
): Promise<Outcome> {
  const before = await wholeState(store)
  const outcome = await attempt()
  assert.deepEqual(await wholeState(store), before)
  return outcome
}

/** Writes rows however no method of the store would, as a restored backup does. */
export const write = ({ database }: Store, query: { compile(): CompiledQuery }): Promise<unknown> =>
  database.transact(function* () {
    yield* rows(query)
  })

/** Actions of the audit log, sorted. */
export const actions = async ({ auditEvents }: Store): Promise<string[]> =>
  (await auditEvents.list(1_000)).map(({ action, subject }) => `${action} ${subject}`).sort()

/** What the feed says, in order. */
export const feed = async ({ revocations }: Store, after = 0): Promise<string[]> =>
  (await revocations.after(after, 1_000)).map(
    ({ kind, subject, epoch }) => `${kind} ${subject}${epoch === null ? '' : ` ${epoch}`}`,
  )

/** Adds the people `jane` and `john` and the clients `app` and `other`. */
export async function addPeopleAndClients(store: Store): Promise<void> {
  for (const id of ['jane', 'john']) await store.users.add(user(id), event(`user:${id}`))
  for (const id of ['app', 'other'])
    await store.clients.add(client(id), `hash of ${id}`, event(`client:${id}`))
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
