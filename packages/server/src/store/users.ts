import { sql } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows } from './database.ts'
import { appendEpoch, changeConfiguration } from './revocations.ts'

/** A person. */
export interface User {
  id: string
  username: string
  /** As shown to people. */
  name: string
  /** A PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  password_hash: string
  /** Tokens of a lower epoch are ended. */
  epoch: number
  disabled_at: UnixSeconds | null
  created_at: UnixSeconds
}

export type NewUser = Omit<User, 'epoch' | 'disabled_at'>

export interface UserStore {
  findByUsername(username: string): Promise<User | undefined>
  /** `false`: the username is taken. */
  add(user: NewUser, event: AuditEvent): Promise<boolean>
  /** Refuses the person and the clients they own from now on, and ends the tokens of both. `false`: unknown, or disabled. */
  disable(id: string, event: AuditEvent): Promise<boolean>
}

export function createUserStore(database: Database): UserStore {
  const { kysely } = database
  return {
    findByUsername: async (username) =>
      mayBeStored(username)
        ? kysely.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst()
        : undefined,

    add: (user, event) =>
      database.transact(function* () {
        const inserted = yield* firstRow(
          kysely
            .insertInto('users')
            .values({ ...user, disabled_at: null })
            .onConflict((conflict) => conflict.doNothing())
            .returning('id'),
        )
        if (inserted) yield* writeAuditEvent(database, event)
        return inserted !== undefined
      }),

    disable: (id, event) =>
      database.transact(function* () {
        const user = yield* firstRow(
          kysely
            .updateTable('users')
            .set({ disabled_at: event.at, epoch: sql`epoch + 1` })
            .where('id', '=', id)
            .where('disabled_at', 'is', null)
            .returning('epoch'),
        )
        if (!user) return false
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        const owned = yield* rows(
          kysely
            .updateTable('clients')
            .set({ epoch: sql`epoch + 1` })
            .where('owner_id', '=', id)
            .returning(['id', 'epoch']),
        )
        const now = event.at
        for (const client of owned) {
          yield* appendEpoch(database, { kind: 'client', subject: client.id, epoch: client.epoch, now })
        }
        yield* appendEpoch(database, { kind: 'user', subject: id, epoch: user.epoch, now })
        return true
      }),
  }
}
