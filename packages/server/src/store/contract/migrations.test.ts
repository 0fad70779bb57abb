import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { stopOwnPostgres } from '../../../../../tests/support/postgres.ts'
import { openDatabase } from '../open.ts'
import { databaseKinds, emptyDatabase } from '../testing/databases.ts'

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
