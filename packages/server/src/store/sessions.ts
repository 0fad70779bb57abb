import type { Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows, type Transaction } from './database.ts'
import { purgeExpired } from './purge.ts'
import type { Schema } from './schema.ts'
import { lockUser, type User } from './users.ts'

/** People who are signed in in one browser at most; one more takes the place of the one who signed in first. */
export const maxAccountsPerSession = 10

/** How often a session's use is written down at most, in seconds: not with every page. */
export const sessionUseIntervalSeconds = 300

export type Session = Selectable<Schema['sessions']>

/** Someone who is signed in in a browser. */
export interface SignedInAccount
  extends Pick<User, 'id' | 'username' | 'name' | 'scope' | 'email' | 'epoch'> {
  signed_in_at: UnixSeconds
}

export interface SessionWithAccounts extends Session {
  /** In the order in which they signed in; one at least. */
  accounts: SignedInAccount[]
}

export interface SessionLifetimes {
  /** How long it may lie unused, in seconds. */
  idleLifetimeSeconds: number
  /** How long it lives at most, however much it is used, in seconds. */
  lifetimeSeconds: number
}

export interface NewSignIn extends SessionLifetimes {
  /** The hash of the session that the browser has, if any: it is known by `newHash` from now on. */
  sessionHash: string | undefined
  newHash: string
  /** As authenticated: where the epoch was raised since, nobody is signed in. */
  user: Pick<User, 'id' | 'epoch'>
  event: AuditEvent
}

export interface SessionStore {
  /**
   * A live session, with the people who are signed in. Writes its use down now and then. `undefined`: there is none, or
   * nobody is signed in in it any more.
   */
  use(
    sessionHash: string,
    now: UnixSeconds,
    lifetimes: SessionLifetimes,
  ): Promise<SessionWithAccounts | undefined>
  /**
   * Signs a person in under a new hash, beside those who are signed in; the old hash is none from then on. A session that
   * expired is not taken up again. `false`: the person was disabled or signed out everywhere meanwhile.
   */
  signIn(signIn: NewSignIn): Promise<boolean>
  /**
   * Signs one person out of this browser, or everyone in it; the session goes with its last one. `false`: nobody was
   * signed in so.
   */
  signOut(sessionHash: string, userId: string | undefined, event: AuditEvent): Promise<boolean>
  /** Deletes expired ones, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

export function createSessionStore(database: Database): SessionStore {
  const { kysely } = database
  return {
    async use(sessionHash, now, lifetimes) {
      const found = await findSession(database, sessionHash, now)
      if (!found || now - found.last_used_at < useIntervalOf(lifetimes)) return found
      const use = { last_used_at: now, expires_at: expiryOf(found.created_at, now, lifetimes) }
      await database.transact(function* () {
        yield* rows(kysely.updateTable('sessions').set(use).where('session_hash', '=', sessionHash))
      })
      return { ...found, ...use }
    },

    signIn: (signIn) => database.transact(() => signInTo(database, signIn)),

    signOut: async (sessionHash, userId, event) => {
      if (userId !== undefined && !mayBeStored(userId)) return false
      return database.transact(() => signOutOf(database, sessionHash, userId, event))
    },

    purge: (now, limit) => purgeExpired(database, 'sessions', now, limit),
  }
}

/** In one statement: who signs in while it is read, under another hash, is not seen through this one. */
async function findSession(
  { kysely }: Database,
  sessionHash: string,
  now: UnixSeconds,
): Promise<SessionWithAccounts | undefined> {
  const found = await kysely
    .selectFrom('sessions')
    .innerJoin('session_accounts', 'session_accounts.session_id', 'sessions.id')
    .innerJoin('users', 'users.id', 'session_accounts.user_id')
    .select([
      'sessions.id as session_id',
      'sessions.created_at',
      'sessions.last_used_at',
      'sessions.expires_at',
      'users.id',
      'users.username',
      'users.name',
      'users.scope',
      'users.email',
      'users.epoch',
      'session_accounts.signed_in_at',
    ])
    .where('sessions.session_hash', '=', sessionHash)
    .where('sessions.expires_at', '>', now)
    .where('users.disabled_at', 'is', null)
    .orderBy('session_accounts.signed_in_at')
    .orderBy('users.id')
    .limit(maxAccountsPerSession)
    .execute()
  const [first] = found
  if (!first) return undefined
  const { session_id, created_at, last_used_at, expires_at } = first
  const accounts = found.map(({ id, username, name, scope, email, epoch, signed_in_at }) => ({
    id,
    username,
    name,
    scope,
    email,
    epoch,
    signed_in_at,
  }))
  return { id: session_id, session_hash: sessionHash, created_at, last_used_at, expires_at, accounts }
}

/** Shorter where a session may not lie unused for long, so that none ends while it is used. */
const useIntervalOf = ({ idleLifetimeSeconds }: SessionLifetimes): number =>
  Math.min(sessionUseIntervalSeconds, idleLifetimeSeconds / 10)

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
  yield* makeRoom(database, sessionId, user.id)
  yield* writeAuditEvent(database, event)
  return true
}

/** Signs those out who signed in first, where there are too many beside the one who signs in. */
function* makeRoom({ kysely }: Database, sessionId: string, userId: string): Transaction<void> {
  const surplus = kysely
    .selectFrom('session_accounts')
    .select('user_id')
    .where('session_id', '=', sessionId)
    .where('user_id', '!=', userId)
    .orderBy('signed_in_at', 'desc')
    .orderBy('user_id')
    .offset(maxAccountsPerSession - 1)
    .limit(maxAccountsPerSession)
  yield* rows(
    kysely.deleteFrom('session_accounts').where('session_id', '=', sessionId).where('user_id', 'in', surplus),
  )
}

/** The browser's session under its new hash; a new one where it has none that lives. */
function* moveOrMake(database: Database, signIn: NewSignIn): Transaction<string> {
  const { kysely } = database
  const { sessionHash, newHash, event } = signIn
  const now = event.at
  const moved = sessionHash === undefined ? undefined : yield* lockSession(database, sessionHash, now)
  const created_at = moved ? moved.created_at : now
  const session = {
    session_hash: newHash,
    last_used_at: now,
    expires_at: expiryOf(created_at, now, signIn),
  }
  if (moved) {
    yield* rows(kysely.updateTable('sessions').set(session).where('id', '=', moved.id))
    return moved.id
  }
  const id = randomId()
  yield* rows(kysely.insertInto('sessions').values({ id, created_at, ...session }))
  return id
}

function* signOutOf(
  database: Database,
  sessionHash: string,
  userId: string | undefined,
  event: AuditEvent,
): Transaction<boolean> {
  const { kysely } = database
  const session = yield* lockSession(database, sessionHash, event.at)
  if (!session) return false
  const accounts = kysely.deleteFrom('session_accounts').where('session_id', '=', session.id)
  const signedOut = yield* rows(
    (userId === undefined ? accounts : accounts.where('user_id', '=', userId)).returning('user_id'),
  )
  const left = yield* firstRow(
    kysely.selectFrom('session_accounts').select('user_id').where('session_id', '=', session.id),
  )
  if (!left) yield* rows(kysely.deleteFrom('sessions').where('id', '=', session.id))
  if (signedOut.length > 0) yield* writeAuditEvent(database, event)
  return signedOut.length > 0
}

/** Inside a transaction: a live session that nobody else signs in to or out of until the commit. */
function* lockSession(
  { kysely }: Database,
  sessionHash: string,
  now: UnixSeconds,
): Transaction<Pick<Session, 'id' | 'created_at'> | undefined> {
  return yield* firstRow(
    kysely
      .updateTable('sessions')
      .set((expression) => ({ created_at: expression.ref('created_at') }))
      .where('session_hash', '=', sessionHash)
      .where('expires_at', '>', now)
      .returning(['id', 'created_at']),
  )
}
