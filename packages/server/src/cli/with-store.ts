import type { Config, Environment } from '../config/config.ts'
import { resolveConfig } from '../resolve-config.ts'
import type { Database } from '../store/database.ts'
import { StoreUnavailable } from '../store/database.ts'
import { openDatabase } from '../store/open.ts'
import { createStore, type Store } from '../store/store.ts'
import { type ConfigOption, loadConfig } from './config-file.ts'

/** Every command of the command line is this actor in the audit log. */
export const actor = 'command-line'

/** Loads the config, opens its database beside a server that may be running, and closes it when the work is done. */
export async function withDatabase<Result>(
  options: ConfigOption,
  environment: Environment,
  work: (database: Database, config: Config) => Promise<Result>,
): Promise<Result> {
  const { config } = resolveConfig(await loadConfig(options), environment)
  const database = await openDatabase(config.database)
  try {
    return await work(database, config)
  } finally {
    await database.close()
  }
}

/** The same, with the tables up to date. */
export function withStore<Result>(
  options: ConfigOption,
  environment: Environment,
  work: (store: Store, config: Config) => Promise<Result>,
): Promise<Result> {
  return withDatabase(options, environment, async (database, config) => {
    if ((await database.pendingMigrations()).length > 0) {
      throw new StoreUnavailable(
        'The database lacks migrations. Run `latchkey migrate` with the same config.',
      )
    }
    const store = createStore(database)
    await store.revocations.initialize(config.accessTokenLifetimeSeconds)
    return work(store, config)
  })
}

export const printLine = (line: string): void => void process.stdout.write(`${line}\n`)
