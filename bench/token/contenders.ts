import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from '../harness/server-process.ts'
import { audience, client, scope } from './workload.ts'

type StartOptions = Pick<ServerProcessOptions, 'nodeArgs'>

/** A server whose token endpoint is measured. */
export interface Contender {
  name: string
  path: string
  start(options?: StartOptions): Promise<ServerProcess>
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const latchkeyFile = file('../../packages/server/src/cli/main.ts')

/** `latchkey serve` with its defaults: a SQLite file, ES256 JWTs, the log at `info`. */
export const latchkey: Contender = { name: 'latchkey', path: '/token', start: startLatchkey }

export const oidcProvider: Contender = {
  name: 'oidc-provider',
  path: '/token',
  start: (options) => startServerProcess(file('oidc-provider.ts'), [], options),
}

export const bare: Contender = {
  name: 'bare node:http',
  path: '/token',
  start: (options) => startServerProcess(file('bare.ts'), [], options),
}

/** Whether oidc-provider was installed, by `npm ci` in bench/. */
export const hasOidcProvider = (): boolean => existsSync(file('../node_modules/oidc-provider'))

async function startLatchkey({ nodeArgs = [] }: StartOptions = {}): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    const options = { cwd: folder, env: { LATCHKEY_SECRET: 'a secret of the benchmark and of no one else' } }
    const config = {
      issuer: 'http://127.0.0.1',
      audience,
      scopes: { [scope]: 'Read', write: 'Write' },
      port: 0,
    }
    writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify(config))
    prepare(options)
    const words = ['serve', '--config', 'latchkey.config.json']
    const server = await startServerProcess(latchkeyFile, words, { ...options, nodeArgs })
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

/** Makes the tables and the client, by the commands that an owner uses. */
function prepare({ cwd, env }: { cwd: string; env: Record<string, string> }): void {
  const run = (words: string[], input = '') =>
    execFileSync(process.execPath, [latchkeyFile, ...words, '--config', 'latchkey.config.json'], {
      cwd,
      env: { ...process.env, ...env },
      input,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  run(['migrate'])
  run(['app', 'create', 'Bench', '--id', client.id, '--secret-stdin'], client.secret)
}
