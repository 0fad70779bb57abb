import { sql } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type Database, firstRow, rows } from './database.ts'
import { purgeExpired } from './purge.ts'

/**
 * How often something happened in a window of time: what limits are measured by, exact across processes. A power cut may
 * take back what was counted in the last moments.
 */
export interface LimitStore {
  /** Counts one more, in one statement; a window that is over begins anew. Says how many there are now, and until when. */
  count(
    key: string,
    windowSeconds: number,
    now: UnixSeconds,
  ): Promise<{ count: number; expiresAt: UnixSeconds }>
  /** What was counted under each key, where its window is not over. */
  read(
    keys: readonly string[],
    now: UnixSeconds,
  ): Promise<Map<string, { count: number; expiresAt: UnixSeconds }>>
  /** Counts one less, where the window is not over: what was counted ahead did not happen. */
  takeBack(key: string, now: UnixSeconds): Promise<void>
  /** Forgets what was counted. */
  clear(keys: readonly string[]): Promise<void>
  /** Deletes windows that are over, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

/** Nobody is told what was counted, and a sign-in should not wait for the disk three times. */
const counting = { isDurable: false }

/** Counts attempts over either database, for all servers together. */
export function createLimitStore(database: Database): LimitStore {
  const { kysely } = database
  return {
    count: (key, windowSeconds, now) =>
      database.transact(function* () {
        const expires_at = now + windowSeconds
        const row = yield* firstRow(
          kysely
            .insertInto('limits')
            .values({ key, count: 1, expires_at })
            .onConflict((conflict) =>
              conflict.column('key').doUpdateSet({
                count: sql`case when limits.expires_at <= ${now} then 1 else limits.count + 1 end`,
                expires_at: sql`case when limits.expires_at <= ${now} then ${expires_at} else limits.expires_at end`,
              }),
            )
            .returning(['count', 'expires_at']),
        )
        return { count: row?.count ?? 1, expiresAt: row?.expires_at ?? expires_at }
      }, counting),

    async read(keys, now) {
      if (keys.length === 0) return new Map()
      const found = await kysely
        .selectFrom('limits')
        .selectAll()
        .where('key', 'in', keys)
        .where('expires_at', '>', now)
        .execute()
      return new Map(found.map(({ key, count, expires_at }) => [key, { count, expiresAt: expires_at }]))
    },

    takeBack: (key, now) =>
      database.transact(function* () {
        yield* rows(
          kysely
            .updateTable('limits')
            .set({ count: sql`count - 1` })
            .where('key', '=', key)
            .where('count', '>', 0)
            .where('expires_at', '>', now),
        )
      }, counting),

    clear: (keys) =>
      database.transact(function* () {
        if (keys.length > 0) yield* rows(kysely.deleteFrom('limits').where('key', 'in', keys))
      }, counting),

    purge: (now, limit) => purgeExpired(database, 'limits', now, limit),
  }
}
