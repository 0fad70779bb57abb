import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Database, StoreUnavailable } from './database.ts'

/**
 * Opens the database that a URL names: `sqlite:path`, `file:path` or `postgres://…`. Each driver is loaded only when
 * it is asked for.
 *
 * @param forServer take a SQLite file for this process alone until `close`.
 * @throws StoreUnavailable in words when it cannot be opened.
 */
export async function openDatabase(url: string, { forServer = false } = {}): Promise<Database> {
  const path = sqlitePath(url)
  if (path === undefined) {
    if (!/^postgres(?:ql)?:\/\//.test(url)) throw new StoreUnavailable(explainUrl(url))
    const { openPostgres } = await import('./postgres/postgres.ts')
    return openPostgres(url)
  }
  const { lockForServer, openSqlite } = await import('./sqlite/sqlite.ts')
  try {
    const database = openSqlite(path)
    if (!forServer) return database
    return withLock(database, () => lockForServer(path))
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    const cause = error instanceof Error ? error.message : String(error)
    throw new StoreUnavailable(`The database ${path} cannot be opened: ${cause}.`, { cause: error })
  }
}

/** The file that a URL names, or `undefined` when it names a PostgreSQL server. */
export function sqlitePath(url: string): string | undefined {
  if (url.startsWith('file://')) return fileURLToPath(url)
  const match = /^(?:sqlite|file):(?:\/\/)?(.+)$/.exec(url)
  return match?.[1] === undefined ? undefined : resolve(match[1])
}

/** A URL of another kind may hold a password, so only its kind is said. */
function explainUrl(url: string): string {
  const kind = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]
  const seen = kind === undefined ? `\`${url}\`` : `a ${kind}: URL`
  const guess = kind === undefined ? ` Did you mean \`sqlite:${url}\`?` : ''
  return `The database is ${seen}, but must be sqlite:path or postgres://…${guess}`
}

async function withLock(database: Database, lock: () => () => void): Promise<Database> {
  try {
    const unlock = lock()
    return {
      ...database,
      async close() {
        await database.close()
        unlock()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}
