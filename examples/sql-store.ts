// Token stores in PostgreSQL, for processes and machines that share connections: one row of one table for each.
import type { TokenStore } from '@latchkey/client'
import pg from 'pg'

export interface SqlStores {
  /** The store of one connection, as in `person:7`. Whoever opens the same key shares its tokens. */
  store(key: string): TokenStore
  close(): Promise<void>
}

/** How many keys this process may hold locked, or wait for, at once. The others stand in line. */
const maxLocks = 10

/** How long the database may take to answer. */
const answerTimeoutMs = 5_000

/**
 * Opens the stores, and makes their table where it is missing.
 *
 * `lockTimeoutMs`: how long a lock may be held, and waited for. A holder that takes longer counts as dead. Default: 30,000.
 */
export async function openSqlStores(
  connectionString: string,
  { lockTimeoutMs = 30_000 } = {},
): Promise<SqlStores> {
  const pool = openPool({ connectionString, statement_timeout: answerTimeoutMs })
  // Of their own: whoever holds a lock reads and writes by the other pool, so holders never wait for each other.
  const locks = openPool({
    connectionString,
    max: maxLocks,
    // To wait for a connection is to wait for a lock: one is free when a holder lets go.
    connectionTimeoutMillis: lockTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: lockTimeoutMs,
  })
  await pool.query(makeTable)
  return {
    store: (key) => ({ ...rowOf(pool, key), lock: (task) => whileLocked(locks, key, task) }),
    async close() {
      await Promise.all([pool.end(), locks.end()])
    },
  }
}

/** One transaction, with a lock: `IF NOT EXISTS` alone fails where two processes start together. */
const makeTable = `
  SELECT pg_advisory_xact_lock(hashtextextended('client_tokens', 0));
  CREATE TABLE IF NOT EXISTS client_tokens (key text PRIMARY KEY, value text NOT NULL)`

function openPool(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ connectionTimeoutMillis: answerTimeoutMs, ...options })
  // A connection that breaks while nobody uses it: the pool has dropped it already.
  pool.on('error', () => {})
  return pool
}

function rowOf(pool: pg.Pool, key: string): TokenStore {
  const isOneRow = async (sql: string, values: string[]) => (await pool.query(sql, values)).rowCount === 1
  return {
    async get() {
      const { rows } = await pool.query('SELECT value FROM client_tokens WHERE key = $1', [key])
      return rows[0]?.value
    },
    // Each is one statement, so the database says who won.
    async compareAndSet(expected, next) {
      if (expected === undefined && next === undefined)
        return isOneRow('SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM client_tokens WHERE key = $1)', [key])
      if (expected === undefined)
        return isOneRow('INSERT INTO client_tokens VALUES ($1, $2) ON CONFLICT DO NOTHING', [key, next ?? ''])
      if (next === undefined)
        return isOneRow('DELETE FROM client_tokens WHERE key = $1 AND value = $2', [key, expected])
      return isOneRow('UPDATE client_tokens SET value = $3 WHERE key = $1 AND value = $2', [
        key,
        expected,
        next,
      ])
    },
  }
}

/** The lock is a transaction's: it goes with its connection when the process dies, and with its time when the machine does. */
async function whileLocked<Result>(
  locks: pg.Pool,
  key: string,
  task: () => Promise<Result>,
): Promise<Result> {
  const connection = await locks.connect()
  const ignore = () => {}
  connection.on('error', ignore)
  try {
    await connection.query('BEGIN')
    await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`client_tokens ${key}`])
    return await task()
  } finally {
    const isSound = await connection.query('COMMIT').then(
      () => true,
      () => false,
    )
    connection.off('error', ignore)
    connection.release(!isSound)
  }
}
