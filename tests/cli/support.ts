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
  uid?: number
}

/** Root may write everywhere, so a test of what may not be written runs as nobody. */
export const asOrdinaryUser: Pick<RunOptions, 'uid'> = process.getuid?.() === 0 ? { uid: 65_534 } : {}

/** Runs one command of the command line to its end. */
export async function latchkey(
  words: string[],
  { cwd, env, input = '', ...user }: RunOptions,
): Promise<Outcome> {
  const child = spawn(process.execPath, [latchkeyFile, ...words], {
    cwd,
    env: { ...process.env, DATABASE_URL: undefined, LATCHKEY_SECRET: testSecret, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...user,
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

/** `latchkey app create`: the credentials that it printed. */
export async function createApp(
  words: string[],
  options: RunOptions,
): Promise<{ id: string; secret: string }> {
  const { stdout } = succeeded(await latchkey(['app', 'create', ...words], options))
  const printed = (name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(stdout)?.[1] ?? ''
  return { id: printed('client_id'), secret: printed('client_secret') }
}

export function succeeded(outcome: Outcome): Outcome {
  assert.equal(outcome.stderr, '')
  assert.equal(outcome.code, 0)
  return outcome
}
