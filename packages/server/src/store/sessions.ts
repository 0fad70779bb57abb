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

/** How long a second sign-in that was sent beside another still finds the session that both were sent from, in seconds. */
export const previousHashSeconds = 30

export type Session = Selectable<Schema['sessions']>

/** Someone who is signed in in a browser. */
export interface SignedInAccount extends Pick<User, 'id' | 'name' | 'scope' | 'email' | 'epoch'> {
  /** What they sign in with: of a person of another system, what they last typed. */
  username: string
  signed_in_at: UnixSeconds
}

export interface SessionWithAccounts extends Omit<Session, 'previous_hash' | 'previous_hash_expires_at'> {
  /** In the order in which they signed in; one at least. */
  accounts: SignedInAccount[]
}

export interface SessionLifetimes {
  /** How long it may lie unused, in seconds. */
  idleLifetimeSeconds: number
  /** How long a person's sign-in lasts at most, however much it is used, in seconds. */
  lifetimeSeconds: number
}

export interface NewSignIn extends SessionLifetimes {
  /** The hash that the browser sent, of a session or of none: a live one is known by `newHash` from now on. */
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
   * Signs a person in under a new hash, beside those who are signed in; the old hash is none from then on, but
   * for another sign-in that was sent with it too: that one goes on without those who signed in since, whom it may not
   * know. A session that expired is not taken up again. `false`: the person was disabled or signed out everywhere meanwhile.
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

/** Who is signed in in which browser, over either database; a browser is known by the hash of its cookie. */
export function createSessionStore(database: Database): SessionStore {
  const { kysely } = database
  return {
    async use(sessionHash, now, lifetimes) {
      const found = await findSession(database, sessionHash, now, lifetimes)
      if (!found || now - found.last_used_at < useIntervalOf(lifetimes)) return found
      const use = { last_used_at: now, expires_at: expiryOf(lastSignInOf(found), now, lifetimes) }
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
  { lifetimeSeconds }: SessionLifetimes,
): Promise<SessionWithAccounts | undefined> {
  const found = await kysely
    .selectFrom('sessions')
    .innerJoin('session_accounts', 'session_accounts.session_id', 'sessions.id')
    .innerJoin('users', 'users.id', 'session_accounts.user_id')
    .select(({ fn }) => [
      'sessions.id as session_id',
      'sessions.created_at',
      'sessions.last_used_at',
      'sessions.expires_at',
      'users.id',
      fn.coalesce('users.login', 'users.username').as('username'),
      'users.name',
      'users.scope',
      'users.email',
      'users.epoch',
      'session_accounts.signed_in_at',
    ])
    .where('sessions.session_hash', '=', sessionHash)
    .where('sessions.expires_at', '>', now)
    .where('session_accounts.signed_in_at', '>', now - lifetimeSeconds)
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

const lastSignInOf = ({ accounts, created_at }: SessionWithAccounts): UnixSeconds =>
  accounts.at(-1)?.signed_in_at ?? created_at

const expiryOf = (lastSignInAt: UnixSeconds, now: UnixSeconds, lifetimes: SessionLifetimes): UnixSeconds =>
  Math.min(now + lifetimes.idleLifetimeSeconds, lastSignInAt + lifetimes.lifetimeSeconds)

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
  const session = { session_hash: newHash, last_used_at: now, expires_at: expiryOf(now, now, signIn) }
  const current = sessionHash === undefined ? undefined : yield* lockSession(database, sessionHash, now)
  if (current) {
    const previous = { previous_hash: sessionHash, previous_hash_expires_at: now + previousHashSeconds }
    const moved = kysely.updateTable('sessions').set({ ...session, ...previous })
    yield* rows(moved.where('id', '=', current.id))
    return current.id
  }
  const id = randomId()
  yield* rows(
    kysely.insertInto('sessions').values({
      id,
      created_at: now,
      previous_hash: null,
      previous_hash_expires_at: null,
      ...session,
    }),
  )
  const left = sessionHash === undefined ? undefined : yield* lockLeftSession(database, sessionHash, now)
  if (left) yield* copyAccounts(database, left, id)
  return id
}

/**
 * Whoever knows the hash that a session had before knows who was signed in then, and nobody who signed in since: those
 * alone come along (session fixation), unless they are being signed out everywhere. The session that was left stays as it
 * is, for the browser that has it.
 */
function* copyAccounts(
  database: Database,
  { id, leftAt }: { id: string; leftAt: UnixSeconds },
  sessionId: string,
): Transaction<void> {
  const { kysely } = database
  const accounts = kysely
    .selectFrom('session_accounts')
    .select(['user_id', 'signed_in_at'])
    .where('session_id', '=', id)
    .where('signed_in_at', '<', leftAt)
  for (const { user_id } of yield* rows(accounts)) {
    yield* lockUser(database, user_id)
    // Looked at once more, now that nobody can sign them out.
    const account = yield* firstRow(accounts.where('user_id', '=', user_id))
    if (account) {
      yield* rows(kysely.insertInto('session_accounts').values({ session_id: sessionId, ...account }))
    }
  }
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
): Transaction<Pick<Session, 'id'> | undefined> {
  return yield* firstRow(
    kysely
      .updateTable('sessions')
      .set((expression) => ({ created_at: expression.ref('created_at') }))
      .where('session_hash', '=', sessionHash)
      .where('expires_at', '>', now)
      .returning('id'),
  )
}

/** Inside a transaction: a live session that had this hash until a sign-in just now, locked, and when that was. */
function* lockLeftSession(
  { kysely }: Database,
  previousHash: string,
  now: UnixSeconds,
): Transaction<{ id: string; leftAt: UnixSeconds } | undefined> {
  const session = yield* firstRow(
    kysely
      .updateTable('sessions')
      .set((expression) => ({ created_at: expression.ref('created_at') }))
      .where('previous_hash', '=', previousHash)
      .where('previous_hash_expires_at', '>', now)
      .where('expires_at', '>', now)
      .returning(['id', 'previous_hash_expires_at']),
  )
  if (!session) return undefined
  return { id: session.id, leftAt: Number(session.previous_hash_expires_at) - previousHashSeconds }
}
