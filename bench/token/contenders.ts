import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startLatchkeyProcess } from '../harness/latchkey-process.ts'
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

function startLatchkey({ nodeArgs = [] }: StartOptions = {}): Promise<ServerProcess> {
  return startLatchkeyProcess({
    config: { audience, scopes: { [scope]: 'Read', write: 'Write' } },
    prepare: (run) => run(['app', 'create', 'Bench', '--id', client.id, '--secret-stdin'], client.secret),
    nodeArgs,
  })
}
