import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'

/** What people need: sessions, authorization codes, connections, the password grant, mailed links, limits. */
export async function up(kysely: Kysely<Schema>): Promise<void> {
  const { schema } = kysely

  await schema.alterTable('users').addColumn('scope', 'text').execute()
  await schema.alterTable('users').addColumn('email', 'text').execute()
  await schema.alterTable('users').addColumn('login', 'text').execute()
  await schema.createIndex('users_by_email').unique().on('users').column('email').execute()

  await schema
    .alterTable('clients')
    .addColumn('redirect_uris', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  await schema.alterTable('clients').addColumn('publisher', 'text').execute()

  await schema
    .createTable('password_grants')
    .addColumn('client_id', 'text', (column) =>
      column.primaryKey().references('clients.id').onDelete('cascade'),
    )
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('uses', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('last_used_at', 'bigint')
    .execute()

  await schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('session_hash', 'text', (column) => column.notNull().unique())
    .addColumn('previous_hash', 'text')
    .addColumn('previous_hash_expires_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema.createIndex('sessions_by_previous_hash').on('sessions').column('previous_hash').execute()
  await schema.createIndex('sessions_by_expiry').on('sessions').column('expires_at').execute()

  await schema
    .createTable('session_accounts')
    .addColumn('session_id', 'text', (column) =>
      column.notNull().references('sessions.id').onDelete('cascade'),
    )
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('signed_in_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('session_accounts_key', ['session_id', 'user_id'])
    .execute()
  await schema.createIndex('session_accounts_by_user').on('session_accounts').column('user_id').execute()

  await schema
    .createTable('authorization_codes')
    .addColumn('code_hash', 'text', (column) => column.primaryKey())
    .addColumn('client_id', 'text', (column) => column.notNull().references('clients.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('redirect_uri', 'text', (column) => column.notNull())
    .addColumn('is_redirect_uri_required', 'integer', (column) => column.notNull())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('audience', 'text', (column) => column.notNull())
    .addColumn('code_challenge', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('spent_at', 'bigint')
    .addColumn('connection_id', 'text')
    .execute()
  await schema
    .createIndex('authorization_codes_by_user')
    .on('authorization_codes')
    .column('user_id')
    .execute()
  await schema
    .createIndex('authorization_codes_by_expiry')
    .on('authorization_codes')
    .column('expires_at')
    .execute()

  await schema
    .createTable('connections')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('client_id', 'text', (column) => column.notNull().references('clients.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('audience', 'text', (column) => column.notNull())
    .addColumn('seed', 'text', (column) => column.notNull())
    .addColumn('key_number', 'text', (column) => column.notNull())
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('period_generation', 'bigint', (column) => column.notNull())
    .addColumn('earlier_generation', 'bigint', (column) => column.notNull())
    .addColumn('period_started_at', 'bigint', (column) => column.notNull())
    .addColumn('rotated_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('absolute_expires_at', 'bigint', (column) => column.notNull())
    .addColumn('confirmation_key', 'text')
    .execute()
  await schema
    .createIndex('connections_by_user')
    .on('connections')
    .columns(['user_id', 'client_id', 'rotated_at'])
    .execute()
  await schema.createIndex('connections_by_client').on('connections').column('client_id').execute()
  await schema.createIndex('connections_by_expiry').on('connections').column('expires_at').execute()

  await schema
    .createTable('mail_links')
    .addColumn('link_hash', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('continue_to', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema.createIndex('mail_links_by_user').on('mail_links').column('user_id').execute()
  await schema.createIndex('mail_links_by_expiry').on('mail_links').column('expires_at').execute()

  await schema
    .createTable('limits')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema.createIndex('limits_by_expiry').on('limits').column('expires_at').execute()
}
