import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { sha256 } from '../../base/hash.ts'
import { randomSecret } from '../../base/random.ts'
import type { Environment } from '../../config/config.ts'
import { StoreUnavailable } from '../../store/database.ts'
import { makeFolder } from '../../store/folder.ts'
import { sqlitePath } from '../../store/open.ts'

/** Where `latchkey dev` keeps what it makes. */
const folder = '.latchkey'

/**
 * The database of a development server, a file for each dialect unless the caller names one, and the secret that goes
 * with it: one that is made at the first start and kept beside the data, so that the next start has the same
 * credentials. What the environment holds is production's: its database is never taken, and its secret only for a
 * database that the caller named.
 */
export function devDatabase(
  database: string | undefined,
  dialect: unknown,
  environment: Environment,
): { url: string; secret: string } {
  const name = typeof dialect === 'string' && /^[a-z0-9-]+$/.test(dialect) ? dialect : 'custom'
  const url = database ?? `sqlite:${folder}/${name}.db`
  const given = database === undefined ? undefined : environment.LATCHKEY_SECRET
  return { url, secret: given ?? keptSecret(secretFile(url)) }
}

function secretFile(url: string): string {
  const path = sqlitePath(url)
  return path === undefined
    ? resolve(folder, `postgres-${sha256(url).slice(0, 12)}.secret`)
    : `${path}.secret`
}

function keptSecret(file: string): string {
  try {
    if (existsSync(file)) return readFileSync(file, 'utf8').trim()
    makeFolder(dirname(file))
    const secret = randomSecret()
    writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' })
    return secret
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreUnavailable(`The folder of the database cannot be written: ${reason}.`, { cause: error })
  }
}
