import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { type Database, StoreUnavailable, type Transaction } from '../database.ts'
import { migrate, pendingMigrations } from '../migrations/migrations.ts'
import type { Schema } from '../schema.ts'

/** Connections that one server process holds at most. */
const maxConnections = 10
/** How long a request waits for a connection, in milliseconds, before it answers 503. */
const connectionTimeoutMs = 5_000
/** The longest that one statement may run, in milliseconds. */
const statementTimeoutMs = 10_000
/** How often a transaction runs again after a deadlock or a serialization failure. */
const maxAttempts = 5

/** `bigint` columns hold Unix seconds and positions, far below 2^53: they are read as numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig

/** Opens PostgreSQL by its URL. Connects at the first query. Several server processes may share one database. */
export function openPostgres(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectionTimeoutMs,
    statement_timeout: statementTimeoutMs,
    application_name: 'latchkey',
    types,
  })
  // A connection that dies while idle is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {})
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  let isClosed = false

  return {
    kysely,
    transact: (transaction) => transact(pool, transaction),
    migrate: () => migrate(kysely),
    pendingMigrations: () => pendingMigrations(kysely),
    async close() {
      if (isClosed) return
      isClosed = true
      await kysely.destroy()
    },
  }
}

async function transact<Result>(pool: pg.Pool, transaction: () => Transaction<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(pool, transaction)
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      if (attempt >= maxAttempts || !isWorthAnother(error)) {
        throw new StoreUnavailable('PostgreSQL did not take the transaction.', { cause: error })
      }
    }
  }
}

async function attemptOnce<Result>(pool: pg.Pool, transaction: () => Transaction<Result>): Promise<Result> {
  const connection = await pool.connect().catch((cause) => {
    throw new StoreUnavailable('PostgreSQL cannot be reached.', { cause })
  })
  let isBroken = false
  try {
    await connection.query('BEGIN')
    const result = await run(connection, transaction())
    await connection.query('COMMIT')
    return result
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => {
      isBroken = true
    })
    throw error
  } finally {
    connection.release(isBroken)
  }
}

async function run<Result>(connection: pg.PoolClient, transaction: Transaction<Result>): Promise<Result> {
  let step = transaction.next([])
  while (!step.done) {
    const { rows } = await connection.query(step.value.sql, [...step.value.parameters])
    step = transaction.next(rows)
  }
  return step.value
}

const isDatabaseError = (error: unknown): error is Error & { code?: string } =>
  error instanceof pg.DatabaseError || (error instanceof Error && 'code' in error) || isConnectionLoss(error)

const isConnectionLoss = (error: unknown): boolean =>
  error instanceof Error &&
  /connection terminated|timeout exceeded|Client has encountered/i.test(error.message)

/** serialization_failure, deadlock_detected: the transaction left nothing behind and may simply run again. */
const isWorthAnother = (error: { code?: string }): boolean => error.code === '40001' || error.code === '40P01'
