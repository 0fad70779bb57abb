import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { latchkeyFile } from '../support/dev.ts'
import { testSecret } from '../support/server.ts'

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd: string
  env?: Record<string, string | undefined>
  /** What it reads from standard input. */
  input?: string
}

/** Runs one command of the command line to its end. */
export async function latchkey(words: string[], { cwd, env, input = '' }: RunOptions): Promise<Outcome> {
  const child = spawn(process.execPath, [latchkeyFile, ...words], {
    cwd,
    env: { ...process.env, DATABASE_URL: undefined, LATCHKEY_SECRET: testSecret, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}

/** Refused as a person should see it: one line on standard error that matches, and nothing else. */
export function assertRefused({ code, stdout, stderr }: Outcome, words: RegExp): void {
  assert.match(stderr, words)
  assert.match(stderr, /^latchkey: [^\n]+\n$/)
  assert.equal(stdout, '')
  assert.equal(code, 1)
}
