import { sql } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { parseScope } from '../base/scope.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows, type Transaction } from './database.ts'
import { spendLink } from './mail-links.ts'
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
  /** What a person of another system last signed in with; null: one of our own people. */
  login: string | null
  /** Tokens of a lower epoch are ended. */
  epoch: number
  disabled_at: UnixSeconds | null
  created_at: UnixSeconds
}

export type NewUser = Omit<User, 'epoch' | 'disabled_at' | 'scope' | 'email' | 'login'> &
  Partial<Pick<User, 'scope' | 'email' | 'login'>>

/** What another system says of a person each time they sign in, and what they typed. */
export type ExternalUser = Pick<User, 'id' | 'name' | 'scope' | 'email'> & { login: string }

/** What must still be so when a password is changed. */
export interface PasswordCondition {
  /** The person's epoch. */
  epoch?: number
  /** The mailed link that asked for it lives: it is spent in one. */
  linkHash?: string
}

export interface UserStore {
  find(id: string): Promise<User | undefined>
  findByUsername(username: string): Promise<User | undefined>
  /** @param email in lower case. */
  findByEmail(email: string): Promise<User | undefined>
  /** In order of their usernames, after `after`, `limit` at most. */
  list(limit: number, after?: string): Promise<User[]>
  /**
   * `false`: the id (by a person or a client), the username or the address is taken.
   *
   * @param linkHash the mailed link that asked for it, which is spent in one: where it was already, `false` as well.
   */
  add(user: NewUser, event: AuditEvent, linkHash?: string): Promise<boolean>
  /** Adds them all, or none: then it names the first whose id, username or address is taken. */
  import(users: readonly NewUser[], event: (user: NewUser) => AuditEvent): Promise<NewUser | undefined>
  /**
   * Writes down what another system said of a person: a new row, or what changed. An address that is unknown to it, or
   * that somebody else has, changes nothing. Where their scope became smaller their tokens end, as
   * {@link UserStore.setScope} says. `undefined`: they are disabled here, or the id is that of a person of our own.
   */
  recordExternal(user: ExternalUser, event: AuditEvent): Promise<User | undefined>
  /** Refuses the person and the clients they own from now on, and ends the tokens of both. `false`: unknown, or disabled. */
  disable(id: string, event: AuditEvent): Promise<boolean>
  /**
   * Takes a disabled person back, with the clients they own; what was ended stays so. `false`: unknown, or not
   * disabled.
   */
  enable(id: string, event: AuditEvent): Promise<boolean>
  /**
   * Changes the password, and ends their sessions, connections and tokens. `false`: unknown, disabled, or not so any more.
   */
  setPassword(
    id: string,
    passwordHash: string,
    event: AuditEvent,
    condition?: PasswordCondition,
  ): Promise<boolean>
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

/** People over either database. What ends their tokens raises their epoch in the same transaction. */
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

    add: (user, event, linkHash) =>
      database.transact(function* () {
        const mayAdd = linkHash === undefined || (yield* spendLink(database, linkHash, 'sign_up', event.at))
        return mayAdd && (yield* addUser(database, user, event))
      }),

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
        const owned = yield* rows(
          kysely
            .updateTable('clients')
            .set({ epoch: sql`epoch + 1` })
            .where('owner_id', '=', id)
            .returning(['id', 'epoch']),
        )
        const now = event.at
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        for (const client of owned) {
          yield* appendEpoch(database, { kind: 'client', subject: client.id, epoch: client.epoch, now })
        }
        yield* appendEpoch(database, { kind: 'user', subject: id, epoch: user.epoch, now })
        return true
      }),

    enable: (id, event) =>
      database.transact(function* () {
        const user = yield* firstRow(
          kysely
            .updateTable('users')
            .set({ disabled_at: null })
            .where('id', '=', id)
            .where('disabled_at', 'is not', null)
            .returning('id'),
        )
        if (!user) return false
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        return true
      }),

    setPassword: (id, password_hash, event, { epoch, linkHash } = {}) =>
      database.transact(function* () {
        if (linkHash !== undefined && !(yield* spendLink(database, linkHash, 'reset_password', event.at))) {
          return false
        }
        const person = epoch === undefined ? active(id) : active(id).where('epoch', '=', epoch)
        const user = yield* firstRow(person.set({ password_hash, epoch: sql`epoch + 1` }).returning('epoch'))
        return user ? yield* endEverything(database, id, user.epoch, event) : false
      }),

    upgradePasswordHash: (id, from, to) =>
      database.transact(function* () {
        yield* rows(active(id).set({ password_hash: to }).where('password_hash', '=', from))
      }),

    setScope: (id, scope, event) =>
      database.transact(function* () {
        const user = yield* lockUser(database, id)
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

/**
 * Inside a transaction, as its first step: locks an active person's row, so that a disable or a change of password
 * comes wholly before or wholly after. `undefined`: there is no such person, or they are disabled.
 */
export function* lockUser(
  { kysely }: Database,
  id: string,
): Transaction<Pick<User, 'id' | 'epoch' | 'scope'> | undefined> {
  return yield* firstRow(
    kysely
      .updateTable('users')
      .set((expression) => ({ name: expression.ref('name') }))
      .where('id', '=', id)
      .where('disabled_at', 'is', null)
      .returning(['id', 'epoch', 'scope']),
  )
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
  const client = yield* firstRow(database.kysely.selectFrom('clients').select('id').where('id', '=', user.id))
  if (client) return false
  const inserted = yield* firstRow(
    database.kysely
      .insertInto('users')
      .values({ scope: null, email: null, login: null, ...user, disabled_at: null })
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
  const { id, name, scope, login } = person
  // By the username too: another system's id is not one of our own people's.
  const theirs = { id, username: `external:${id}` }
  const known = yield* firstRow(
    kysely
      .updateTable('users')
      .set({ name, login })
      .where((where) => where.and(theirs))
      .where('disabled_at', 'is', null)
      .returningAll(),
  )
  if (!known) {
    yield* addExternal(database, person, event)
  } else {
    yield* changeEmail(database, known, person.email)
    if (scope !== known.scope) yield* writeAuditEvent(database, { ...event, action: 'user.scope_changed' })
    yield* changeScope(database, known, scope, event.at)
  }
  return yield* firstRow(
    kysely
      .selectFrom('users')
      .selectAll()
      .where((where) => where.and(theirs))
      .where('disabled_at', 'is', null),
  )
}

/** Another system's word does not take an address away from someone else: then they are added without. */
function* addExternal(database: Database, person: ExternalUser, event: AuditEvent): Transaction<void> {
  const { id, name, scope, email, login } = person
  const user = {
    id,
    username: `external:${id}`,
    name,
    scope,
    email,
    login,
    password_hash: '',
    created_at: event.at,
  }
  const isAdded = yield* addUser(database, user, event)
  if (!isAdded && email !== null) yield* addUser(database, { ...user, email: null }, event)
}

function* changeEmail({ kysely }: Database, user: User, email: string | null): Transaction<void> {
  if (email === null || email === user.email) return
  const taken = kysely.selectFrom('users').select('id').where('email', '=', email)
  yield* rows(
    kysely
      .updateTable('users')
      .set({ email })
      .where('id', '=', user.id)
      .where((where) => where.not(where.exists(taken))),
  )
}

/** Inside a transaction that has locked the row, as its last step. Losing a scope raises the epoch. */
function* changeScope(
  database: Database,
  user: Pick<User, 'id' | 'epoch' | 'scope'>,
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
  const kept = new Set(parseScope(scope))
  return before === null || !parseScope(before).every((token) => kept.has(token))
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
