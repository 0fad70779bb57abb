import { temporaryFolder } from '../support/folder.ts'
import { temporaryDatabase } from '../support/postgres.ts'

export const databases = ['sqlite', 'postgres'] as const

export type DatabaseName = (typeof databases)[number]

/** A new database that outlives the servers on it. */
export async function keptDatabase(name: DatabaseName): Promise<AsyncDisposable & { url: string }> {
  if (name === 'postgres') return temporaryDatabase()
  const folder = temporaryFolder()
  return {
    url: `sqlite:${folder.file('latchkey.db')}`,
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  }
}
