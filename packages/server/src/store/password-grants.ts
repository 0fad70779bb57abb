import type { Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows } from './database.ts'
import type { Schema } from './schema.ts'

/** That a client may send people's passwords, until when, and how often it did. */
export type PasswordGrant = Selectable<Schema['password_grants']>

export interface PasswordGrantStore {
  find(clientId: string): Promise<PasswordGrant | undefined>
  /** Allows it until then; at once refused where that is past. `false`: there is no such client. */
  allow(clientId: string, expiresAt: UnixSeconds, event: AuditEvent): Promise<boolean>
  /** Counts one use. `false`: the client may not, or not any more. */
  use(clientId: string, now: UnixSeconds): Promise<boolean>
}

/** What was counted last may be lost to a power cut: a sign-in should not wait for the disk. */
const counting = { isDurable: false }

/** The permissions to send passwords, over either database. */
export function createPasswordGrantStore(database: Database): PasswordGrantStore {
  const { kysely } = database
  return {
    find: async (clientId) =>
      mayBeStored(clientId)
        ? kysely
            .selectFrom('password_grants')
            .selectAll()
            .where('client_id', '=', clientId)
            .executeTakeFirst()
        : undefined,

    allow: async (clientId, expires_at, event) => {
      if (!mayBeStored(clientId)) return false
      return database.transact(function* () {
        const client = yield* firstRow(kysely.selectFrom('clients').select('id').where('id', '=', clientId))
        if (!client) return false
        yield* rows(
          kysely
            .insertInto('password_grants')
            .values({ client_id: clientId, expires_at, last_used_at: null })
            .onConflict((conflict) => conflict.column('client_id').doUpdateSet({ expires_at })),
        )
        yield* writeAuditEvent(database, event)
        return true
      })
    },

    use: (clientId, now) =>
      database.transact(function* () {
        const used = yield* firstRow(
          kysely
            .updateTable('password_grants')
            .set((expression) => ({ uses: expression('uses', '+', 1), last_used_at: now }))
            .where('client_id', '=', clientId)
            .where('expires_at', '>', now)
            .returning('uses'),
        )
        return used !== undefined
      }, counting),
  }
}
