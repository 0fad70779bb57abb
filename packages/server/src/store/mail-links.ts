import type { Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type Database, firstRow, rows, type Transaction } from './database.ts'
import { purgeExpired } from './purge.ts'
import type { Schema } from './schema.ts'

/** A link that was mailed, known by the SHA-256 of its secret alone. */
export type MailLink = Selectable<Schema['mail_links']>

export interface MailLinkStore {
  add(link: MailLink): Promise<void>
  /** A live link, left as it is: whoever opens it first may be a mail scanner. */
  find(linkHash: string, kind: MailLink['kind'], now: UnixSeconds): Promise<MailLink | undefined>
  /** Deletes expired ones, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

/** Links that were mailed, over either database; what they are for spends them. */
export function createMailLinkStore(database: Database): MailLinkStore {
  const { kysely } = database
  return {
    add: (link) =>
      database.transact(function* () {
        yield* rows(kysely.insertInto('mail_links').values(link))
      }),

    find: (linkHash, kind, now) =>
      kysely
        .selectFrom('mail_links')
        .selectAll()
        .where('link_hash', '=', linkHash)
        .where('kind', '=', kind)
        .where('expires_at', '>', now)
        .executeTakeFirst(),

    purge: (now, limit) => purgeExpired(database, 'mail_links', now, limit),
  }
}

/** Inside a transaction: takes a live link, so that of many at once one does what it is for. `false`: there is none. */
export function* spendLink(
  { kysely }: Database,
  linkHash: string,
  kind: MailLink['kind'],
  now: UnixSeconds,
): Transaction<boolean> {
  const spent = yield* firstRow(
    kysely
      .deleteFrom('mail_links')
      .where('link_hash', '=', linkHash)
      .where('kind', '=', kind)
      .where('expires_at', '>', now)
      .returning('link_hash'),
  )
  return spent !== undefined
}
