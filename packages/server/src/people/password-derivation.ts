import { argon2, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { extname } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { PasswordHash } from './password-hash.ts'

const argon2InPool = promisify(argon2)
const pbkdf2InPool = promisify(pbkdf2)

/** What scrypt takes beside its main memory, in bytes. */
const scryptSlackBytes = 2 ** 20

/** Whether a hash is of this password. Nothing of it is computed on the main thread. */
export async function isHashOf(password: string, hash: PasswordHash): Promise<boolean> {
  if (hash.kind === 'bcrypt') return compareBcrypt(password, hash.text)
  return timingSafeEqual(await derive(password, hash), hash.digest)
}

/** The digest of a password, under the costs and the salt of a hash. */
function derive(password: string, hash: Exclude<PasswordHash, { kind: 'bcrypt' }>): Promise<Buffer> {
  if (hash.kind === 'argon2') return deriveArgon2(password, hash, hash.digest.length)
  if (hash.kind === 'scrypt') return deriveScrypt(password, hash)
  return pbkdf2InPool(password, hash.salt, hash.iterations, hash.digest.length, hash.algorithm)
}

/** RFC 9106. */
export function deriveArgon2(
  password: string,
  { algorithm, memoryKiB, passes, lanes, salt }: Omit<PasswordHash & { kind: 'argon2' }, 'kind' | 'digest'>,
  tagLength: number,
): Promise<Buffer> {
  const costs = { memory: memoryKiB, passes, parallelism: lanes }
  return argon2InPool(algorithm, { message: password, nonce: salt, tagLength, ...costs })
}

/** RFC 7914. */
function deriveScrypt(password: string, hash: PasswordHash & { kind: 'scrypt' }): Promise<Buffer> {
  const { cost, blockSize, parallelization, salt, digest } = hash
  const maxmem = 128 * blockSize * (cost + parallelization) + scryptSlackBytes
  return new Promise((resolve, reject) => {
    const options = { cost, blockSize, parallelization, maxmem }
    scrypt(password, salt, digest.length, options, (error, derived) =>
      error ? reject(error) : resolve(derived),
    )
  })
}

/**
 * Bcrypt is JavaScript here, so it runs in a thread of its own. It is started anew each time: a person's hash is of this
 * kind until they sign in for the first time.
 */
function compareBcrypt(password: string, hash: string): Promise<boolean> {
  // Published as JavaScript, run as TypeScript from the source.
  const file = new URL(`bcrypt-worker${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: { password, hash }, execArgv: [] })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`The thread that checks bcrypt ended with ${code}.`)))
  })
}
