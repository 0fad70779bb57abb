import { sql } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows, type Transaction } from './database.ts'
import { appendEpoch, changeConfiguration } from './revocations.ts'

/** A person. */
export interface User {
  id: string
  /** What they sign in with; `external:ID` for those whom another system knows. */
  username: string
  /** As shown to people. */
  name: string
  /** A PHC string or an imported hash; empty: another system checks their password. */
  password_hash: string
  /** The scopes that they may grant, space separated; null: all of the API's. */
  scope: string | null
  /** In lower case; null: unknown. No two people have one. */
  email: string | null
  /** Tokens of a lower epoch are ended. */
  epoch: number
  disabled_at: UnixSeconds | null
  created_at: UnixSeconds
}

export type NewUser = Omit<User, 'epoch' | 'disabled_at' | 'scope' | 'email'> &
  Partial<Pick<User, 'scope' | 'email'>>

/** What another system says of a person each time they sign in. */
export type ExternalUser = Pick<User, 'id' | 'name' | 'scope' | 'email'>

export interface UserStore {
  find(id: string): Promise<User | undefined>
  findByUsername(username: string): Promise<User | undefined>
  /** @param email in lower case. */
  findByEmail(email: string): Promise<User | undefined>
  /** In order of their usernames, after `after`, `limit` at most. */
  list(limit: number, after?: string): Promise<User[]>
  /** `false`: the id, the username or the address is taken. */
  add(user: NewUser, event: AuditEvent): Promise<boolean>
  /** Adds them all, or none: then it names the first whose id, username or address is taken. */
  import(users: readonly NewUser[], event: (user: NewUser) => AuditEvent): Promise<NewUser | undefined>
  /**
   * Writes down what another system said of a person: a new row, or what changed. Where their scope became smaller their
   * tokens end, as {@link UserStore.setScope} says. `undefined`: they are disabled here.
   */
  recordExternal(user: ExternalUser, event: AuditEvent): Promise<User | undefined>
  /** Refuses the person and the clients they own from now on, and ends the tokens of both. `false`: unknown, or disabled. */
  disable(id: string, event: AuditEvent): Promise<boolean>
  /** Changes the password, and ends their sessions, connections and tokens. `false`: unknown, or disabled. */
  setPassword(id: string, passwordHash: string, event: AuditEvent): Promise<boolean>
  /** Keeps a better hash of the same password; nothing where it was changed meanwhile. */
  upgradePasswordHash(id: string, from: string, to: string): Promise<void>
  /**
   * Changes what a person may grant. What they had and lose ends every token of theirs at once; their sessions and
   * connections stay, and give tokens without it. `false`: unknown, or disabled.
   */
  setScope(id: string, scope: string | null, event: AuditEvent): Promise<boolean>
  /** Ends all their sessions, connections and tokens. `false`: unknown, or disabled. */
  signOutEverywhere(id: string, event: AuditEvent): Promise<boolean>
}

export function createUserStore(database: Database): UserStore {
  const { kysely } = database
  const active = (id: string) =>
    kysely.updateTable('users').where('id', '=', id).where('disabled_at', 'is', null)
  const findBy = async (column: 'id' | 'username' | 'email', value: string) =>
    mayBeStored(value)
      ? kysely.selectFrom('users').selectAll().where(column, '=', value).executeTakeFirst()
      : undefined

  return {
    find: (id) => findBy('id', id),
    findByUsername: (username) => findBy('username', username),
    findByEmail: (email) => findBy('email', email),

    list: (limit, after = '') =>
      kysely
        .selectFrom('users')
        .selectAll()
        .where('username', '>', after)
        .orderBy('username')
        .limit(limit)
        .execute(),

    add: (user, event) => database.transact(() => addUser(database, user, event)),

    import: async (users, event) => {
      try {
        await database.transact(function* () {
          for (const user of users) {
            if (!(yield* addUser(database, user, event(user)))) throw new Taken(user)
          }
        })
        return undefined
      } catch (error) {
        if (error instanceof Taken) return error.user
        throw error
      }
    },

    recordExternal: (person, event) => database.transact(() => recordExternal(database, person, event)),

    disable: (id, event) =>
      database.transact(function* () {
        const user = yield* firstRow(
          active(id).set({ disabled_at: event.at, epoch: sql`epoch + 1` }).returning('epoch'),
        )
        if (!user) return false
        yield* endSessionsAndConnections(database, id)
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

    setPassword: (id, password_hash, event) =>
      database.transact(function* () {
        const user = yield* firstRow(
          active(id).set({ password_hash, epoch: sql`epoch + 1` }).returning('epoch'),
        )
        return user ? yield* endEverything(database, id, user.epoch, event) : false
      }),

    upgradePasswordHash: (id, from, to) =>
      database.transact(function* () {
        yield* rows(active(id).set({ password_hash: to }).where('password_hash', '=', from))
      }),

    setScope: (id, scope, event) =>
      database.transact(function* () {
        const user = yield* firstRow(
          active(id)
            .set((expression) => ({ name: expression.ref('name') }))
            .returningAll(),
        )
        if (!user) return false
        yield* writeAuditEvent(database, event)
        yield* changeScope(database, user, scope, event.at)
        return true
      }),

    signOutEverywhere: (id, event) =>
      database.transact(function* () {
        const user = yield* firstRow(active(id).set({ epoch: sql`epoch + 1` }).returning('epoch'))
        return user ? yield* endEverything(database, id, user.epoch, event) : false
      }),
  }
}

/** Ends an import: nothing of it is kept. */
class Taken extends Error {
  readonly user: NewUser
  constructor(user: NewUser) {
    super('taken')
    this.user = user
  }
}

function* addUser(database: Database, user: NewUser, event: AuditEvent): Transaction<boolean> {
  const inserted = yield* firstRow(
    database.kysely
      .insertInto('users')
      .values({ scope: null, email: null, ...user, disabled_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id'),
  )
  if (inserted) yield* writeAuditEvent(database, event)
  return inserted !== undefined
}

function* recordExternal(
  database: Database,
  person: ExternalUser,
  event: AuditEvent,
): Transaction<User | undefined> {
  const { kysely } = database
  const { id, name, scope, email } = person
  const added = yield* addUser(
    database,
    { id, username: `external:${id}`, name, scope, email: null, password_hash: '', created_at: event.at },
    event,
  )
  const user = yield* firstRow(
    kysely
      .updateTable('users')
      .set({ name })
      .where('id', '=', id)
      .where('disabled_at', 'is', null)
      .returningAll(),
  )
  if (!user) return undefined
  if (email !== null && email !== user.email) {
    // Another system's word does not take an address away from someone else.
    const taken = yield* firstRow(kysely.selectFrom('users').select('id').where('email', '=', email))
    if (!taken) yield* rows(kysely.updateTable('users').set({ email }).where('id', '=', id))
  }
  if (!added) yield* changeScope(database, user, scope, event.at)
  return yield* firstRow(kysely.selectFrom('users').selectAll().where('id', '=', id))
}

/** Inside a transaction that has locked the row. Losing a scope raises the epoch. */
function* changeScope(
  database: Database,
  user: User,
  scope: string | null,
  now: UnixSeconds,
): Transaction<void> {
  if (scope === user.scope) return
  const isLosing = isNarrower(scope, user.scope)
  const epoch = isLosing ? user.epoch + 1 : user.epoch
  yield* rows(database.kysely.updateTable('users').set({ scope, epoch }).where('id', '=', user.id))
  if (isLosing) yield* appendEpoch(database, { kind: 'user', subject: user.id, epoch, now })
}

function isNarrower(scope: string | null, before: string | null): boolean {
  if (scope === null) return false
  const kept = new Set(scope.split(' '))
  return before === null || !before.split(' ').every((token) => kept.has(token))
}

function* endEverything(
  database: Database,
  id: string,
  epoch: number,
  event: AuditEvent,
): Transaction<boolean> {
  yield* endSessionsAndConnections(database, id)
  yield* writeAuditEvent(database, event)
  yield* appendEpoch(database, { kind: 'user', subject: id, epoch, now: event.at })
  return true
}

/** The tokens of these connections carry the person's epoch, which was raised: no entry for each is needed. */
function* endSessionsAndConnections({ kysely }: Database, id: string): Transaction<void> {
  yield* rows(kysely.deleteFrom('authorization_codes').where('user_id', '=', id))
  yield* rows(kysely.deleteFrom('connections').where('user_id', '=', id))
  yield* rows(kysely.deleteFrom('session_accounts').where('user_id', '=', id))
  yield* rows(kysely.deleteFrom('mail_links').where('user_id', '=', id))
}
