import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { createBoundedQueue } from '../base/bounded-queue.ts'
import { derive, isHashOf } from './password-derivation.ts'
import { type PasswordHash, readPasswordHash } from './password-hash.ts'

/** The longest password that is looked at, in characters. */
export const maxPasswordLength = 1024

/** OWASP's figures for argon2id: memory in KiB, passes, lanes. */
const cost = { algorithm: 'argon2id', memoryKiB: 19_456, passes: 2, lanes: 1 } as const
const saltLength = 16
const digestLength = 32

/** How many are computed at once, in the whole process: one core is left to the event loop, and each takes 19 MiB. */
const maxRunning = Math.max(1, Math.min(8, availableParallelism() - 1))
/** How many wait. At some 40 a second the last of them waits for seven seconds, which a browser and a person still do. */
export const maxWaitingPasswords = 256

const queue = createBoundedQueue({ name: 'passwords', maxRunning, maxWaiting: maxWaitingPasswords })

/**
 * Hashes that other systems made cost what those chose, up to a second each in JavaScript: they wait in a queue of their
 * own, one after another, so that nobody who has a hash of ours waits for them.
 */
export const maxWaitingForeignPasswords = 64
const foreignQueue = createBoundedQueue({
  name: 'passwords under hashes of other systems',
  maxRunning: 1,
  maxWaiting: maxWaitingForeignPasswords,
})

/** Of no password. Checked where there is no hash, so that it takes the same work. */
const dummy: PasswordHash = {
  kind: 'argon2',
  ...cost,
  salt: randomBytes(saltLength),
  digest: randomBytes(digestLength),
}

/**
 * Hashes a password with argon2id (RFC 9106) off the main thread.
 *
 * @returns a PHC string that names its own cost.
 * @throws OAuthError `temporarily_unavailable` when too many wait.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength)
  const digest = await queue(() =>
    derive(normalize(password), { kind: 'argon2', ...cost, salt, length: digestLength }),
  )
  const costs = `m=${cost.memoryKiB},t=${cost.passes},p=${cost.lanes}`
  return `$${cost.algorithm}$v=19$${costs}$${unpadded(salt)}$${unpadded(digest)}`
}

/**
 * Whether a stored hash is of this password. Where there is no hash (`''`), or none that can be read, it takes the work of
 * one of ours and is `false`; a password longer than {@link maxPasswordLength} is `false` at once.
 *
 * @throws OAuthError `temporarily_unavailable` when too many wait.
 */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  if (password.length > maxPasswordLength) return false
  const read = readPasswordHash(stored)
  const hash = 'hash' in read ? read.hash : dummy
  const inTurn = isForeign(hash) ? foreignQueue : queue
  return inTurn(async () => {
    for (const spelling of spellingsOf(password)) {
      if (await isHashOf(spelling, hash)) return true
    }
    return false
  })
}

/**
 * The one spelling of a password that is hashed here (NIST SP 800-63B §3.1.1.2): keyboards write the same accent in
 * different ways.
 */
export const normalize = (password: string): string => password.normalize('NFC')

/** Another system may have hashed what was typed as it came. Tried whatever the hash, so that the time tells nothing. */
const spellingsOf = (password: string): Set<string> => new Set([normalize(password), password])

/** Whether a hash does not cost what one of ours does. */
function isForeign(hash: PasswordHash): boolean {
  if (hash.kind !== 'argon2') return true
  const { memoryKiB, passes, lanes } = cost
  return hash.memoryKiB !== memoryKiB || hash.passes !== passes || hash.lanes !== lanes
}

/** Whether a hash is weaker than those that are made now. */
export function needsUpgrade(stored: string): boolean {
  const read = readPasswordHash(stored)
  if (!('hash' in read) || read.hash.kind !== 'argon2') return true
  const { algorithm, memoryKiB, passes } = read.hash
  return algorithm !== cost.algorithm || memoryKiB * passes < cost.memoryKiB * cost.passes
}

/** Bytes of a password that bcrypt looks at. */
const bcryptBytes = 72

/** Whether all of the password was checked: bcrypt overlooks the end of a long one, which may be wrong. */
export function isWholePasswordChecked(password: string, stored: string): boolean {
  if (!stored.startsWith('$2')) return true
  return [...spellingsOf(password)].every((spelling) => Buffer.byteLength(spelling) <= bcryptBytes)
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
