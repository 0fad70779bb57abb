import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CompiledQuery, sql } from 'kysely'
import pg from 'pg'
import { eventually } from '../../../../../tests/support/eventually.ts'
import { stopOwnPostgres, temporaryDatabase } from '../../../../../tests/support/postgres.ts'
import { type Database, rows, type Transaction, type TransactionOptions } from '../database.ts'
import { createStore, type Store } from '../store.ts'
import { openTestStore } from '../testing/databases.ts'
import { type NetworkProxy, startProxy } from '../testing/proxy.ts'
import { countRows, event, now, opaqueToken, revokedToken } from '../testing/rows.ts'
import type { PostgresLimits } from './connections.ts'
import { openPostgres } from './postgres.ts'

after(stopOwnPostgres)

const unavailable = { name: 'StoreUnavailable' }

/** A name that cannot be one: nobody is asked for it, so no answer of theirs can be late. */
const unknownHost = `${'x'.repeat(64)}.nowhere.invalid`

interface Proxied extends AsyncDisposable {
  store: Store
  proxy: NetworkProxy
  /** The same database without the proxy. */
  direct: Store
}

/** A store that reaches its database through a network with a switch. */
async function openProxied(limits: Partial<PostgresLimits> = {}): Promise<Proxied> {
  const at = await openTestStore('PostgreSQL')
  const url = new URL(at.url)
  const proxy = await startProxy(Number(url.port))
  url.port = String(proxy.port)
  const store = createStore(openPostgres(url.href, limits))
  return {
    store,
    proxy,
    direct: at.store,
    async [Symbol.asyncDispose]() {
      await store.database.close()
      await proxy[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

/** Ends every session of the application on this database, as an administrator or a restart would. */
async function endSessions({ database }: Store): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.execute(database.kysely)
}

const setting = (database: Database, name: string, options: TransactionOptions = {}) =>
  database.transact(function* () {
    const [row] = yield CompiledQuery.raw('select current_setting($1) as value', [name])
    return (row as { value: string }).value
  }, options)

test('a server that is not there is StoreUnavailable, for reads, writes and migrations', async () => {
  await using at = await openProxied()
  await at.proxy.cut()
  await assert.rejects(at.store.revocations.head(), unavailable)
  await assert.rejects(at.store.opaqueTokens.add(opaqueToken('one')), unavailable)
  await assert.rejects(at.store.database.migrate(), unavailable)
  await assert.rejects(at.store.database.pendingMigrations(), unavailable)
})

test('a database that does not exist, a wrong password and an unknown host are StoreUnavailable, in words', async () => {
  await using database = await temporaryDatabase()
  const change = (name: 'pathname' | 'password' | 'hostname', value: string) => {
    const url = new URL(database.url)
    url[name] = value
    return url.href
  }
  for (const [url, words] of [
    [change('pathname', '/nowhere'), /does not exist/],
    [change('password', 'wrong'), /password authentication failed/],
    [change('hostname', unknownHost), /nowhere\.invalid/],
  ] as const) {
    const store = createStore(openPostgres(url))
    const refused = { ...unavailable, message: words }
    await assert.rejects(store.revocations.head(), refused)
    await assert.rejects(store.opaqueTokens.add(opaqueToken('one')), refused)
    await store.database.close()
  }
})

test('a server that goes away under work is StoreUnavailable, and works again when it is back', async () => {
  await using at = await openProxied()
  await at.store.opaqueTokens.add(opaqueToken('before'))
  const work = Array.from({ length: 30 }, (_, index) =>
    at.store.opaqueTokens.add(opaqueToken(`during-${index}`)),
  )
  const reads = Array.from({ length: 30 }, () => at.store.opaqueTokens.find('before', now))
  const outcomes = Promise.allSettled([...work, ...reads])
  await at.proxy.cut()
  for (const outcome of await outcomes) {
    if (outcome.status === 'rejected') assert.equal(outcome.reason.name, 'StoreUnavailable')
  }
  await assert.rejects(at.store.revocations.head(), unavailable)

  await at.proxy.mend()
  await eventuallyTaken((attempt) => at.store.opaqueTokens.add(opaqueToken(`after-${attempt}`)))
  assert.ok(await at.store.opaqueTokens.find('before', now))
  await at.store.opaqueTokens.add(opaqueToken('after'))
  assert.ok(await at.store.opaqueTokens.find('after', now))
})

test('51: sessions that are ended during work fail as StoreUnavailable, end no process, and are replaced', async () => {
  await using at = await openTestStore('PostgreSQL')
  const admin = await at.open()
  const acknowledged: string[] = []
  const refusals: string[] = []
  let isDone = false
  const work = Array.from({ length: 20 }, async (_, worker) => {
    for (let round = 0; !isDone; round++) {
      const hash = `token-${worker}-${round}`
      await at.store.opaqueTokens.add(opaqueToken(hash)).then(
        () => acknowledged.push(hash),
        (error) => refusals.push(error.name),
      )
      await at.store.revocations.head().catch((error) => refusals.push(error.name))
    }
  })
  while (refusals.length < 20) await endSessions(admin)
  isDone = true
  await Promise.all(work)
  assert.deepEqual(new Set(refusals), new Set(['StoreUnavailable']))
  for (const hash of acknowledged) assert.ok(await at.store.opaqueTokens.find(hash, now), hash)
})

test('a session that ends while it is idle is replaced at the next query', async () => {
  await using at = await openTestStore('PostgreSQL')
  const admin = await at.open()
  await at.store.revocations.head()
  await endSessions(admin)
  await eventuallyTaken(async () => assert.equal((await at.store.revocations.head()).position, 0))
})

test('a commit whose answer is lost is StoreUnavailable and does not run twice', async () => {
  await using at = await openProxied()
  const before = await at.store.revocations.head()
  at.proxy.cutAfter('COMMIT\0')
  await assert.rejects(at.store.revocations.revoke(revokedToken('one'), event()), unavailable)
  await eventually(async () => (await at.direct.revocations.head()).position === before.position + 1)
  assert.equal(await countRows(at.direct, 'audit_events'), 1)
  await at.store.revocations.revoke(revokedToken('two'), event())
})

test('a network that drops everything is StoreUnavailable in time, and no connection stays taken', async () => {
  await using at = await openProxied({ maxConnections: 2, answerTimeoutMs: 300, connectionTimeoutMs: 300 })
  // A machine that is busy may take longer to connect than this store waits.
  await eventuallyTaken(() => at.store.revocations.head())
  at.proxy.stall()
  const stalled = Array.from({ length: 6 }, (_, index) =>
    index % 2 ? at.store.revocations.head() : at.store.opaqueTokens.add(opaqueToken(`stalled-${index}`)),
  )
  for (const outcome of await Promise.allSettled(stalled)) {
    assert.equal(outcome.status === 'rejected' && outcome.reason.name, 'StoreUnavailable')
  }
  await at.proxy.cut()
  await at.proxy.mend()
  await eventuallyTaken((attempt) => at.store.opaqueTokens.add(opaqueToken(`after-${attempt}`)))
})

/** Waits in the database until both of two transactions have come this far. */
function* meet(who: number): Transaction<void> {
  yield CompiledQuery.raw('select pg_advisory_xact_lock($1)', [who])
  yield CompiledQuery.raw(`do $$ begin
    while (select count(*) < 2 from pg_locks join pg_database on pg_database.oid = database
           where locktype = 'advisory' and datname = current_database()) loop
      perform pg_sleep(0.01);
    end loop;
  end $$`)
}

test('a transaction that a deadlock undid runs again, and its caller sees nothing of it', async () => {
  await using at = await openTestStore('PostgreSQL')
  for (const hash of ['a', 'b']) await at.store.opaqueTokens.add(opaqueToken(hash))
  const { kysely } = at.store.database
  const touch = (hash: string) =>
    rows(kysely.updateTable('opaque_tokens').set({ scope: sql`scope || '+'` }).where('token_hash', '=', hash))
  let attempts = 0
  const cross = (first: string, second: string) =>
    at.store.database.transact(function* () {
      const attempt = ++attempts
      yield* touch(first)
      if (attempt <= 2) yield* meet(attempt)
      yield* touch(second)
    })
  await Promise.all([cross('a', 'b'), cross('b', 'a')])
  assert.ok(attempts > 2, 'there was no deadlock')
  assert.equal((await at.store.opaqueTokens.find('a', now))?.scope, 'read++')
  assert.equal((await at.store.opaqueTokens.find('b', now))?.scope, 'read++')
})

test('a failure of the caller undoes the transaction, goes through as it is, and leaves the connection', async () => {
  await using at = await openTestStore('PostgreSQL')
  const store = createStore(openPostgres(at.url, { maxConnections: 1 }))
  try {
    const failing = store.database.transact(function* () {
      yield* rows(store.database.kysely.insertInto('opaque_tokens').values(opaqueToken('undone')))
      throw new RangeError('of the caller')
    })
    await assert.rejects(failing, { name: 'RangeError', message: 'of the caller' })
    assert.equal(await store.opaqueTokens.find('undone', now), undefined)
    await store.opaqueTokens.add(opaqueToken('done'))
  } finally {
    await store.database.close()
  }
})

test('more requests than connections wait for one; more than the bound are refused at once', async () => {
  await using at = await openTestStore('PostgreSQL')
  const store = createStore(openPostgres(at.url, { maxConnections: 2, maxWaiting: 10 }))
  try {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => store.opaqueTokens.add(opaqueToken(`token-${index}`))),
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.equal(refused.length, 38)
    for (const { reason } of refused) assert.equal(reason.name, 'StoreUnavailable')
    assert.equal(await countRows(store, 'opaque_tokens'), 12)
  } finally {
    await store.database.close()
  }
})

test('a statement that runs too long is ended by the server and is StoreUnavailable', async () => {
  await using at = await openTestStore('PostgreSQL')
  const store = createStore(openPostgres(at.url, { statementTimeoutMs: 200 }))
  const blocker = new pg.Client({ connectionString: at.url })
  await blocker.connect()
  try {
    await blocker.query('BEGIN; UPDATE feed_head SET position = position')
    await assert.rejects(store.revocations.revoke(revokedToken('one'), event()), {
      ...unavailable,
      message: /statement timeout/,
    })
    await blocker.query('ROLLBACK')
    await eventuallyTaken(() => store.revocations.revoke(revokedToken('one'), event()))
  } finally {
    await blocker.end()
    await store.database.close()
  }
})

test('a commit is on the disk when it is acknowledged, whatever the database would rather', async () => {
  await using at = await openTestStore('PostgreSQL')
  const name = new URL(at.url).pathname.slice(1)
  await sql`alter database ${sql.id(name)} set synchronous_commit = off`.execute(at.store.database.kysely)
  await sql`alter database ${sql.id(name)} set default_transaction_isolation = 'serializable'`.execute(
    at.store.database.kysely,
  )
  const { database } = await at.open()
  assert.equal(await setting(database, 'fsync'), 'on')
  assert.equal(await setting(database, 'synchronous_commit'), 'on')
  assert.equal(await setting(database, 'transaction_isolation'), 'read committed')
  assert.equal(await setting(database, 'idle_in_transaction_session_timeout'), '10s')
})

test('a commit that nobody relies on does not wait for the disk, and the next one does again', async () => {
  await using at = await openTestStore('PostgreSQL')
  const { database } = at.store
  for (let round = 0; round < 20; round++) {
    assert.equal(await setting(database, 'synchronous_commit', { isDurable: false }), 'off')
    assert.equal(await setting(database, 'synchronous_commit'), 'on')
  }
})

/** Asks until the database takes it. */
async function eventuallyTaken(ask: (attempt: number) => Promise<unknown>): Promise<void> {
  let attempts = 0
  await eventually(() =>
    ask(attempts++).then(
      () => true,
      (error) => {
        assert.equal(error.name, 'StoreUnavailable')
        return false
      },
    ),
  )
}
