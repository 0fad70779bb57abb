import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Description } from '../../packages/server/src/cli/dev/description.ts'
import { temporaryFolder } from './folder.ts'

/** The command line's own file: tests run it as a process, the way people do. */
export const latchkeyFile = fileURLToPath(new URL('../../packages/server/src/cli/main.ts', import.meta.url))

export interface DevOptions {
  dialect?: string
  /** Default: a SQLite file that goes with the process. */
  database?: string
  /** More arguments, as in `['--config', file]`. */
  args?: string[]
  env?: Record<string, string>
  /** Where it runs, and keeps what it makes. Default: a folder that goes with the process. */
  cwd?: string
}

/** A `latchkey dev` in a process of its own. */
export interface Dev extends AsyncDisposable {
  description: Description
  process: ChildProcess
  /** What it wrote to standard output so far. */
  stdout(): string
  /** What it wrote to standard error so far. */
  stderr(): string
  /** Ends it with a signal and waits; gives its exit code, null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `latchkey dev --json --port 0` and waits until it is ready. */
export async function startDev(options: DevOptions = {}): Promise<Dev> {
  const folder = temporaryFolder()
  const database = options.database ?? `sqlite:${folder.file('latchkey.db')}`
  const words = ['dev', '--json', '--port', '0', '--database', database]
  if (options.dialect !== undefined) words.push('--dialect', options.dialect)
  const child = spawn(process.execPath, [latchkeyFile, ...words, ...(options.args ?? [])], {
    cwd: options.cwd ?? folder.path,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const [code] = await exited
    return code as number | null
  }
  return {
    description: await readDescription(child, () => stderr),
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    end,
    async [Symbol.asyncDispose]() {
      await end()
      folder[Symbol.dispose]()
    },
  }
}

/** What `latchkey dev --json` prints as one line when it is ready. `npm start` prints lines of its own before it. */
export function readDescription(child: ChildProcess, stderr = () => ''): Promise<Description> {
  return new Promise((resolve, reject) => {
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text
      const line = /^(\{.*\})\n/m.exec(stdout)?.[1]
      if (line !== undefined) resolve(JSON.parse(line))
    })
    child.once('exit', (code) => reject(new Error(`latchkey dev ended with ${code}: ${stdout}${stderr()}`)))
  })
}
