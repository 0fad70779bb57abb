import { argon2Sync, pbkdf2Sync, scryptSync } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'
import type { PasswordHash } from './password-hash.ts'

type Omitting<Hash, Key extends string> = Hash extends unknown ? Omit<Hash, Key> : never

/** What a digest of so many bytes is computed under. */
export type Derivation = Omitting<Exclude<PasswordHash, { kind: 'bcrypt' }>, 'digest'> & { length: number }

/** A digest to compute, or a bcrypt hash, which holds its own, to compare with. */
export type PasswordJob = { password: string } & (Derivation | { kind: 'bcrypt'; text: string })
export type PasswordJobResult = { digest: Uint8Array } | { isRight: boolean } | { error: string }

/** What scrypt takes beside its main memory, in bytes. */
const scryptSlackBytes = 2 ** 20

/*
 * A thread that computes one job after another, and gives way to the event loop while it does.
 */
giveWay()
parentPort?.on('message', (job: PasswordJob) => parentPort?.postMessage(answer(job)))

/** Linux has a priority for each thread, by the id that it goes by there; elsewhere, all stay equal. */
function giveWay(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {}
}

function answer(job: PasswordJob): PasswordJobResult {
  try {
    return job.kind === 'bcrypt'
      ? { isRight: compareSync(job.password, job.text) }
      : { digest: derive(job.password, job) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function derive(password: string, derivation: Derivation): Uint8Array {
  const { salt, length } = derivation
  switch (derivation.kind) {
    case 'argon2': {
      // RFC 9106.
      const { algorithm, memoryKiB: memory, passes, lanes: parallelism } = derivation
      const costs = { memory, passes, parallelism }
      return argon2Sync(algorithm, { message: password, nonce: salt, tagLength: length, ...costs })
    }
    case 'scrypt': {
      // RFC 7914.
      const { cost, blockSize, parallelization } = derivation
      const maxmem = 128 * blockSize * (cost + parallelization) + scryptSlackBytes
      return scryptSync(password, salt, length, { cost, blockSize, parallelization, maxmem })
    }
    case 'pbkdf2':
      return pbkdf2Sync(password, salt, derivation.iterations, length, derivation.algorithm)
  }
}
