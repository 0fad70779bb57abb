import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { CompiledQuery } from 'kysely'
import { temporaryFolder } from '../../../../../tests/support/folder.ts'
import type { Transaction } from '../database.ts'
import { createGroupCommit, type GroupCommitLimits } from './group-commit.ts'

/** A file with a table of names, its writer's connection, a reader's, and what the writer was told to do. */
interface Fixture extends Disposable {
  path: string
  writer: DatabaseSync
  groupCommit: ReturnType<typeof createGroupCommit>
  /** Adds a name; with a weight, that many characters beside it. */
  add(name: string, weight?: number): Promise<string>
  /** What a connection of its own sees. */
  names(): string[]
  /** How often each statement was run. */
  count(sql: string): number
}

function open(limits: Partial<GroupCommitLimits> = {}): Fixture {
  const folder = temporaryFolder()
  const path = folder.file('test.db')
  const writer = new DatabaseSync(path, { timeout: 0 })
  writer.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE names (name TEXT UNIQUE, weight TEXT)',
  )
  const reader = new DatabaseSync(path)
  const counts = countRuns(writer)
  const groupCommit = createGroupCommit(writer, limits)
  return {
    path,
    writer,
    groupCommit,
    add: (name, weight = 0) => groupCommit.submit(() => insert(name, weight)),
    names: () =>
      reader
        .prepare('SELECT name FROM names ORDER BY rowid')
        .all()
        .map((row) => String(row.name)),
    count: (sql) => counts.get(sql) ?? 0,
    [Symbol.dispose]() {
      reader.close()
      writer.close()
      folder[Symbol.dispose]()
    },
  }
}

function* insert(name: string, weight = 0): Transaction<string> {
  const [row] = yield CompiledQuery.raw('INSERT INTO names VALUES (?, ?) RETURNING name', [
    name,
    'x'.repeat(weight),
  ])
  return (row as { name: string }).name
}

/** Counts the runs of each statement that a real connection prepares. */
function countRuns(connection: DatabaseSync): Map<string, number> {
  const counts = new Map<string, number>()
  const prepare = connection.prepare.bind(connection)
  connection.prepare = (sql, ...rest) => {
    const statement = prepare(sql, ...rest)
    const run = statement.run.bind(statement)
    statement.run = (...parameters: never[]) => {
      counts.set(sql, (counts.get(sql) ?? 0) + 1)
      return run(...parameters)
    }
    return statement
  }
  return counts
}

const range = (count: number) => Array.from({ length: count }, (_, index) => `name-${index}`)

test('transactions at once share a commit, and each gets its own answer', async () => {
  using at = open()
  const answers = await Promise.all(range(64).map((name) => at.add(name)))
  assert.deepEqual(answers, range(64))
  assert.equal(at.count('COMMIT'), 1)
  assert.deepEqual(at.names(), range(64))
})

test('a commit holds no more transactions than its bound', async () => {
  using at = open({ maxBatch: 10 })
  await Promise.all(range(25).map((name) => at.add(name)))
  assert.equal(at.count('COMMIT'), 3)
  assert.deepEqual(at.names(), range(25))
})

test('a commit waits for the disk where one member relies on it, and only there', async () => {
  using at = open()
  const loosely = { isDurable: false }
  function* syncLevel(): Transaction<unknown> {
    const [row] = yield CompiledQuery.raw('PRAGMA synchronous')
    return (row as { synchronous: number }).synchronous
  }
  const [normal, full] = [1, 2]
  assert.equal(await at.groupCommit.submit(syncLevel), full)
  assert.equal(await at.groupCommit.submit(syncLevel, loosely), normal)
  const both = [at.groupCommit.submit(syncLevel, loosely), at.groupCommit.submit(syncLevel)]
  assert.deepEqual(await Promise.all(both), [full, full])
  assert.equal(await at.groupCommit.submit(syncLevel, loosely), normal)
  assert.equal(await at.groupCommit.submit(syncLevel, { isDurable: true }), full)
})

test('what fails in a batch undoes itself alone', async () => {
  using at = open()
  await at.add('taken')
  const outcomes = await Promise.allSettled([
    at.add('first'),
    at.groupCommit.submit(function* () {
      yield* insert('undone')
      throw new RangeError('of the caller')
    }),
    at.groupCommit.submit(function* () {
      yield* insert('undone too')
      yield* insert('taken')
    }),
    at.add('last'),
  ])
  assert.deepEqual(namesOrErrors(outcomes), ['first', 'RangeError', 'StoreUnavailable', 'last'])
  assert.deepEqual(at.names(), ['taken', 'first', 'last'])
  assert.equal(at.count('COMMIT'), 2)
})

test('nothing is answered, and nobody sees anything, before the commit', async () => {
  using at = open()
  const seenInside: string[][] = []
  let isAnswered = false
  const adding = at.add('one').then(() => {
    isAnswered = true
    return at.names()
  })
  const watching = at.groupCommit.submit(function* () {
    yield* insert('two')
    assert.equal(isAnswered, false)
    seenInside.push(at.names())
  })
  assert.deepEqual(at.names(), [])
  await watching
  assert.deepEqual(seenInside, [[]])
  assert.deepEqual(await adding, ['one', 'two'])
})

test('a full file that ends the transaction refuses who ran before, and lets those after try again', async () => {
  using at = await openNearlyFull()
  const outcomes = await Promise.allSettled([
    at.add('small before'),
    // A single INSERT has no statement journal, so SQLite undoes the whole transaction.
    at.groupCommit.submit(function* () {
      yield CompiledQuery.raw('INSERT INTO names VALUES (?, ?)', ['too large', 'x'.repeat(100_000)])
    }),
    at.add('small after'),
    at.add('also after'),
  ])
  assert.deepEqual(namesOrErrors(outcomes), [
    'StoreUnavailable',
    'StoreUnavailable',
    'small after',
    'also after',
  ])
  assert.deepEqual(at.names(), ['before', 'small after', 'also after'])
})

test('a full file that ends one statement refuses that one alone, and takes it when there is room', async () => {
  using at = await openNearlyFull()
  const outcomes = await Promise.allSettled([
    at.add('small before'),
    at.add('too large', 100_000),
    at.add('small after'),
  ])
  assert.deepEqual(namesOrErrors(outcomes), ['small before', 'StoreUnavailable', 'small after'])
  at.writer.exec('PRAGMA max_page_count = 1000000')
  await at.add('too large', 100_000)
  assert.deepEqual(at.names(), ['before', 'small before', 'small after', 'too large'])
})

/** With the row `before`, and room for a few small rows more. */
async function openNearlyFull(): Promise<Fixture> {
  const at = open()
  await at.add('before')
  const pages = Number(at.writer.prepare('PRAGMA page_count').get()?.page_count)
  at.writer.exec(`PRAGMA max_page_count = ${pages + 2}`)
  return at
}

const namesOrErrors = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : outcome.value))

test('a file that is full to its last page refuses every write, and reads go on', async () => {
  using at = open()
  await at.add('before')
  const pages = Number(at.writer.prepare('PRAGMA page_count').get()?.page_count)
  at.writer.exec(`PRAGMA max_page_count = ${pages}`)
  const outcomes = await Promise.allSettled(range(20).map((name) => at.add(name, 10_000)))
  for (const outcome of outcomes) {
    assert.equal(outcome.status === 'rejected' && outcome.reason.name, 'StoreUnavailable')
  }
  assert.deepEqual(at.names(), ['before'])
  assert.equal(at.writer.isTransaction, false)
})

test('a commit that fails answers nobody, leaves nothing behind, and holds no lock', async () => {
  using at = open()
  at.writer.exec(`
    PRAGMA foreign_keys = ON;
    CREATE TABLE owners (id TEXT PRIMARY KEY);
    CREATE TABLE owned (owner TEXT REFERENCES owners DEFERRABLE INITIALLY DEFERRED)`)
  const outcomes = await Promise.allSettled([
    at.add('one'),
    at.groupCommit.submit(function* () {
      yield CompiledQuery.raw("INSERT INTO owned VALUES ('nobody')")
    }),
  ])
  for (const outcome of outcomes) {
    assert.equal(outcome.status === 'rejected' && outcome.reason.name, 'StoreUnavailable')
  }
  assert.deepEqual(at.names(), [])
  using other = new DatabaseSync(at.path)
  other.exec('BEGIN IMMEDIATE; ROLLBACK')
  await at.add('two')
  assert.deepEqual(at.names(), ['two'])
})

test("another process's write is waited for, and other work goes on meanwhile", async () => {
  using at = open({ busyDeadlineMs: 60_000 })
  using other = new DatabaseSync(at.path)
  other.exec('BEGIN IMMEDIATE')
  let isAnswered = false
  const adding = Promise.all(range(3).map((name) => at.add(name))).then(() => {
    isAnswered = true
  })
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(isAnswered, false)
  assert.equal(at.count('COMMIT'), 0)
  other.exec('COMMIT')
  await adding
  assert.deepEqual(at.names(), range(3))
})

test('a write that waited too long for another process is refused, with all that waited beside it', async () => {
  using at = open({ busyDeadlineMs: 30, maxBatch: 2 })
  using other = new DatabaseSync(at.path)
  other.exec('BEGIN IMMEDIATE')
  const adding = range(5).map((name) => at.add(name))
  const outcomes = Promise.allSettled(adding)
  await Promise.race(adding).catch(() => {})
  other.exec('COMMIT')
  for (const outcome of await outcomes) {
    assert.equal(outcome.status === 'rejected' && outcome.reason.name, 'StoreUnavailable')
  }
  assert.deepEqual(at.names(), [])
  await at.add('after')
  assert.deepEqual(at.names(), ['after'])
})

test('more writes than may wait are refused at once, and those that wait are done', async () => {
  using at = open({ maxQueuedTransactions: 5 })
  const outcomes = await Promise.allSettled(range(8).map((name) => at.add(name)))
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : 'done')),
    ['done', 'done', 'done', 'done', 'done', 'StoreUnavailable', 'StoreUnavailable', 'StoreUnavailable'],
  )
  assert.deepEqual(at.names(), range(5))
  await at.add('after')
})

test('draining waits for everything that was asked for', async () => {
  using at = open({ maxBatch: 2 })
  const adding = range(7).map((name) => at.add(name))
  await at.groupCommit.drain()
  assert.deepEqual(at.names(), range(7))
  await Promise.all(adding)
  await at.groupCommit.drain()
})
