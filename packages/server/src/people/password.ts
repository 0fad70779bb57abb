import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

/** OWASP's figures for argon2id: memory in KiB, passes, lanes. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }

const derive = promisify(argon2)

/**
 * Hashes a password with argon2id (RFC 9106) off the main thread.
 *
 * @returns a PHC string that names its own cost.
 */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const hash = await derive('argon2id', { message: password, nonce, tagLength: 32, ...cost })
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${text(nonce)}$${text(hash)}`
}
