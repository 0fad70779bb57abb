import type { UnixSeconds } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { type Database, firstRow, type Transaction } from './database.ts'
import { purgeExpired } from './purge.ts'

/** How long an audit event is kept, in seconds: 400 days, so that a year can be looked back on. */
const auditRetentionSeconds = 400 * 86_400

/** What happened, written in the transaction that made it happen. Holds identifiers, never a secret. */
export interface AuditEvent {
  at: UnixSeconds
  /** Who did it: `client:ID`, `user:ID`, `command-line`, `server`. */
  actor: string
  /** What was done, as `noun.verb`: `client.disabled`, `token.revoked`. */
  action: string
  /** To whom or what. */
  subject: string
}

export interface AuditStore {
  /** The newest events, newest first. */
  list(limit: number): Promise<AuditEvent[]>
  /** Deletes expired events, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

export function createAuditStore(database: Database): AuditStore {
  const { kysely } = database
  return {
    list: (limit) =>
      kysely
        .selectFrom('audit_events')
        .select(['at', 'actor', 'action', 'subject'])
        // In the order of `at`, since all are kept equally long, and this one has an index.
        .orderBy('expires_at', 'desc')
        .limit(limit)
        .execute(),

    purge: (now, limit) => purgeExpired(database, 'audit_events', now, limit),
  }
}

/** Inside a transaction: writes the event. */
export function* writeAuditEvent({ kysely }: Database, event: AuditEvent): Transaction<void> {
  const row = { id: randomId(), ...event, expires_at: event.at + auditRetentionSeconds }
  yield* firstRow(kysely.insertInto('audit_events').values(row))
}
