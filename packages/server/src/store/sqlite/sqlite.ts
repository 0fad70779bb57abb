import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect } from 'kysely'
import { type Database, StoreUnavailable } from '../database.ts'
import { makeFolder } from '../folder.ts'
import { migrate, pendingMigrations } from '../migrations/migrations.ts'
import type { Schema } from '../schema.ts'
import { asUnavailable, isBusy } from './errors.ts'
import { createGroupCommit, type GroupCommitLimits } from './group-commit.ts'
import { createStatements } from './statements.ts'

/** How long a migration waits for another process's write to end, in milliseconds. */
const migrationBusyTimeoutMs = 10_000

/** How long opening waits for another process that has the file to itself as it opens or closes it, in milliseconds. */
const openingBusyTimeoutMs = 10_000

/** Pages of the write-ahead log after which it is folded into the database file. */
const checkpointPages = 4_000

/**
 * Opens a SQLite file, made with its folder when it is not there. Writes share commits and are durable when they
 * resolve (WAL, `synchronous=FULL`), but for those that need not be; reads use a connection of their own and see only what is committed.
 *
 * @throws when the file is not a database or may not be read and written.
 */
export function openSqlite(path: string, limits: Partial<GroupCommitLimits> = {}): Database {
  makeFolder(dirname(path))
  const writer = openConnection(path, 0)
  const reader = openConnection(path, 1_000)
  reader.exec('PRAGMA query_only = ON')
  const groupCommit = createGroupCommit(writer, limits)
  const kysely = new Kysely<Schema>({ dialect: new SqliteDialect({ database: asKyselyDatabase(reader) }) })
  let isClosed = false

  return {
    kysely,
    transact: (transaction, options) => groupCommit.submit(transaction, options),
    migrate: () => withMigrator(path, migrate),
    pendingMigrations: () => withMigrator(path, pendingMigrations),
    async close() {
      if (isClosed) return
      isClosed = true
      await groupCommit.drain()
      await kysely.destroy()
      // Kysely closes its connection only if it used it.
      if (reader.isOpen) reader.close()
      writer.close()
    },
  }
}

/**
 * Takes the file for this server process until it ends, however it ends: the operating system gives the lock back.
 * A second server on one file would not see the first one's caches. The command line needs no such lock.
 *
 * @throws StoreUnavailable when another server holds it.
 */
export function lockForServer(path: string): () => void {
  // By its real name: a link to the file is the same file.
  const lock = new DatabaseSync(`${realpathSync(path)}.server-lock`)
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    throw new StoreUnavailable(
      `Another Latchkey server uses ${path}. Stop it first, or give this one a database of its own; several servers share one PostgreSQL.`,
      { cause: error },
    )
  }
  return () => lock.close()
}

function openConnection(path: string, busyTimeoutMs: number): DatabaseSync {
  const connection = new DatabaseSync(path, {
    timeout: openingBusyTimeoutMs,
    enableForeignKeyConstraints: true,
  })
  connection.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${checkpointPages};
    PRAGMA busy_timeout = ${busyTimeoutMs}`,
  )
  return connection
}

/** Migrations change tables through a connection of their own, inside `BEGIN IMMEDIATE`: that is their lock. */
async function withMigrator<Result>(
  path: string,
  work: (kysely: Kysely<Schema>) => Promise<Result>,
): Promise<Result> {
  const connection = openConnection(path, migrationBusyTimeoutMs)
  const kysely = new Kysely<Schema>({
    dialect: new MigratingDialect({ database: asKyselyDatabase(connection) }),
  })
  try {
    return await work(kysely)
  } finally {
    await kysely.destroy()
  }
}

class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class MigratingDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter()
  }
}

/** node:sqlite under the methods that Kysely's own SQLite dialect calls. What SQLite refuses is StoreUnavailable. */
function asKyselyDatabase(connection: DatabaseSync): SqliteDatabase {
  const statements = createStatements(connection)
  return {
    close: () => connection.close(),
    prepare(sql) {
      const { statement, isReader } = guarded(() =>
        statements.prepare(sql === 'begin' ? 'begin immediate' : sql),
      )
      return {
        reader: isReader,
        all: (parameters) => guarded(() => statement.all(...(parameters as never[]))),
        run: (parameters) => guarded(() => statement.run(...(parameters as never[]))),
        iterate: (parameters) => statement.iterate(...(parameters as never[])) as IterableIterator<unknown>,
      }
    },
  }
}

function guarded<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw asUnavailable(error)
  }
}
