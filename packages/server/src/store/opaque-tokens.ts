import type { Insertable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, rows } from './database.ts'
import { purgeExpired } from './purge.ts'
import { appendRevocation } from './revocations.ts'
import type { Schema } from './schema.ts'

/** An opaque access token, known by the SHA-256 of its text alone. */
export type OpaqueToken = Insertable<Schema['opaque_tokens']>

export interface OpaqueTokenStore {
  add(token: OpaqueToken): Promise<void>
  find(tokenHash: string, now: UnixSeconds): Promise<OpaqueToken | undefined>
  /** Deletes the client's own token and tells the guards. `false`: there is no such token of this client. */
  revoke(tokenHash: string, clientId: string, event: Omit<AuditEvent, 'subject'>): Promise<boolean>
  /** Deletes expired tokens, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

/** Opaque tokens over either database, by their hashes alone. */
export function createOpaqueTokenStore(database: Database): OpaqueTokenStore {
  const { kysely } = database
  return {
    add: (token) =>
      database.transact(function* () {
        yield* rows(kysely.insertInto('opaque_tokens').values(token))
      }),

    find: (tokenHash, now) =>
      kysely
        .selectFrom('opaque_tokens')
        .selectAll()
        .where('token_hash', '=', tokenHash)
        .where('expires_at', '>', now)
        .executeTakeFirst(),

    revoke: (tokenHash, clientId, event) =>
      database.transact(function* () {
        const token = yield* firstRow(
          kysely
            .deleteFrom('opaque_tokens')
            .where('token_hash', '=', tokenHash)
            .where('client_id', '=', clientId)
            .returning(['id', 'client_id', 'expires_at']),
        )
        if (!token) return false
        yield* writeAuditEvent(database, { ...event, subject: `token:${token.id}` })
        const { id: subject, client_id, expires_at } = token
        yield* appendRevocation(
          database,
          { kind: 'token', subject, client_id, epoch: null, expires_at },
          event.at,
        )
        return true
      }),

    purge: (now, limit) => purgeExpired(database, 'opaque_tokens', now, limit),
  }
}
