import type { UnixSeconds } from '../base/clock.ts'
import { type Database, rows } from './database.ts'

/** Tables whose rows end with the time in `expires_at`, which has an index, and what a row of each is known by. */
const keyOf = {
  opaque_tokens: 'token_hash',
  authorization_codes: 'code_hash',
  connections: 'id',
  sessions: 'id',
  mail_links: 'link_hash',
  limits: 'key',
  audit_events: 'id',
} as const

/**
 * Deletes rows that expired at a moment or before, a batch at most.
 *
 * @returns how many there were.
 */
export function purgeExpired(
  database: Database,
  table: keyof typeof keyOf,
  at: UnixSeconds,
  limit: number,
): Promise<number> {
  // Every one of these tables has these columns; one stands for all of them in the types.
  const [name, key] = [table as 'connections', keyOf[table] as 'id']
  return database.transact(function* () {
    const expired = database.kysely.selectFrom(name).select(key).where('expires_at', '<=', at).limit(limit)
    const purged = yield* rows(database.kysely.deleteFrom(name).where(key, 'in', expired).returning(key))
    return purged.length
  })
}
