import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../../../../tests/support/folder.ts'
import { stopOwnPostgres, temporaryDatabase } from '../../../../../tests/support/postgres.ts'
import { openDatabase } from '../open.ts'
import { openPostgres } from '../postgres/postgres.ts'
import { createStore, type Store } from '../store.ts'

/** The lifetime of access tokens, in seconds, that the stores of these tests know. */
export const lifetimeSeconds = 3_600

/** As many as a server process holds to PostgreSQL. */
const connectionsOfPool = 10

/** Who asks at once waits here for those before them, one sync to disk after another, however slow the disk is. */
const connectionTimeoutMs = 120_000

/** An empty database with its tables, and a store of it. */
export interface TestStore extends AsyncDisposable {
  url: string
  store: Store
  /**
   * The same database, opened once more, as another process would. Both hold their connections open from then on, so
   * that what begins at once in both meets in the database.
   */
  open(): Promise<Store>
}

export const databaseKinds = ['SQLite', 'PostgreSQL'] as const

export type DatabaseKind = (typeof databaseKinds)[number]

/** Declares each test of a suite over both databases, each with a new database of its own. */
export function overBothDatabases(
  suite: (contract: (name: string, run: (at: TestStore) => Promise<void>) => void) => void,
): void {
  after(stopOwnPostgres)
  for (const kind of databaseKinds) {
    describe(kind, () =>
      suite((name, run) => {
        test(name, async () => {
          await using at = await openTestStore(kind)
          await run(at)
        })
      }),
    )
  }
}

/** A new database without tables. */
export async function emptyDatabase(kind: DatabaseKind): Promise<AsyncDisposable & { url: string }> {
  if (kind === 'PostgreSQL') return temporaryDatabase()
  const folder = temporaryFolder()
  return {
    url: `sqlite:${folder.file('latchkey.db')}`,
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  }
}

export async function openTestStore(kind: DatabaseKind): Promise<TestStore> {
  const empty = await emptyDatabase(kind)
  const opened: Store[] = []
  const open = async () => {
    const store = createStore(
      kind === 'PostgreSQL'
        ? openPostgres(empty.url, { connectionTimeoutMs })
        : await openDatabase(empty.url),
    )
    opened.push(store)
    return store
  }
  const openAnother = async () => {
    const another = await open()
    await Promise.all(opened.map(openConnections))
    return another
  }
  const store = await open()
  await store.database.migrate()
  await store.revocations.initialize(lifetimeSeconds)
  return {
    url: empty.url,
    store,
    open: openAnother,
    async [Symbol.asyncDispose]() {
      for (const { database } of opened) await database.close()
      await empty[Symbol.asyncDispose]()
    },
  }
}

/** A pool opens one connection for each that asks at once. */
const openConnections = ({ revocations }: Store) =>
  Promise.all(Array.from({ length: connectionsOfPool }, () => revocations.head()))
