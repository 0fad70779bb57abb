import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts'

const latchkeyFile = fileURLToPath(new URL('../../packages/server/src/cli/main.ts', import.meta.url))
const configName = 'latchkey.config.json'

export interface LatchkeySetup {
  /** Beside the issuer, a port and the defaults. */
  config: Record<string, unknown>
  /** Prepares the server by the commands that an owner uses, after `migrate`. */
  prepare(run: (words: readonly string[], input?: string) => void, folder: string): void
  nodeArgs?: ServerProcessOptions['nodeArgs']
}

/** `latchkey serve` on a SQLite file in a folder of its own, with its tables, until the scope ends. */
export async function startLatchkeyProcess(setup: LatchkeySetup): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    const env = { LATCHKEY_SECRET: 'a secret of the benchmark and of no one else' }
    const config = { issuer: 'http://127.0.0.1', port: 0, ...setup.config }
    writeFileSync(join(folder, configName), JSON.stringify(config))
    const run = (words: readonly string[], input = '') => {
      execFileSync(process.execPath, [latchkeyFile, ...words, '--config', configName], {
        cwd: folder,
        env: { ...process.env, ...env },
        input,
        stdio: ['pipe', 'ignore', 'inherit'],
      })
    }
    run(['migrate'])
    setup.prepare(run, folder)
    const options = { cwd: folder, env, ...(setup.nodeArgs ? { nodeArgs: setup.nodeArgs } : {}) }
    const server = await startServerProcess(latchkeyFile, ['serve', '--config', configName], options)
    return {
      ...server,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}
