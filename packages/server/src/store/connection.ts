import type { Selectable } from 'kysely'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, rows, type Transaction } from './database.ts'
import { appendRevocation } from './revocations.ts'
import type { Schema } from './schema.ts'
import type { User } from './users.ts'

/** Connections that one person may have to one app where it may have many. One more ends the one unused the longest. */
export const maxConnectionsPerUserAndClient = 100

/** One person, one app: ONE row for life. What its refresh tokens are follows from it. */
export type Connection = Selectable<Schema['connections']>

/** What a new connection brings; the rest follows. */
export type NewConnection = Pick<
  Connection,
  | 'id'
  | 'client_id'
  | 'user_id'
  | 'scope'
  | 'audience'
  | 'seed'
  | 'key_number'
  | 'created_at'
  | 'expires_at'
  | 'absolute_expires_at'
>

/** The person of a connection, as a token needs them. */
export type Grantor = Pick<User, 'id' | 'epoch' | 'scope'>

/** Inside a transaction that has locked the person's row: opens the connection and ends those that it replaces. */
export function* openConnection(
  database: Database,
  connection: NewConnection,
  limit: 'one' | 'many',
  event: Pick<AuditEvent, 'at' | 'actor'>,
): Transaction<Connection> {
  const { kysely } = database
  const { client_id, user_id, created_at, absolute_expires_at } = connection
  const earlier = yield* rows(
    kysely
      .selectFrom('connections')
      .select(endedColumns)
      .where('user_id', '=', user_id)
      .where('client_id', '=', client_id)
      .orderBy('rotated_at', 'desc'),
  )
  const replaced = limit === 'one' ? earlier : earlier.slice(maxConnectionsPerUserAndClient - 1)
  for (const { id } of replaced) yield* rows(kysely.deleteFrom('connections').where('id', '=', id))
  const row: Connection = {
    ...connection,
    expires_at: Math.min(connection.expires_at, absolute_expires_at),
    generation: 0,
    period_generation: 0,
    earlier_generation: 0,
    period_started_at: created_at,
    rotated_at: created_at,
    confirmation_key: null,
  }
  yield* rows(kysely.insertInto('connections').values(row))
  yield* writeAuditEvent(database, { ...event, action: 'connection.opened', subject: subjectOf(row) })
  yield* recordEnd(database, replaced, { ...event, action: 'connection.replaced' })
  return row
}

/** What an event about a connection, and the feed, say of it. */
export const endedColumns = ['id', 'client_id', 'user_id'] as const
type EndedConnection = Pick<Connection, (typeof endedColumns)[number]>

/** Once the row is gone, the event alone tells whose connection it was, and to what. */
export const subjectOf = ({ id, client_id, user_id }: EndedConnection): string =>
  `connection:${id} client:${client_id} user:${user_id}`

/** Inside a transaction, as its last step: writes down that connections ended, and ends their access tokens. */
export function* recordEnd(
  database: Database,
  ended: readonly EndedConnection[],
  event: Omit<AuditEvent, 'subject'>,
): Transaction<void> {
  for (const connection of ended) {
    yield* writeAuditEvent(database, { ...event, subject: subjectOf(connection) })
  }
  for (const { id, client_id } of ended) {
    const expires_at = Number.MAX_SAFE_INTEGER
    const entry = { kind: 'connection', subject: id, client_id, epoch: null, expires_at } as const
    yield* appendRevocation(database, entry, event.at)
  }
}
