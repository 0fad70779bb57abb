import type { Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { parseScope } from '../base/scope.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows, StoreUnavailable, type Transaction } from './database.ts'
import { purgeExpired } from './purge.ts'
import { appendRevocation } from './revocations.ts'
import type { Schema } from './schema.ts'
import { lockUser, type User } from './users.ts'

/** Connections that one person may have to one app where it may have many. One more ends the one unused the longest. */
export const maxConnectionsPerUserAndClient = 100

/** Connections of one person that are read for a page: fifty apps, each as often as it may be. */
const maxListedConnections = 5_000

/** How often a rotation looks again after another one was first. On SQLite none ever is. */
const maxRotationAttempts = 5

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

/** An app that a person has connected, once or more often, as they see it. */
export interface ConnectedApp {
  client_id: string
  client_name: string
  publisher: string | null
  owner_name: string | null
  /** What its connections were granted, all together. */
  scope: string
  /** When the first of them was made. */
  created_at: UnixSeconds
  /** When one of them was last refreshed. */
  rotated_at: UnixSeconds
}

/** A refresh token whose server tag was checked already. */
export interface PresentedRefreshToken {
  connectionId: string
  generation: number
  /** The client that presents it, authenticated. */
  clientId: string
  /** Whether the token's other tag was made under this row's seed. Pure. */
  isMadeUnder(seed: string): boolean
  /** Throws where more is asked for than the connection holds: then nothing changes. Pure. */
  check?(connection: Connection, user: Grantor): void
}

export interface RotationRules {
  now: UnixSeconds
  /** For how long a token that was exchanged still gives the current one, in seconds; up to three times as long. */
  graceSeconds: number
  /** How long the next token may lie unused, in seconds. */
  lifetimeSeconds: number
  /** The number of the key under which the next token is made. */
  keyNumber: string
  /** `false`: the token stays, its time begins anew. */
  isRotating: boolean
}

export type Rotation =
  /** The row says which token is the current one: the next, or in a retry the one that was made then. */
  | { kind: 'current'; connection: Connection; user: Grantor }
  /** No such connection, another client's, expired, its person disabled, or the token is a forgery. */
  | { kind: 'unknown'; reason: string }
  /** The token was exchanged long ago: somebody has a copy. The connection is ended. */
  | { kind: 'reused' }

export interface ConnectionStore {
  /**
   * Opens a connection for a person who was authenticated as `user`, in place of earlier ones where there may be `one`.
   * `undefined`: the person was disabled or signed out everywhere since.
   */
  open(
    connection: NewConnection,
    user: Pick<User, 'epoch'>,
    limit: 'one' | 'many',
    event: Pick<AuditEvent, 'at' | 'actor'>,
  ): Promise<Connection | undefined>
  /** Exchanges a refresh token: one compare-and-set on the generation. */
  rotate(presented: PresentedRefreshToken, rules: RotationRules): Promise<Rotation>
  find(id: string): Promise<Connection | undefined>
  /** A live connection of this person to this app, the newest. */
  findBetween(userId: string, clientId: string, now: UnixSeconds): Promise<Connection | undefined>
  /** Every app that a person has a live connection to, the one connected last first. */
  listOf(userId: string, now: UnixSeconds): Promise<ConnectedApp[]>
  /** Ends a connection of this client, and its access tokens. `false`: it has no such connection. */
  end(id: string, clientId: string, now: UnixSeconds): Promise<boolean>
  /**
   * A person disconnects an app: ends every connection between the two, their access tokens, and the codes that would
   * have given another. `false`: there was nothing.
   */
  endBetween(userId: string, clientId: string, now: UnixSeconds): Promise<boolean>
  /** Deletes expired ones, a batch at most; says how many. Their last access tokens expire by themselves. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

/** Connections over either database. Each write is one transaction; who won is in what it returns. */
export function createConnectionStore(database: Database): ConnectionStore {
  const { kysely } = database
  return {
    open: (connection, user, limit, event) =>
      database.transact(function* () {
        const locked = yield* lockUser(database, connection.user_id)
        if (!locked || locked.epoch !== user.epoch) return undefined
        return yield* openConnection(database, connection, limit, event)
      }),

    rotate: (presented, rules) => database.transact(() => rotate(database, presented, rules)),

    find: async (id) =>
      mayBeStored(id)
        ? kysely.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirst()
        : undefined,

    findBetween: async (userId, clientId, now) =>
      mayBeStored(userId) && mayBeStored(clientId)
        ? kysely
            .selectFrom('connections')
            .selectAll()
            .where('user_id', '=', userId)
            .where('client_id', '=', clientId)
            .where('expires_at', '>', now)
            .orderBy('created_at', 'desc')
            .orderBy('id')
            .limit(1)
            .executeTakeFirst()
        : undefined,

    listOf: async (userId, now) => {
      if (!mayBeStored(userId)) return []
      const connections = await kysely
        .selectFrom('connections')
        .innerJoin('clients', 'clients.id', 'connections.client_id')
        .leftJoin('users', 'users.id', 'clients.owner_id')
        .select([
          'connections.client_id',
          'clients.name as client_name',
          'clients.publisher',
          'users.name as owner_name',
          'connections.scope',
          'connections.created_at',
          'connections.rotated_at',
        ])
        .where('connections.user_id', '=', userId)
        .where('connections.expires_at', '>', now)
        .orderBy('connections.created_at', 'desc')
        .orderBy('connections.id')
        .limit(maxListedConnections)
        .execute()
      return byApp(connections)
    },

    end: async (id, clientId, now) => {
      if (![id, clientId].every(mayBeStored)) return false
      return database.transact(function* () {
        const ended = yield* rows(
          kysely
            .deleteFrom('connections')
            .where('id', '=', id)
            .where('client_id', '=', clientId)
            .returning(endedColumns),
        )
        yield* recordEnd(database, ended, {
          at: now,
          actor: `client:${clientId}`,
          action: 'connection.ended',
        })
        return ended.length > 0
      })
    },

    endBetween: async (userId, clientId, now) => {
      if (![userId, clientId].every(mayBeStored)) return false
      return database.transact(function* () {
        // Whoever redeems a code of theirs waits for this, and finds it gone, or comes before, and is ended.
        yield* lockUser(database, userId)
        const between = { user_id: userId, client_id: clientId }
        const codes = yield* rows(
          kysely
            .deleteFrom('authorization_codes')
            .where((where) => where.and(between))
            .where('spent_at', 'is', null)
            .returning('code_hash'),
        )
        const ended = yield* rows(
          kysely
            .deleteFrom('connections')
            .where((where) => where.and(between))
            .returning(endedColumns),
        )
        yield* recordEnd(database, ended, { at: now, actor: `user:${userId}`, action: 'connection.ended' })
        return codes.length + ended.length > 0
      })
    },

    purge: (now, limit) => purgeExpired(database, 'connections', now, limit),
  }
}

function byApp(connections: readonly ConnectedApp[]): ConnectedApp[] {
  const apps = new Map<string, ConnectedApp>()
  for (const connection of connections) {
    const app = apps.get(connection.client_id)
    apps.set(connection.client_id, app ? joined(app, connection) : connection)
  }
  return [...apps.values()]
}

const joined = (app: ConnectedApp, other: ConnectedApp): ConnectedApp => ({
  ...app,
  scope: parseScope(`${app.scope} ${other.scope}`).join(' '),
  created_at: Math.min(app.created_at, other.created_at),
  rotated_at: Math.max(app.rotated_at, other.rotated_at),
})

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
const subjectOf = ({ id, client_id, user_id }: EndedConnection): string =>
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

function* rotate(
  database: Database,
  presented: PresentedRefreshToken,
  rules: RotationRules,
): Transaction<Rotation> {
  for (let attempt = 1; attempt <= maxRotationAttempts; attempt++) {
    const found = yield* findWithUser(database, presented.connectionId)
    const refusal = refuse(found, presented, rules.now)
    if (!found || refusal !== undefined) return { kind: 'unknown', reason: refusal ?? 'no such connection' }
    const { connection, user } = found
    const isRetry = presented.generation < connection.generation
    if (isRetry && !isWithinGrace(connection, presented.generation, rules)) {
      return yield* endReused(database, connection, rules.now)
    }
    presented.check?.(connection, user)
    if (isRetry) return { kind: 'current', connection, user }
    const advanced = yield* advance(database, connection, presented.generation, rules)
    if (advanced) return { kind: 'current', connection: advanced, user }
  }
  throw new StoreUnavailable('Others were first to rotate the connection, again and again.')
}

interface ConnectionWithUser {
  connection: Connection
  user: Grantor & Pick<User, 'disabled_at'>
}

/**
 * In one statement, so that both are of one moment: the epoch of a person who just changed their password must not meet
 * a connection that this change ended.
 */
function* findWithUser({ kysely }: Database, id: string): Transaction<ConnectionWithUser | undefined> {
  if (!mayBeStored(id)) return undefined
  const found = yield* firstRow(
    kysely
      .selectFrom('connections')
      .innerJoin('users', 'users.id', 'connections.user_id')
      .selectAll('connections')
      .select(['users.epoch', 'users.scope as user_scope', 'users.disabled_at'])
      .where('connections.id', '=', id),
  )
  if (!found) return undefined
  const { epoch, user_scope, disabled_at, ...connection } = found
  return { connection, user: { id: connection.user_id, epoch, scope: user_scope, disabled_at } }
}

/** Why the token counts for nothing, for the log; `undefined`: it is one of this connection's. */
function refuse(
  found: ConnectionWithUser | undefined,
  presented: PresentedRefreshToken,
  now: UnixSeconds,
): string | undefined {
  if (!found) return 'no such connection'
  const { connection, user } = found
  if (!presented.isMadeUnder(connection.seed)) return 'the token was not made under this seed'
  if (connection.client_id !== presented.clientId) return "another client's connection"
  if (user.disabled_at !== null) return 'the person is disabled'
  if (connection.expires_at <= now) return 'expired'
  return undefined
}

/**
 * Moves the row on from the generation that was presented. It may lie above the row's: then the row is older than the
 * token (a restored backup), and catches up; what lies between counts as exchanged now. `undefined`: another rotation
 * was first.
 */
function* advance(
  database: Database,
  connection: Connection,
  presented: number,
  { now, graceSeconds, lifetimeSeconds, keyNumber, isRotating }: RotationRules,
): Transaction<Connection | undefined> {
  const { id, generation, absolute_expires_at } = connection
  const next = isRotating ? presented + 1 : presented
  const advanced = yield* firstRow(
    database.kysely
      .updateTable('connections')
      .set({
        ...(next > generation ? { ...periodAt(connection, now, graceSeconds), generation: next } : {}),
        ...(isRotating ? { key_number: keyNumber } : {}),
        rotated_at: now,
        expires_at: Math.min(now + lifetimeSeconds, absolute_expires_at),
      })
      .where('id', '=', id)
      .where('generation', '=', generation)
      .returningAll(),
  )
  if (advanced && presented > generation) {
    const event = { at: now, actor: 'server', action: 'connection.caught_up', subject: subjectOf(advanced) }
    yield* writeAuditEvent(database, event)
  }
  return advanced
}

type Period = Pick<Connection, 'period_generation' | 'earlier_generation' | 'period_started_at'>

/** The grace period that a rotation at this moment falls into, and with which generations it and the one before began. */
function periodAt(connection: Connection, now: UnixSeconds, graceSeconds: number): Period {
  const { generation, period_generation, earlier_generation, period_started_at } = connection
  const age = now - period_started_at
  if (age < graceSeconds) return { period_generation, earlier_generation, period_started_at }
  return {
    period_generation: generation,
    earlier_generation: age < 2 * graceSeconds ? period_generation : generation,
    period_started_at: now,
  }
}

/** Whether a token that was exchanged already may still ask for the current one, at whatever moment it was exchanged. */
function isWithinGrace(connection: Connection, presented: number, rules: RotationRules): boolean {
  const { generation, period_generation, earlier_generation, period_started_at } = connection
  const age = rules.now - period_started_at
  if (age < rules.graceSeconds) return presented >= earlier_generation
  if (age < 2 * rules.graceSeconds) return presented >= period_generation
  return presented >= generation
}

function* endReused(database: Database, { id }: Connection, now: UnixSeconds): Transaction<Rotation> {
  const ended = yield* rows(
    database.kysely.deleteFrom('connections').where('id', '=', id).returning(endedColumns),
  )
  const [connection] = ended
  const actor = `client:${connection?.client_id}`
  yield* recordEnd(database, ended, { at: now, actor, action: 'connection.ended_by_reuse' })
  return { kind: 'reused' }
}
