import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { latchkeyFile } from './dev.ts'
import { temporaryFolder } from './folder.ts'
import { testSecret } from './server.ts'

export interface Serve extends AsyncDisposable {
  /** Where it listens, which its issuer need not be. */
  url: string
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** A `latchkey serve` in a process of its own. Several may share one PostgreSQL and one issuer. */
export async function startServe(config: Record<string, unknown>): Promise<Serve> {
  const folder = temporaryFolder()
  writeFileSync(folder.file('latchkey.config.json'), JSON.stringify({ logLevel: 'warn', port: 0, ...config }))
  const child = spawn(process.execPath, [latchkeyFile, 'serve', '--config', 'latchkey.config.json'], {
    cwd: folder.path,
    env: { ...process.env, LATCHKEY_SECRET: testSecret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`latchkey serve ended with ${code}`))),
  ])
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const [code] = await exited
    return code as number | null
  }
  return {
    url: `http://127.0.0.1:${JSON.parse(String(line)).port}`,
    end,
    async [Symbol.asyncDispose]() {
      await end()
      folder[Symbol.dispose]()
    },
  }
}
