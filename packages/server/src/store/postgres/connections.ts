import type { PostgresQueryResult } from 'kysely'
import pg from 'pg'
import { StoreUnavailable } from '../database.ts'

/** How much one process asks of PostgreSQL at once, and how long it waits for it. */
export interface PostgresLimits {
  /** Connections that one server process holds at most. */
  maxConnections: number
  /** Requests that may wait for a connection. More than this and the store is overloaded: 503. */
  maxWaiting: number
  /** How long a request waits for a connection, in milliseconds, before it answers 503. */
  connectionTimeoutMs: number
  /** The longest that a transaction's statement may run, and that it may stand idle between two, in milliseconds. */
  statementTimeoutMs: number
  /** How long an answer may take to arrive, in milliseconds: a network that drops everything sends no error. */
  answerTimeoutMs: number
}

/** One of the pool's connections, for one caller at a time. */
export interface Connection {
  /** @throws StoreUnavailable, with what PostgreSQL or the network said as its cause. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<PostgresQueryResult<Row>>
  /** Whether it failed in a way that leaves its state unknown. It is closed when it is released. */
  readonly isBroken: boolean
  release(): void
}

/** `bigint` columns hold Unix seconds and positions, far below 2^53: they are read as numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig

export function openPool(url: string, limits: PostgresLimits): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: limits.maxConnections,
    connectionTimeoutMillis: limits.connectionTimeoutMs,
    query_timeout: limits.answerTimeoutMs,
    keepAlive: true,
    application_name: 'latchkey',
    types,
  })
  // A connection that dies is replaced at the next query. Its query fails; the event, unheard, would end the process,
  // and the pool hears it only while the connection is idle.
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  return pool
}

/** @throws StoreUnavailable when PostgreSQL cannot be reached, or too many wait already. */
export async function takeConnection(pool: pg.Pool, limits: PostgresLimits): Promise<Connection> {
  if (pool.waitingCount >= limits.maxWaiting) {
    throw new StoreUnavailable(`More than ${limits.maxWaiting} requests wait for PostgreSQL.`)
  }
  const client = await connect(pool)
  let isBroken = false
  return {
    async query<Row>(sql: string, parameters: readonly unknown[] = []) {
      try {
        const result: pg.QueryResult = await client.query(sql, [...parameters])
        return result as PostgresQueryResult<Row>
      } catch (cause) {
        isBroken ||= !leavesConnection(cause)
        throw new StoreUnavailable(`PostgreSQL failed: ${said(cause)}.`, { cause })
      }
    },
    get isBroken() {
      return isBroken
    },
    release: () => client.release(isBroken),
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (cause) {
    throw new StoreUnavailable(`PostgreSQL cannot be reached: ${said(cause)}.`, { cause })
  }
}

/** The server's own answer leaves the connection as it was, unless it says that it ends it. */
const leavesConnection = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.severity === 'ERROR'

/** An address with several names fails with a list of errors, whose own message is empty. */
function said(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(said).join('; ')
  return error instanceof Error ? error.message : String(error)
}
