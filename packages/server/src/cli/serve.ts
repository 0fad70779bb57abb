import type { Environment } from '../config/config.ts'
import { listen } from '../listen.ts'
import { createLatchkey } from '../server.ts'
import { type ConfigOption, loadConfig } from './config-file.ts'
import { untilStopped } from './until-stopped.ts'
import { printLine } from './with-store.ts'

/** `latchkey serve`: the server without demo data. */
export async function serve(options: ConfigOption, environment: Environment): Promise<void> {
  const latchkey = await createLatchkey(await loadConfig(options), { environment })
  try {
    const { host, port, issuer } = latchkey.config
    const listener = await listen({ host, port })
    const stopped = untilStopped()
    listener.serve(latchkey.fetch)
    printLine(JSON.stringify({ msg: 'ready', issuer, host, port: listener.port }))
    await stopped
    latchkey.stop()
    await listener.close()
  } finally {
    await latchkey.close()
  }
}
