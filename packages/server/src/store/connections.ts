import type { UnixSeconds } from '../base/clock.ts'
import { parseScope } from '../base/scope.ts'
import type { AuditEvent } from './audit-events.ts'
import { type Connection, endedColumns, type NewConnection, openConnection, recordEnd } from './connection.ts'
import { type Database, mayBeStored, rows } from './database.ts'
import { purgeExpired } from './purge.ts'
import { type PresentedRefreshToken, type Rotation, type RotationRules, rotate } from './rotation.ts'
import { lockUser, type User } from './users.ts'

/** Connections of one person that are read for a page: fifty apps, each as often as it may be. */
const maxListedConnections = 5_000

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
