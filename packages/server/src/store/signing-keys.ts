import type { Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, rows, type Transaction } from './database.ts'
import { appendRevocation, changeConfiguration, raiseServerEpoch } from './revocations.ts'
import type { Schema, SigningAlgorithm } from './schema.ts'

/**
 * A signing key. `signs_at` null: the next key, published but not yet in use. The key in use is the one with the latest
 * `signs_at` that has come. `expires_at`: the last token it signed has expired, and it is published no more.
 */
export type StoredSigningKey = Selectable<Schema['signing_keys']>

export interface SigningKeyStore {
  list(): Promise<StoredSigningKey[]>
  /**
   * Adds the keys, and lets those of other algorithms go at `othersExpireAt`, unless the algorithm has a key to sign
   * with already: of several servers that start at once, one makes them. `false`: another was first.
   */
  initialize(
    algorithm: SigningAlgorithm,
    keys: StoredSigningKey[],
    othersExpireAt: UnixSeconds,
    event: AuditEvent,
  ): Promise<boolean>
  /**
   * Puts the next key to use at `signsAt`, lets the others go at `oldExpiresAt`, and adds a new next one. `false`: the
   * key named `nextId` is not the next one any more, so another rotation was first.
   */
  rotate(
    nextId: string,
    times: { signsAt: UnixSeconds; oldExpiresAt: UnixSeconds },
    newNext: StoredSigningKey,
    event: AuditEvent,
  ): Promise<boolean>
  /**
   * Ends a key and every token it signed, at once; where it was in use, the next key takes its place now, and
   * `successors.next` that one's. Guards know every HS256 key there is, so with one of them all go: `successors.current`
   * signs from now on. `false`: unknown.
   */
  revoke(
    id: string,
    successors: { current: StoredSigningKey; next: StoredSigningKey },
    event: AuditEvent,
  ): Promise<boolean>
  /** Seals a private key anew, for a new server secret. */
  reseal(id: string, sealedPrivateKey: string): Promise<void>
  /** Deletes keys that are published no more; says how many. */
  purge(now: UnixSeconds): Promise<number>
}

export function createSigningKeyStore(database: Database): SigningKeyStore {
  const { kysely } = database
  return {
    list: () => kysely.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('id').execute(),

    initialize: (algorithm, keys, othersExpireAt, event) =>
      database.transact(function* () {
        // Changing the head first makes servers that start at once take turns.
        yield* changeConfiguration(database)
        const existing = yield* firstRow(
          kysely
            .selectFrom('signing_keys')
            .select('id')
            .where('algorithm', '=', algorithm)
            .where('expires_at', 'is', null),
        )
        if (existing) return false
        yield* rows(
          kysely
            .updateTable('signing_keys')
            .set({ expires_at: othersExpireAt })
            .where('expires_at', 'is', null),
        )
        yield* rows(kysely.insertInto('signing_keys').values(keys))
        yield* writeAuditEvent(database, event)
        return true
      }),

    rotate: (nextId, { signsAt, oldExpiresAt }, newNext, event) =>
      database.transact(function* () {
        const next = yield* firstRow(
          kysely
            .updateTable('signing_keys')
            .set({ signs_at: signsAt })
            .where('id', '=', nextId)
            .where('signs_at', 'is', null)
            .returning('algorithm'),
        )
        if (!next) return false
        yield* rows(
          kysely
            .updateTable('signing_keys')
            .set({ expires_at: oldExpiresAt })
            .where('id', '!=', nextId)
            .where('expires_at', 'is', null),
        )
        yield* rows(kysely.insertInto('signing_keys').values(newNext))
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        return true
      }),

    revoke: (id, successors, event) =>
      database.transact(function* () {
        const key = yield* firstRow(kysely.deleteFrom('signing_keys').where('id', '=', id).returningAll())
        if (!key) return false
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        if (key.algorithm === 'HS256') {
          yield* replaceSharedKeys(database, Object.values(successors))
          yield* raiseServerEpoch(database, event.at)
        } else {
          yield* succeed(database, key, successors.next, event.at)
          yield* endKey(database, id, event.at)
        }
        return true
      }),

    reseal: (id, sealed_private_key) =>
      database.transact(function* () {
        yield* rows(kysely.updateTable('signing_keys').set({ sealed_private_key }).where('id', '=', id))
      }),

    purge: (now) =>
      database.transact(function* () {
        const purged = yield* rows(
          kysely.deleteFrom('signing_keys').where('expires_at', '<=', now).returning('id'),
        )
        if (purged.length > 0) yield* changeConfiguration(database)
        return purged.length
      }),
  }
}

/**
 * Where the key was in use, the one after it signs from now on: the one that a rotation has chosen already, or the next
 * one. Where it was one of these two, `newNext` fills the gap.
 */
function* succeed(
  { kysely }: Database,
  key: StoredSigningKey,
  newNext: StoredSigningKey,
  now: UnixSeconds,
): Transaction<void> {
  const wasToExpire = key.expires_at !== null
  if (key.signs_at !== null) {
    const successors = kysely
      .updateTable('signing_keys')
      .set({ signs_at: now })
      .where('algorithm', '=', key.algorithm)
    if (!wasToExpire) yield* rows(successors.where('signs_at', 'is', null))
    else if (!(yield* isAnotherInUse(kysely, key, now))) yield* rows(successors.where('signs_at', '>', now))
  }
  if (!wasToExpire) yield* rows(kysely.insertInto('signing_keys').values(newNext))
}

/** Whether a key that began to sign after the given one, or with it, signs now. */
function* isAnotherInUse(
  kysely: Database['kysely'],
  { algorithm, signs_at }: StoredSigningKey,
  now: UnixSeconds,
): Transaction<boolean> {
  const other = yield* firstRow(
    kysely
      .selectFrom('signing_keys')
      .select('id')
      .where('algorithm', '=', algorithm)
      .where('signs_at', '>=', signs_at)
      .where('signs_at', '<=', now),
  )
  return other !== undefined
}

/** The keys of an algorithm that is no longer chosen have no successors. */
function* replaceSharedKeys({ kysely }: Database, successors: StoredSigningKey[]): Transaction<void> {
  yield* rows(kysely.deleteFrom('signing_keys').where('algorithm', '=', 'HS256'))
  const own = successors.filter(({ algorithm }) => algorithm === 'HS256')
  if (own.length > 0) yield* rows(kysely.insertInto('signing_keys').values(own))
}

function* endKey(database: Database, subject: string, now: UnixSeconds): Transaction<void> {
  const entry = { kind: 'signing_key' as const, subject, client_id: null, epoch: null, expires_at: now }
  yield* appendRevocation(database, entry, now)
}
