import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { stopOwnPostgres } from '../../../../../tests/support/postgres.ts'
import type { Database } from '../database.ts'
import * as foundation from '../migrations/0001-foundation.ts'
import { openDatabase } from '../open.ts'
import type { Schema } from '../schema.ts'
import { createStore } from '../store.ts'
import { type DatabaseKind, databaseKinds, emptyDatabase } from '../testing/databases.ts'
import {
  addPeopleAndClients,
  assertRows,
  client,
  connection,
  event,
  now,
  opaqueToken,
  revokedToken,
  signingKey,
  user,
} from '../testing/rows.ts'

after(stopOwnPostgres)

for (const kind of databaseKinds) {
  test(`${kind}: an empty database lacks every migration; they run once`, async () => {
    await using empty = await emptyDatabase(kind)
    await using database = closing(await openDatabase(empty.url))
    const pending = await database.pendingMigrations()
    assert.ok(pending.length > 0)
    assert.deepEqual(await database.migrate(), pending)
    assert.deepEqual(await database.pendingMigrations(), [])
    assert.deepEqual(await database.migrate(), [])
  })

  test(`${kind}: processes that migrate at once run each migration once between them`, async () => {
    await using empty = await emptyDatabase(kind)
    await using database = closing(await openDatabase(empty.url))
    const pending = await database.pendingMigrations()
    const ran = await Promise.all([1, 2, 3].map(() => migrateInProcess(empty.url)))
    assert.deepEqual(ran.flat().sort(), pending.toSorted())
    assert.deepEqual(await database.pendingMigrations(), [])
  })
}

for (const kind of databaseKinds) {
  test(`${kind}: a database of the first migration keeps its rows through the later ones`, async () => {
    await using empty = await emptyDatabase(kind)
    await using database = closing(await openDatabase(empty.url))
    await play(database, await firstMigration(kind))
    await play(database, foundationRows(database))
    const pending = await database.pendingMigrations()
    assert.equal(pending[0], '0002-people')
    assert.deepEqual(await database.migrate(), pending)

    const store = createStore(database)
    const jane = { ...user('owner'), scope: null, email: null, login: null, epoch: 3, disabled_at: null }
    assertRows(await store.users.find('owner'), jane)
    const { secrets, ...app } = (await store.clients.find('kept')) ?? { secrets: [] }
    assertRows(app, {
      ...client('kept', { owner_id: 'owner' }),
      redirect_uris: '',
      publisher: null,
      epoch: 2,
      disabled_at: null,
      isOwnerDisabled: false,
      owner_name: jane.name,
    })
    assert.deepEqual(
      secrets.map(({ secret_hash }) => secret_hash),
      ['hash of kept'],
    )
    assertRows(await store.opaqueTokens.find('token', now), opaqueToken('token'))
    assertRows(await store.revocations.after(0, 10), [{ position: 7, ...revokedToken('ended') }])
    assert.equal((await store.revocations.head()).position, 7)
    assertRows(await store.signingKeys.list(), [signingKey('key')])
    assertRows(await store.auditEvents.list(10), [event('thing:kept')])

    await addPeopleAndClients(store)
    assert.ok(await store.connections.open(connection('first'), { epoch: 0 }, 'one', event()))
  })
}

/** What the first migration runs, and the note that it ran, as an earlier release left them. */
async function firstMigration(kind: DatabaseKind): Promise<CompiledQuery[]> {
  const queries: CompiledQuery[] = []
  const kysely = new Kysely<Schema>({
    dialect: silent[kind],
    log: ({ query }) => void queries.push(query),
  })
  await foundation.up(kysely)
  // As Kysely's migrator makes it.
  await kysely.schema
    .createTable('latchkey_migrations')
    .addColumn('name', 'varchar(255)', (column) => column.notNull().primaryKey())
    .addColumn('timestamp', 'varchar(255)', (column) => column.notNull())
    .execute()
  const ran = kysely.withTables<{ latchkey_migrations: { name: string; timestamp: string } }>()
  const note = { name: '0001-foundation', timestamp: '2026-01-01T00:00:00.000Z' }
  await ran.insertInto('latchkey_migrations').values(note).execute()
  return queries
}

/** Each database's own SQL, run nowhere. */
const silent = {
  SQLite: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely: Kysely<unknown>) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
  PostgreSQL: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely: Kysely<unknown>) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
}

/** A row of every table of the first migration, with the columns that it had then. */
function foundationRows({ kysely }: Database): CompiledQuery[] {
  const secret = { id: 'secret', client_id: 'kept', secret_hash: 'hash of kept', created_at: now }
  const head = {
    id: 1,
    feed_id: 'feed',
    position: 7,
    purged_position: 0,
    live_entries: 1,
    epoch: 0,
    configuration_version: 1,
    longest_lifetime_seconds: 3_600,
  }
  return [
    kysely.insertInto('users').values({ ...user('owner'), epoch: 3 }),
    kysely.insertInto('clients').values({ ...client('kept', { owner_id: 'owner' }), epoch: 2 }),
    kysely.insertInto('client_secrets').values(secret),
    kysely.insertInto('opaque_tokens').values(opaqueToken('token')),
    kysely.insertInto('revocations').values({ position: 7, ...revokedToken('ended') }),
    kysely.insertInto('feed_head').values(head),
    kysely.insertInto('signing_keys').values(signingKey('key')),
    kysely.insertInto('audit_events').values({ id: 'event', ...event('thing:kept'), expires_at: now + 60 }),
  ].map((query) => query.compile())
}

const play = (database: Database, queries: readonly CompiledQuery[]): Promise<void> =>
  database.transact(function* () {
    for (const query of queries) yield query
  })

/** Migrates in a process of its own, and gives the names of what that one ran. */
async function migrateInProcess(url: string): Promise<string[]> {
  const program = `
    import { openDatabase } from ${JSON.stringify(import.meta.resolve('../open.ts'))}
    const database = await openDatabase(${JSON.stringify(url)})
    console.log(JSON.stringify(await database.migrate()))
    await database.close()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  return JSON.parse(stdout)
}

function closing<Resource extends { close(): Promise<void> }>(
  resource: Resource,
): Resource & AsyncDisposable {
  return { ...resource, [Symbol.asyncDispose]: () => resource.close() }
}
