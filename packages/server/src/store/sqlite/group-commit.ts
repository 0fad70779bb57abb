import type { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable, type Transaction, type TransactionOptions } from '../database.ts'
import { asUnavailable, isBusy } from './errors.ts'
import { createStatements } from './statements.ts'

export interface GroupCommitLimits {
  /** Transactions that wait for their commit. More than this and the store is overloaded: 503. */
  maxQueuedTransactions: number
  /** Transactions that share one commit. */
  maxBatch: number
  /** How long the queue waits for another process (the command line) to end its write, in milliseconds. */
  busyDeadlineMs: number
}

const defaultLimits: GroupCommitLimits = {
  maxQueuedTransactions: 10_000,
  maxBatch: 256,
  busyDeadlineMs: 5_000,
}

const busyRetryMs = 5

interface Member {
  transaction: () => Transaction<unknown>
  isDurable: boolean
  resolve(result: unknown): void
  reject(error: unknown): void
}

type Outcome = { isDone: true; result: unknown } | { isDone: false; error: unknown }

/**
 * Lets concurrent transactions share one commit, and so one sync to disk. A batch is one synchronous turn: a savepoint
 * for each member, one COMMIT, and only then the answers. A member that fails undoes itself alone.
 */
export function createGroupCommit(connection: DatabaseSync, given: Partial<GroupCommitLimits> = {}) {
  const { maxQueuedTransactions, maxBatch, busyDeadlineMs } = { ...defaultLimits, ...given }
  const statements = createStatements(connection)
  let queue: Member[] = []
  let isSyncing = true
  let isScheduled = false
  let busySince: number | undefined
  let drained: (() => void) | undefined

  return {
    submit<Result>(
      transaction: () => Transaction<Result>,
      { isDurable = true }: TransactionOptions = {},
    ): Promise<Result> {
      if (queue.length >= maxQueuedTransactions) {
        return Promise.reject(new StoreUnavailable(`More than ${maxQueuedTransactions} writes are waiting.`))
      }
      return new Promise((resolve, reject) => {
        queue.push({ transaction, isDurable, resolve: resolve as Member['resolve'], reject })
        schedule()
      })
    },

    /** Resolves when nothing waits any more. */
    drain(): Promise<void> {
      return queue.length === 0 ? Promise.resolve() : new Promise((resolve) => (drained = resolve))
    },
  }

  function schedule(delayMs?: number): void {
    if (isScheduled) return
    isScheduled = true
    if (delayMs === undefined) setImmediate(flush)
    else setTimeout(flush, delayMs)
  }

  function flush(): void {
    isScheduled = false
    const began = begin()
    if (began === 'busy') return schedule(busyRetryMs)
    if (began === 'begun') runBatch(queue.splice(0, maxBatch))
    else settleAll(queue.splice(0), began)
    if (queue.length > 0) schedule()
    else drained?.()
  }

  function begin(): 'begun' | 'busy' | StoreUnavailable {
    try {
      if (connection.isTransaction) execute('ROLLBACK')
      syncIf(queue.slice(0, maxBatch).some((member) => member.isDurable))
      execute('BEGIN IMMEDIATE')
      busySince = undefined
      return 'begun'
    } catch (error) {
      const now = performance.now()
      busySince ??= now
      if (isBusy(error) && now - busySince < busyDeadlineMs) return 'busy'
      busySince = undefined
      return new StoreUnavailable('The database file did not take the write.', { cause: error })
    }
  }

  /** Only a commit that somebody relies on waits for the disk; it brings with it what was committed before. */
  function syncIf(isDurable: boolean): void {
    if (isDurable === isSyncing) return
    execute(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`)
    isSyncing = isDurable
  }

  function runBatch(batch: Member[]): void {
    const outcomes: Outcome[] = []
    try {
      for (const [index, member] of batch.entries()) {
        const outcome = runMember(member)
        if (!connection.isTransaction) return undoneByDatabase(batch, index, outcome)
        outcomes.push(outcome)
      }
      execute('COMMIT')
    } catch (error) {
      undo()
      return settleAll(
        batch,
        new StoreUnavailable('The database file did not take the commit.', { cause: error }),
      )
    }
    for (const [index, member] of batch.entries()) settle(member, outcomes[index])
  }

  /** Should even this fail, the next BEGIN begins with it. */
  function undo(): void {
    try {
      if (connection.isTransaction) execute('ROLLBACK')
    } catch {}
  }

  /**
   * A full disk, or an I/O error, ends the whole transaction and not the one statement: what ran before is undone
   * (503), what had not run yet is untouched by it and runs again.
   */
  function undoneByDatabase(batch: Member[], failedIndex: number, outcome: Outcome): void {
    const cause = outcome.isDone ? undefined : outcome.error
    const error = new StoreUnavailable('The database file ended the transaction.', { cause })
    settleAll(batch.slice(0, failedIndex + 1), error)
    queue = [...batch.slice(failedIndex + 1), ...queue]
  }

  function runMember(member: Member): Outcome {
    execute('SAVEPOINT member')
    try {
      const result = run(member.transaction())
      execute('RELEASE member')
      return { isDone: true, result }
    } catch (error) {
      if (connection.isTransaction) {
        execute('ROLLBACK TO member')
        execute('RELEASE member')
      }
      return { isDone: false, error: asUnavailable(error) }
    }
  }

  function run(transaction: Transaction<unknown>): unknown {
    let step = transaction.next([])
    while (!step.done) {
      const { statement, isReader } = statements.prepare(step.value.sql)
      const parameters = step.value.parameters as never[]
      if (isReader) step = transaction.next(statement.all(...parameters))
      else {
        statement.run(...parameters)
        step = transaction.next([])
      }
    }
    return step.value
  }

  function execute(sql: string): void {
    statements.prepare(sql).statement.run()
  }
}

function settle(member: Member, outcome: Outcome | undefined): void {
  if (outcome?.isDone) member.resolve(outcome.result)
  else member.reject(outcome?.error)
}

function settleAll(members: Member[], error: StoreUnavailable): void {
  for (const member of members) member.reject(error)
}
