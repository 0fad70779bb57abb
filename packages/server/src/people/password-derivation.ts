import { timingSafeEqual } from 'node:crypto'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import type { PasswordHash } from './password-hash.ts'
import type { Derivation, PasswordJob, PasswordJobResult } from './password-worker.ts'

/** Whether a hash is of this password. Nothing of it is computed on the main thread. */
export async function isHashOf(password: string, hash: PasswordHash): Promise<boolean> {
  if (hash.kind === 'bcrypt') {
    const result = await runInThread({ password, ...hash })
    return 'isRight' in result && result.isRight
  }
  const { digest, ...derivation } = hash
  return timingSafeEqual(await derive(password, { ...derivation, length: digest.length }), digest)
}

/** The digest of a password, under these costs and this salt. */
export async function derive(password: string, derivation: Derivation): Promise<Buffer> {
  const result = await runInThread({ password, ...derivation })
  if ('digest' in result) return Buffer.from(result.digest)
  throw new Error('The thread that hashes passwords compared one.')
}

/** Threads without a job, kept for the next one. There are as many as ran at once; a queue bounds that. */
const idle: Worker[] = []

/** Hands the job to a thread that does nothing else meanwhile. */
function runInThread(job: PasswordJob): Promise<Exclude<PasswordJobResult, { error: string }>> {
  const thread = idle.pop() ?? startThread()
  // A process waits for a job that it gave, not for a thread without one.
  thread.ref()
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(temporarilyUnavailable('the thread that hashes passwords ended', cause))
    thread.once('error', fail).once('exit', fail)
    thread.once('message', (result: PasswordJobResult) => {
      thread.off('error', fail).off('exit', fail)
      thread.unref()
      idle.push(thread)
      if ('error' in result) reject(new Error(result.error))
      else resolve(result)
    })
    thread.postMessage(job)
  })
}

/** Published as JavaScript, run as TypeScript from the source. */
function startThread(): Worker {
  const file = new URL(`password-worker${extname(import.meta.url)}`, import.meta.url)
  const thread = new Worker(file, { execArgv: [] })
  // One that ends on its own is not given another job, and takes nobody with it.
  thread.on('error', () => {})
  thread.once('exit', () => {
    const at = idle.indexOf(thread)
    if (at >= 0) idle.splice(at, 1)
  })
  return thread
}
