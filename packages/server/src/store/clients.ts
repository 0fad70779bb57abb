import { sql } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { type AuditEvent, writeAuditEvent } from './audit-events.ts'
import { type Database, firstRow, mayBeStored, rows, type Transaction } from './database.ts'
import { appendEpoch, changeConfiguration } from './revocations.ts'
import type { ClientType } from './schema.ts'

/** Secrets of one client that may live at once: the one in use and the one that takes its place. */
export const maxLiveSecrets = 2

/** An application that obtains tokens, or a resource server that asks about them (RFC 6749 §2). */
export interface Client {
  id: string
  name: string
  type: ClientType
  owner_id: string | null
  /** Grant types that it may use, space separated. */
  grant_types: string
  /** The scope that it may ask for, space separated. */
  scope: string
  /** A resource server's own resource indicator (RFC 8707); null for other clients. */
  audience: string | null
  /** Where people may be sent back to (RFC 6749 §3.1.2), space separated; compared exactly. */
  redirect_uris: string
  /** Who made it, as shown to people; null: its owner, or the API's own people. */
  publisher: string | null
  /** Tokens of a lower epoch are ended. */
  epoch: number
  disabled_at: UnixSeconds | null
  created_at: UnixSeconds
}

export interface ClientSecret {
  id: string
  /** SHA-256, base64url. */
  secret_hash: string
  created_at: UnixSeconds
  /** From then on it is refused; null: it has no end. */
  expires_at: UnixSeconds | null
}

/** A client with all that its authentication needs, read in one go. */
export interface ClientWithSecrets extends Client {
  secrets: ClientSecret[]
  isOwnerDisabled: boolean
  owner_name: string | null
}

export type NewClient = Omit<Client, 'epoch' | 'disabled_at' | 'redirect_uris' | 'publisher'> &
  Partial<Pick<Client, 'redirect_uris' | 'publisher'>>

export type ClientChanges = Partial<
  Pick<Client, 'name' | 'grant_types' | 'scope' | 'audience' | 'redirect_uris' | 'publisher'>
>

export interface ClientStore {
  find(id: string): Promise<ClientWithSecrets | undefined>
  /** In order of their ids, after `after`, `limit` at most. */
  list(limit: number, after?: string): Promise<Client[]>
  /** Adds the client, with its secret's hash unless it is public. `false`: the id is taken, by a client or a person. */
  add(client: NewClient, secretHash: string | undefined, event: AuditEvent): Promise<boolean>
  /** Refuses the client from now on and ends its tokens. `false`: unknown, or disabled already. */
  disable(id: string, event: AuditEvent): Promise<boolean>
  /** Changes what a client is called, where it is and what it may do; tokens that it has live on. `false`: there is none of that id. */
  change(id: string, changes: ClientChanges, event: AuditEvent): Promise<boolean>
  /**
   * Adds a secret, and lets those before it live until `oldExpiresAt`; the oldest goes when there would be more than
   * {@link maxLiveSecrets}. `false`: no such client, or one that has no secrets.
   */
  rotateSecret(id: string, secretHash: string, oldExpiresAt: UnixSeconds, event: AuditEvent): Promise<boolean>
}

/**
 * Clients over either database. Each write makes a new version of the configuration, so that what is held of them is
 * read anew.
 */
export function createClientStore(database: Database): ClientStore {
  const { kysely } = database
  return {
    async find(id) {
      if (!mayBeStored(id)) return undefined
      const client = await kysely
        .selectFrom('clients')
        .leftJoin('users', 'users.id', 'clients.owner_id')
        .selectAll('clients')
        .select(['users.disabled_at as owner_disabled_at', 'users.name as owner_name'])
        .where('clients.id', '=', id)
        .executeTakeFirst()
      if (!client) return undefined
      const secrets = await kysely
        .selectFrom('client_secrets')
        .select(['id', 'secret_hash', 'created_at', 'expires_at'])
        .where('client_id', '=', id)
        .orderBy('created_at', 'desc')
        .limit(maxLiveSecrets)
        .execute()
      const { owner_disabled_at, ...row } = client
      return { ...row, secrets, isOwnerDisabled: owner_disabled_at !== null }
    },

    list: (limit, after = '') =>
      kysely.selectFrom('clients').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute(),

    add: (client, secretHash, event) =>
      database.transact(function* () {
        // A token says by its `sub` whose it is, the client's or a person's (RFC 9068 §5).
        const person = yield* firstRow(kysely.selectFrom('users').select('id').where('id', '=', client.id))
        if (person) return false
        const inserted = yield* firstRow(
          kysely
            .insertInto('clients')
            .values({ ...client, disabled_at: null })
            .onConflict((conflict) => conflict.column('id').doNothing())
            .returning('id'),
        )
        if (!inserted) return false
        if (secretHash !== undefined) yield* addSecret(database, client.id, secretHash, event.at)
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        return true
      }),

    disable: (id, event) =>
      database.transact(function* () {
        const client = yield* firstRow(
          kysely
            .updateTable('clients')
            .set({ disabled_at: event.at, epoch: sql`epoch + 1` })
            .where('id', '=', id)
            .where('disabled_at', 'is', null)
            .returning('epoch'),
        )
        if (!client) return false
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        yield* appendEpoch(database, { kind: 'client', subject: id, epoch: client.epoch, now: event.at })
        return true
      }),

    change: (id, changes, event) =>
      database.transact(function* () {
        const changed = yield* firstRow(
          kysely.updateTable('clients').set(changes).where('id', '=', id).returning('id'),
        )
        if (!changed) return false
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        return true
      }),

    rotateSecret: (id, secretHash, oldExpiresAt, event) =>
      database.transact(function* () {
        // Locks the client's row, so that two rotations at once cannot both count the secrets that live.
        const client = yield* firstRow(
          kysely
            .updateTable('clients')
            .set({ name: sql`name` })
            .where('id', '=', id)
            .where('type', '!=', 'public')
            .returning('id'),
        )
        if (!client) return false
        yield* retireSecrets(database, id, oldExpiresAt, event.at)
        yield* addSecret(database, id, secretHash, event.at)
        yield* writeAuditEvent(database, event)
        yield* changeConfiguration(database)
        return true
      }),
  }
}

function* addSecret(
  { kysely }: Database,
  client_id: string,
  secret_hash: string,
  created_at: UnixSeconds,
): Transaction<void> {
  const row = { id: randomId(), client_id, secret_hash, created_at, expires_at: null }
  yield* rows(kysely.insertInto('client_secrets').values(row))
}

/** Keeps the newest secret that still lives, until `oldExpiresAt` at the latest, and deletes the others. */
function* retireSecrets(
  { kysely }: Database,
  clientId: string,
  oldExpiresAt: UnixSeconds,
  now: UnixSeconds,
): Transaction<void> {
  const secrets = yield* rows(
    kysely
      .selectFrom('client_secrets')
      .select(['id', 'expires_at'])
      .where('client_id', '=', clientId)
      .orderBy('expires_at', (order) => order.desc().nullsFirst())
      .orderBy('created_at', 'desc'),
  )
  const kept = secrets.find(({ expires_at }) => Math.min(expires_at ?? oldExpiresAt, oldExpiresAt) > now)
  for (const { id } of secrets) {
    if (id !== kept?.id) yield* rows(kysely.deleteFrom('client_secrets').where('id', '=', id))
  }
  if (!kept) return
  const expires_at = Math.min(kept.expires_at ?? oldExpiresAt, oldExpiresAt)
  yield* rows(kysely.updateTable('client_secrets').set({ expires_at }).where('id', '=', kept.id))
}
