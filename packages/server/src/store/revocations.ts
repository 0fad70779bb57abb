import { sql } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, rows, type Transaction } from './database.ts'
import type { RevocationKind } from './schema.ts'

/** Live entries that the feed holds. Above it the busiest client's epoch is raised in place of its tokens' entries. */
export const maxLiveEntries = 100_000
/** How much longer than its tokens an entry stays, in seconds: what the clocks of two machines may differ by. */
export const expiryMarginSeconds = 300
/** How long an ended signing key stays in the feed, in seconds: a year. */
export const signingKeyEntrySeconds = 366 * 86_400

/** An entry of the revocation feed: what it ends, and until when it matters. */
export interface Revocation {
  kind: RevocationKind
  /** The `jti`, connection, client, user, API key or `kid`. */
  subject: string
  /** The client of a token or a connection; null for every other kind. */
  client_id: string | null
  /** For a client or a user: tokens of a lower epoch are ended. */
  epoch: number | null
  /** When the last token that it could hit has expired. As stored: later by a margin, and for a signing key in a year. */
  expires_at: UnixSeconds
}

export interface PositionedRevocation extends Revocation {
  position: number
}

/** The one row that orders everything: from its change to the commit it is locked, so positions become visible in order. */
export interface FeedHead {
  feed_id: string
  position: number
  /** The highest position that was deleted: a reader below it starts again from a snapshot. */
  purged_position: number
  /** The epoch of the whole server: tokens of a lower one are ended. */
  epoch: number
  /** Changes with every client, secret or signing key: caches of these hold for one version. */
  configuration_version: number
  /** The longest lifetime that an access token of this database ever had, in seconds. */
  longest_lifetime_seconds: number
}

interface LockedHead extends FeedHead {
  live_entries: number
}

export interface RevocationStore {
  head(): Promise<FeedHead>
  /** Entries after a position, in order, `limit` at most. */
  after(position: number, limit: number): Promise<PositionedRevocation[]>
  /** Makes the head when there is none, and remembers the longest lifetime that an access token ever had. */
  initialize(longestLifetimeSeconds: number): Promise<void>
  /** Ends what the entry names. Doing it twice is no error. */
  revoke(entry: Revocation, event: AuditEvent, limits?: { maxLiveEntries: number }): Promise<void>
  /**
   * After a backup was restored: a new feed, a new epoch; every token issued before is ended. Sessions and connections that
   * people ended after it was taken are back with it: with `endsConnections` all of them end.
   */
  restart(event: AuditEvent, options?: { endsConnections: boolean }): Promise<void>
  /** Deletes entries that can hit nothing any more, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

export function createRevocationStore(database: Database): RevocationStore {
  const { kysely } = database
  return {
    head: () => kysely.selectFrom('feed_head').selectAll().executeTakeFirstOrThrow(),

    after: (position, limit) =>
      kysely
        .selectFrom('revocations')
        .selectAll()
        .where('position', '>', position)
        .orderBy('position')
        .limit(limit)
        .execute(),

    initialize: (longestLifetimeSeconds) =>
      database.transact(function* () {
        const head = {
          id: 1,
          feed_id: randomId(),
          position: 0,
          purged_position: 0,
          live_entries: 0,
          epoch: 0,
          configuration_version: 0,
          longest_lifetime_seconds: longestLifetimeSeconds,
        }
        yield* rows(
          kysely
            .insertInto('feed_head')
            .values(head)
            .onConflict((conflict) => conflict.doNothing()),
        )
        yield* rows(
          kysely
            .updateTable('feed_head')
            .set({ longest_lifetime_seconds: longestLifetimeSeconds })
            .where('longest_lifetime_seconds', '<', longestLifetimeSeconds),
        )
      }),

    revoke: (entry, event, limits) =>
      database.transact(function* () {
        const isNew = yield* appendRevocation(database, entry, event.at, limits)
        if (isNew) yield* writeAuditEvent(database, event)
      }),

    restart: (event, { endsConnections } = { endsConnections: false }) =>
      database.transact(function* () {
        yield* writeAuditEvent(database, event)
        if (endsConnections) {
          for (const table of ['authorization_codes', 'connections', 'sessions', 'mail_links'] as const) {
            yield* rows(kysely.deleteFrom(table))
          }
        }
        yield* restartFeed(database, event.at)
      }),

    purge: (now, limit) =>
      database.transact(function* () {
        yield* rows(kysely.updateTable('feed_head').set({ position: sql`position` }))
        const expired = kysely
          .selectFrom('revocations')
          .select('position')
          .where('expires_at', '<=', now)
          .limit(limit)
        const purged = yield* rows(
          kysely.deleteFrom('revocations').where('position', 'in', expired).returning('position'),
        )
        if (purged.length === 0) return 0
        const highest = Math.max(...purged.map((entry) => entry.position))
        yield* countEntries(database, -purged.length)
        yield* rows(
          kysely
            .updateTable('feed_head')
            .set({ purged_position: highest })
            .where('purged_position', '<', highest),
        )
        return purged.length
      }),
  }
}

/**
 * Inside a transaction, as its last step: appends an entry that ends one thing, and says whether it is new. From here
 * to the commit the head's row is locked, so no reader can see a later position before this one.
 */
export function* appendRevocation(
  database: Database,
  entry: Revocation,
  now: UnixSeconds,
  limits = { maxLiveEntries },
): Transaction<boolean> {
  const head = yield* advanceHead(database)
  const [inserted] = yield* rows(
    database.kysely
      .insertInto('revocations')
      .values({ ...entry, position: head.position, expires_at: lastMattersAt(entry, head, now) })
      .onConflict((conflict) => conflict.columns(['kind', 'subject']).doNothing())
      .returning('position'),
  )
  if (!inserted) yield* countEntries(database, -1)
  else if (head.live_entries > limits.maxLiveEntries) yield* makeRoom(database, now, limits.maxLiveEntries)
  return inserted !== undefined
}

/**
 * Inside a transaction, as its last step: ends every token of a client or a user whose epoch is lower. It takes the
 * place of the subject's earlier entry and lasts as long as the longest-lived token there can be.
 */
export function* appendEpoch(
  database: Database,
  entry: { kind: 'client' | 'user'; subject: string; epoch: number; now: UnixSeconds },
): Transaction<void> {
  const head = yield* advanceHead(database)
  yield* replaceEpoch(database, {
    ...entry,
    position: head.position,
    expires_at: lastMattersAt({ kind: entry.kind, expires_at: Number.MAX_SAFE_INTEGER }, head, entry.now),
  })
}

/**
 * No token lives longer than the longest-lived there can be, and a guard whose clock is behind takes it a while longer. But
 * who holds a stolen key writes tokens that live as long as they like: the key stays in the feed until no guard can still
 * hold it.
 */
function lastMattersAt(
  { kind, expires_at }: Pick<Revocation, 'kind' | 'expires_at'>,
  head: LockedHead,
  now: UnixSeconds,
): UnixSeconds {
  if (kind === 'signing_key') return now + signingKeyEntrySeconds
  return Math.min(expires_at, now + head.longest_lifetime_seconds) + expiryMarginSeconds
}

/** Inside a transaction: tells every process to read clients, secrets and signing keys anew. */
export function* changeConfiguration({ kysely }: Database): Transaction<void> {
  yield* rows(kysely.updateTable('feed_head').set({ configuration_version: sql`configuration_version + 1` }))
}

function* advanceHead({ kysely }: Database): Transaction<LockedHead> {
  const head = yield* firstRow(
    kysely
      .updateTable('feed_head')
      .set({ position: sql`position + 1`, live_entries: sql`live_entries + 1` })
      .returningAll(),
  )
  if (!head) throw new Error('The database has no feed head: it was not initialized.')
  return head
}

function* countEntries({ kysely }: Database, change: number): Transaction<void> {
  if (change === 0) return
  yield* rows(kysely.updateTable('feed_head').set({ live_entries: sql`live_entries + ${sql.val(change)}` }))
}

function* replaceEpoch(
  database: Database,
  entry: {
    kind: 'client' | 'user'
    subject: string
    epoch: number
    position: number
    expires_at: UnixSeconds
  },
): Transaction<void> {
  const { kind, subject, epoch, position, expires_at } = entry
  const replaced = yield* rows(
    database.kysely
      .deleteFrom('revocations')
      .where('kind', '=', kind)
      .where('subject', '=', subject)
      .returning('position'),
  )
  const row = { kind, subject, client_id: null, epoch, position, expires_at }
  yield* rows(database.kysely.insertInto('revocations').values(row))
  yield* countEntries(database, -replaced.length)
}

/**
 * The feed is full: the client with the most entries of tokens and connections loses all of its tokens at once, by its
 * epoch, and these entries go. Its own later requests get tokens of the new epoch. Where no client holds a thousandth of the feed, that would
 * free next to nothing, again and again: then every token ends.
 */
function* makeRoom(database: Database, now: UnixSeconds, maxEntries: number): Transaction<void> {
  const { kysely } = database
  const busiest = yield* firstRow(
    kysely
      .selectFrom('revocations')
      .innerJoin('clients', 'clients.id', 'revocations.client_id')
      .select('clients.id')
      .groupBy('clients.id')
      .having(sql<number>`count(*)`, '>', Math.max(1, maxEntries / 1_000))
      .orderBy(sql`count(*)`, 'desc')
      .limit(1),
  )
  if (busiest) yield* raiseClient(database, busiest.id, now)
  else yield* restartFeed(database, now)
}

function* raiseClient(database: Database, id: string, now: UnixSeconds): Transaction<void> {
  const { kysely } = database
  const client = yield* firstRow(
    kysely.updateTable('clients').set({ epoch: sql`epoch + 1` }).where('id', '=', id).returning('epoch'),
  )
  if (!client) return
  const removed = yield* rows(
    kysely.deleteFrom('revocations').where('client_id', '=', id).returning('position'),
  )
  yield* countEntries(database, -removed.length)
  yield* changeConfiguration(database)
  yield* appendEpoch(database, { kind: 'client', subject: id, epoch: client.epoch, now })
}

/**
 * A new feed, a new epoch of the server: every token issued before is ended, so no entry about one is needed. What was
 * said of API keys stays, as they have no epoch.
 */
function* restartFeed(database: Database, now: UnixSeconds): Transaction<void> {
  const { kysely } = database
  yield* raiseServerEpoch(database, now)
  yield* rows(kysely.updateTable('feed_head').set({ feed_id: randomId() }))
  yield* rows(kysely.deleteFrom('revocations').where('kind', '!=', 'api_key'))
  const left = kysely.selectFrom('revocations').select(sql<number>`count(*)`.as('count'))
  yield* rows(kysely.updateTable('feed_head').set({ live_entries: left }))
}

/**
 * Inside a transaction: ends every token that the server issued. The new epoch is the time, so that a database that came
 * from a backup cannot take an epoch which was in use already.
 */
export function* raiseServerEpoch({ kysely }: Database, now: UnixSeconds): Transaction<void> {
  yield* rows(
    kysely.updateTable('feed_head').set({
      epoch: sql`case when epoch < ${sql.val(now)} then ${sql.val(now)} else epoch + 1 end`,
      configuration_version: sql`configuration_version + 1`,
    }),
  )
}
