import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('./file-child.ts', import.meta.url))

export interface Child extends AsyncDisposable {
  readonly process: ChildProcess
  /** Waits for the next line that it says. */
  line(): Promise<string>
  say(words: string): void
  /** Waits for its end, which must be a good one. */
  end(): Promise<void>
  kill(): Promise<void>
}

/** Starts a command of file-child.ts in a process of its own; killed at the end of the scope. */
export function startChild(command: string, ...words: string[]): Child {
  const child = spawn(process.execPath, [file, command, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
  }
  return {
    process: child,
    line: async () => String((await lines.next()).value),
    say: (text) => void child.stdin.write(`${text}\n`),
    async end() {
      child.stdin.end()
      assert.deepEqual(await exited, [0, null])
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
