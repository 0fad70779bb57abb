import type { CompiledQuery, Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * A transaction, written once for both databases: it yields a query, receives its rows, and returns its outcome.
 *
 * SQLite runs it to its end in one synchronous turn; PostgreSQL awaits each query. It may run again from its start
 * (a deadlock, a full batch), so it must take nothing from outside that changes and touch nothing but the database.
 */
export type Transaction<Result> = Generator<CompiledQuery, Result, readonly unknown[]>

/** What SQLite and PostgreSQL have in common: everything above this line is written once. */
export interface Database {
  /** Builds queries, and runs those that only read. Never sees what is not committed. */
  readonly kysely: Kysely<Schema>

  /**
   * Runs a transaction and resolves once its outcome is durable.
   *
   * @throws StoreUnavailable when the database did not take it (whether or not that is this caller's doing).
   */
  transact<Result>(transaction: () => Transaction<Result>, options?: TransactionOptions): Promise<Result>

  /** Brings the tables up to date; safe to run from several processes at once. Names what it ran. */
  migrate(): Promise<string[]>

  /** The names of the migrations that have not run yet. */
  pendingMigrations(): Promise<string[]>

  close(): Promise<void>
}

export interface TransactionOptions {
  /**
   * Whether the outcome must have reached the disk. Default: yes. Where not, it outlives this process, yet a power cut may
   * take it back: for what is counted and told to nobody.
   */
  isDurable?: boolean
}

/** The database cannot be reached, is full, busy or overloaded. The endpoint answers 503, never 401 and never 200. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** PostgreSQL holds no text with U+0000, and refuses to look for one: nothing has such a name. */
export const mayBeStored = (text: string): boolean => !text.includes('\0')

interface Query<Row> {
  compile(): CompiledQuery<Row>
}

/** Inside a transaction: runs the query and gives all its rows. */
export function* rows<Row>(query: Query<Row>): Transaction<Row[]> {
  return (yield query.compile()) as Row[]
}

/** Inside a transaction: runs the query and gives its first row. */
export function* firstRow<Row>(query: Query<Row>): Transaction<Row | undefined> {
  return ((yield query.compile()) as Row[])[0]
}
