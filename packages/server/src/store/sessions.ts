import type { Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { lockUser } from './connections.ts'
import { type Database, firstRow, rows, type Transaction } from './database.ts'
import type { Schema } from './schema.ts'
import type { User } from './users.ts'

/** People who are signed in in one browser at most; one more takes the place of the one who signed in first. */
export const maxAccountsPerSession = 10

/** How often a session's use is written down, in seconds: not with every page. */
export const sessionUseIntervalSeconds = 300

export type Session = Selectable<Schema['sessions']>

/** Someone who is signed in in a browser. */
export interface SignedInAccount
  extends Pick<User, 'id' | 'username' | 'name' | 'scope' | 'email' | 'epoch'> {
  signed_in_at: UnixSeconds
}

export interface SessionWithAccounts extends Session {
  /** In the order in which they signed in. */
  accounts: SignedInAccount[]
}

export interface SessionLifetimes {
  idleLifetimeSeconds: number
  lifetimeSeconds: number
}

export interface NewSignIn extends SessionLifetimes {
  /** The hash of the session that the browser has, if any: it is known by `newHash` from now on. */
  sessionHash: string | undefined
  newHash: string
  /** As authenticated: where epoch or password changed since, nobody is signed in. */
  user: Pick<User, 'id' | 'epoch'>
  event: AuditEvent
}

export interface SessionStore {
  /** A live session, with the people who may still sign in. Writes its use down now and then. */
  use(
    sessionHash: string,
    now: UnixSeconds,
    lifetimes: SessionLifetimes,
  ): Promise<SessionWithAccounts | undefined>
  /** Signs a person in under a new session id, beside those who are signed in. `false`: they were disabled meanwhile. */
  signIn(signIn: NewSignIn): Promise<boolean>
  /** Signs one person out of this browser, or everyone in it; the session goes with its last one. */
  signOut(sessionHash: string, userId: string | undefined, event: AuditEvent): Promise<void>
  /** Deletes expired ones, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

export function createSessionStore(database: Database): SessionStore {
  const { kysely } = database
  return {
    async use(sessionHash, now, lifetimes) {
      const session = await kysely
        .selectFrom('sessions')
        .selectAll()
        .where('session_hash', '=', sessionHash)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      if (!session) return undefined
      const accounts = await kysely
        .selectFrom('session_accounts')
        .innerJoin('users', 'users.id', 'session_accounts.user_id')
        .select([
          'users.id',
          'users.username',
          'users.name',
          'users.scope',
          'users.email',
          'users.epoch',
          'session_accounts.signed_in_at',
        ])
        .where('session_accounts.session_id', '=', session.id)
        .where('users.disabled_at', 'is', null)
        .orderBy('session_accounts.signed_in_at')
        .orderBy('users.id')
        .limit(maxAccountsPerSession)
        .execute()
      if (now - session.last_used_at >= sessionUseIntervalSeconds) await writeUse(session.id, now, lifetimes)
      return { ...session, accounts }
    },

    signIn: (signIn) => database.transact(() => signInTo(database, signIn)),

    signOut: (sessionHash, userId, event) =>
      database.transact(function* () {
        const session = yield* firstRow(
          kysely.selectFrom('sessions').select('id').where('session_hash', '=', sessionHash),
        )
        if (!session) return
        const accounts = kysely.deleteFrom('session_accounts').where('session_id', '=', session.id)
        yield* rows(userId === undefined ? accounts : accounts.where('user_id', '=', userId))
        const left = yield* firstRow(
          kysely.selectFrom('session_accounts').select('user_id').where('session_id', '=', session.id),
        )
        if (!left) yield* rows(kysely.deleteFrom('sessions').where('id', '=', session.id))
        yield* writeAuditEvent(database, event)
      }),

    purge: (now, limit) =>
      database.transact(function* () {
        const expired = kysely.selectFrom('sessions').select('id').where('expires_at', '<=', now).limit(limit)
        const purged = yield* rows(kysely.deleteFrom('sessions').where('id', 'in', expired).returning('id'))
        return purged.length
      }),
  }

  function writeUse(id: string, now: UnixSeconds, lifetimes: SessionLifetimes): Promise<void> {
    return database.transact(function* () {
      const session = yield* firstRow(kysely.selectFrom('sessions').select('created_at').where('id', '=', id))
      if (!session) return
      const expires_at = expiryOf(session.created_at, now, lifetimes)
      yield* rows(kysely.updateTable('sessions').set({ last_used_at: now, expires_at }).where('id', '=', id))
    })
  }
}

const expiryOf = (createdAt: UnixSeconds, now: UnixSeconds, lifetimes: SessionLifetimes): UnixSeconds =>
  Math.min(now + lifetimes.idleLifetimeSeconds, createdAt + lifetimes.lifetimeSeconds)

function* signInTo(database: Database, signIn: NewSignIn): Transaction<boolean> {
  const { kysely } = database
  const { user, event } = signIn
  const now = event.at
  const locked = yield* lockUser(database, user.id)
  if (!locked || locked.epoch !== user.epoch) return false
  const sessionId = yield* moveOrMake(database, signIn)
  yield* rows(
    kysely
      .insertInto('session_accounts')
      .values({ session_id: sessionId, user_id: user.id, signed_in_at: now })
      .onConflict((conflict) =>
        conflict.columns(['session_id', 'user_id']).doUpdateSet({ signed_in_at: now }),
      ),
  )
  const surplus = yield* rows(
    kysely
      .selectFrom('session_accounts')
      .select('user_id')
      .where('session_id', '=', sessionId)
      .orderBy('signed_in_at', 'desc')
      .orderBy('user_id')
      .offset(maxAccountsPerSession)
      .limit(maxAccountsPerSession),
  )
  for (const { user_id } of surplus) {
    yield* rows(
      kysely
        .deleteFrom('session_accounts')
        .where('session_id', '=', sessionId)
        .where('user_id', '=', user_id),
    )
  }
  yield* writeAuditEvent(database, event)
  return true
}

/** The browser's session under its new hash; a new one where it has none that lives. */
function* moveOrMake({ kysely }: Database, signIn: NewSignIn): Transaction<string> {
  const { sessionHash, newHash, event } = signIn
  const now = event.at
  const moved =
    sessionHash === undefined
      ? undefined
      : yield* firstRow(
          kysely
            .updateTable('sessions')
            .set({ session_hash: newHash, last_used_at: now })
            .where('session_hash', '=', sessionHash)
            .where('expires_at', '>', now)
            .returning('id'),
        )
  if (moved) return moved.id
  const id = randomId()
  const session = {
    id,
    session_hash: newHash,
    created_at: now,
    last_used_at: now,
    expires_at: expiryOf(now, now, signIn),
  }
  yield* rows(kysely.insertInto('sessions').values(session))
  return id
}
