import type { UnixSeconds } from '../base/clock.ts'
import { writeAuditEvent } from './audit-events.ts'
import { type Connection, endedColumns, type Grantor, recordEnd, subjectOf } from './connection.ts'
import { type Database, firstRow, mayBeStored, rows, StoreUnavailable, type Transaction } from './database.ts'
import type { User } from './users.ts'

/** How often a rotation looks again after another one was first. On SQLite none ever is. */
const maxRotationAttempts = 5

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

/** Exchanges a refresh token: one compare-and-set on the generation. */
export function* rotate(
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
