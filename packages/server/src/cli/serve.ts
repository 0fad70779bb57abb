import type { ConfigInput, Environment } from '../config/config.ts'
import { loadConfigFile } from '../config/load.ts'
import { listen } from '../listen.ts'
import { createLatchkey } from '../server.ts'
import { untilStopped } from './until-stopped.ts'
import { type ConfigOption, printLine } from './with-store.ts'

/** `latchkey serve`: the server without demo data. */
export async function serve(options: ConfigOption, environment: Environment): Promise<void> {
  const latchkey = await createLatchkey((await loadConfigFile(options.config)) as ConfigInput, {
    environment,
  })
  try {
    const { host, port, issuer } = latchkey.config
    const listener = await listen({ host, port })
    listener.serve(latchkey.fetch)
    printLine(JSON.stringify({ msg: 'ready', issuer, host, port: listener.port }))
    await untilStopped()
    latchkey.stop()
    await listener.close()
  } finally {
    await latchkey.close()
  }
}
