import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Schema } from '../schema.ts'
import * as foundation from './0001-foundation.ts'
import * as people from './0002-people.ts'

/** Every migration, by name, in the order in which they run. A name that was released never changes. */
const migrations: Record<string, Migration> = { '0001-foundation': foundation, '0002-people': people }

/** Runs what has not run yet, under the database's own lock, and names it. */
export async function migrate(kysely: Kysely<Schema>): Promise<string[]> {
  const { error, results } = await migrator(kysely).migrateToLatest()
  if (error) throw error
  return (results ?? []).map((result) => result.migrationName)
}

/** Names what has not run yet. */
export async function pendingMigrations(kysely: Kysely<Schema>): Promise<string[]> {
  const all = await migrator(kysely).getMigrations()
  return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name)
}

function migrator(kysely: Kysely<Schema>): Migrator {
  return new Migrator({
    db: kysely,
    provider: { getMigrations: async () => migrations },
    migrationTableName: 'latchkey_migrations',
    migrationLockTableName: 'latchkey_migrations_lock',
  })
}
