import { randomBytes } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * Writes bytes as lower-case base32 without padding (RFC 4648 §6): letters and digits only, so that every client's
 * percent-encoding, shell and double click agrees about where an id or a secret ends.
 */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(buffer >> bits) & 31]
    }
  }
  return bits > 0 ? text + alphabet[(buffer << (5 - bits)) & 31] : text
}

/** A new identifier: 128 random bits, 26 characters of `[a-z2-7]`. */
export const randomId = (): string => base32(randomBytes(16))

/** A new secret or opaque token: 256 random bits, 52 characters of `[a-z2-7]`. */
export const randomSecret = (): string => base32(randomBytes(32))

/** Whether a text could come from {@link randomSecret}. */
export const isRandomSecret = (text: string): boolean => /^[a-z2-7]{52}$/.test(text)
