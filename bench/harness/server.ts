import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigInput, createLatchkey, type Latchkey } from '@latchkey/server'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { registerApp } from '../../packages/server/src/clients/registration.ts'
import { audience, body, client, headers, scope } from '../token/workload.ts'

/** A server in this process, on a SQLite file, that is asked without a socket. */
export interface OwnServer extends AsyncDisposable {
  latchkey: Latchkey
  /** A new token of the one client. */
  token(): Promise<string>
  get<Answer>(path: string): Promise<Answer>
}

export async function openServer(input: Partial<ConfigInput> = {}): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const issuer = 'http://127.0.0.1'
  const config = {
    issuer,
    audience,
    scopes: { [scope]: 'Read' },
    database: `sqlite:${join(folder, 'latchkey.db')}`,
  }
  const latchkey = await createLatchkey(
    { ...config, ...input },
    { environment: { LATCHKEY_SECRET: 'a secret of the benchmark and of no one else' }, migrate: true },
  )
  const parts = { store: latchkey.store, clock: systemClock }
  await registerApp(parts, { name: 'Bench', type: 'confidential', scope, ...client }, 'bench')
  return {
    latchkey,
    async token() {
      const response = await latchkey.fetch(
        new Request(latchkey.urls.token, { method: 'POST', headers, body }),
      )
      if (response.status !== 200) throw new Error(`The server answered ${response.status}.`)
      return ((await response.json()) as { access_token: string }).access_token
    },
    async get(path) {
      const response = await latchkey.fetch(new Request(`${issuer}${path}`))
      return response.json() as Promise<never>
    },
    async [Symbol.asyncDispose]() {
      await latchkey.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
