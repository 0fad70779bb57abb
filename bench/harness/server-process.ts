import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server that is measured, in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  port: number
  /** User and system time that the process has used so far, as it says itself. */
  cpuSeconds(): Promise<number>
}

export interface ServerProcessOptions {
  cwd?: string
  env?: Record<string, string>
  /** To Node itself, as in `['--cpu-prof']`. */
  nodeArgs?: readonly string[]
}

const cpuReporter = fileURLToPath(new URL('cpu-reporter.ts', import.meta.url))

/**
 * Runs a file with Node until the scope ends. Its first line on standard output is JSON with the `port` it listens on.
 *
 * @throws Error when it ends before that.
 */
export async function startServerProcess(
  file: string,
  args: readonly string[] = [],
  { cwd, env = {}, nodeArgs = [] }: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', cpuReporter, ...nodeArgs, file, ...args], {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const { port } = JSON.parse(await firstLine(child, exited)) as { port: number }
  return {
    port,
    cpuSeconds: async () => {
      child.send('cpu?')
      const [{ user, system }] = await once(child, 'message')
      return (user + system) / 1e6
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function firstLine(child: ChildProcess, exited: Promise<unknown>): Promise<string> {
  if (!child.stdout) throw new Error('The server has no standard output.')
  const ended = exited.then(() => Promise.reject(new Error('The server ended before it was ready.')))
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  return String(line)
}
