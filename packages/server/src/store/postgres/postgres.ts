import { Kysely, type PostgresClient, PostgresDialect, type PostgresPool } from 'kysely'
import pg from 'pg'
import { type Database, StoreUnavailable, type Transaction } from '../database.ts'
import { migrate, pendingMigrations } from '../migrations/migrations.ts'
import type { Schema } from '../schema.ts'
import { type Connection, openPool, type PostgresLimits, takeConnection } from './connections.ts'

const defaultLimits: PostgresLimits = {
  maxConnections: 10,
  maxWaiting: 10_000,
  connectionTimeoutMs: 5_000,
  statementTimeoutMs: 10_000,
  answerTimeoutMs: 12_000,
}

/** A migration may wait for another process's, and change large tables: an hour, in milliseconds. */
const migrationTimeoutMs = 3_600_000

/** How often a transaction runs again after a deadlock or a serialization failure. */
const maxAttempts = 5

/** Opens PostgreSQL by its URL. Connects at the first query. Several server processes may share one database. */
export function openPostgres(url: string, given: Partial<PostgresLimits> = {}): Database {
  const limits = { ...defaultLimits, ...given }
  const pool = openPool(url, limits)
  const kysely = openKysely(pool, limits)
  const begin = beginStatement(limits)
  const beginLoosely = `${begin}; SET LOCAL synchronous_commit = off`
  let isClosed = false

  return {
    kysely,
    transact: (transaction, { isDurable = true } = {}) =>
      transact(() => takeConnection(pool, limits), isDurable ? begin : beginLoosely, transaction),
    migrate: () => withMigrator(url, migrate),
    pendingMigrations: () => withMigrator(url, pendingMigrations),
    async close() {
      if (isClosed) return
      isClosed = true
      await kysely.destroy()
      // Kysely ends the pool only if it used it itself.
      if (!pool.ending) await pool.end()
    },
  }
}

/**
 * What every transaction begins with, in one round trip. Whatever the role's or the database's own settings are: each
 * statement sees what was committed before it, an acknowledged commit is on the disk, and a process that stops in the
 * middle does not hold the feed's head for long. Local to the transaction, so that a pooler in between does no harm.
 */
const beginStatement = ({ statementTimeoutMs }: PostgresLimits): string => `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SET LOCAL statement_timeout = ${statementTimeoutMs};
  SET LOCAL idle_in_transaction_session_timeout = ${statementTimeoutMs};
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`

async function transact<Result>(
  take: () => Promise<Connection>,
  begin: string,
  transaction: () => Transaction<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const connection = await take()
    try {
      await connection.query(begin)
      const result = await run(connection, transaction())
      await connection.query('COMMIT')
      return result
    } catch (error) {
      if (!connection.isBroken) await connection.query('ROLLBACK').catch(() => {})
      if (attempt >= maxAttempts || !isWorthAnother(error)) throw error
    } finally {
      connection.release()
    }
  }
}

async function run<Result>(connection: Connection, transaction: Transaction<Result>): Promise<Result> {
  let step = transaction.next([])
  while (!step.done) {
    const { rows } = await connection.query(step.value.sql, step.value.parameters)
    step = transaction.next(rows)
  }
  return step.value
}

/**
 * serialization_failure, deadlock_detected: the transaction left nothing behind and may simply run again. After a lost
 * connection it may not: whether the commit happened is unknown.
 */
function isWorthAnother(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : undefined
  return cause instanceof pg.DatabaseError && (cause.code === '40001' || cause.code === '40P01')
}

/** Migrations have connections of their own: two, since the migrator looks at the tables while it holds its lock. */
async function withMigrator<Result>(
  url: string,
  work: (kysely: Kysely<Schema>) => Promise<Result>,
): Promise<Result> {
  const limits = { ...defaultLimits, maxConnections: 2, answerTimeoutMs: migrationTimeoutMs }
  const kysely = openKysely(openPool(url, limits), limits)
  try {
    return await work(kysely)
  } finally {
    await kysely.destroy()
  }
}

function openKysely(pool: pg.Pool, limits: PostgresLimits): Kysely<Schema> {
  const kyselyPool: PostgresPool = {
    options: pool.options,
    async connect() {
      const { query, release } = await takeConnection(pool, limits)
      return { query: query as PostgresClient['query'], release }
    },
    end: () => pool.end(),
  }
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: kyselyPool }) })
}
