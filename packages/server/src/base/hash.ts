import { hash, hkdfSync, timingSafeEqual } from 'node:crypto'

/** SHA-256 as 43 characters of base64url: how every random secret is kept. */
export const sha256 = (text: string): string => hash('sha256', text, 'base64url')

/** Compares a digest of {@link sha256} with what was sent, in constant time. */
export function isSameDigest(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)]
  return one.byteLength === other.byteLength && timingSafeEqual(one, other)
}

/** Derives a 32-byte key for one purpose (HKDF-SHA-256, RFC 5869), so that no two purposes share a key. */
export function deriveKey(secret: string | Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', purpose, 32))
}
