import type { Environment } from '../config/config.ts'
import type { ConfigOption } from './config-file.ts'
import { printLine, withDatabase } from './with-store.ts'

/** `latchkey migrate` */
export async function migrate(options: ConfigOption, environment: Environment): Promise<void> {
  const names = await withDatabase(options, environment, (database) => database.migrate())
  printLine(names.length === 0 ? 'The database is up to date.' : `Migrated: ${names.join(', ')}.`)
}
