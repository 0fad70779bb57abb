import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from '../base/hash.ts'

/** What a sealed text begins with: its format. */
const format = 'v1'

/** Seals texts with the newest secret (AES-256-GCM), and opens what any of the secrets sealed. */
export interface Seal {
  /** @param name what the text is, bound to it: it opens under no other name. */
  seal(name: string, text: string): string
  /** @throws when none of the secrets sealed it, or it was changed. `isOld`: an old secret did, so seal it anew. */
  open(name: string, sealed: string): { text: string; isOld: boolean }
}

/** @param secrets newest first, one at least. */
export function createSeal(secrets: readonly string[]): Seal {
  const keys = secrets.map((secret) => deriveKey(secret, 'seal'))
  return {
    seal(name, text) {
      const [key] = keys
      if (!key) throw new Error('A seal needs a secret.')
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return [format, ...[nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join(
        '.',
      )
    },
    open(name, sealed) {
      for (const [index, key] of keys.entries()) {
        const text = openWith(key, name, sealed)
        if (text !== undefined) return { text, isOld: index > 0 }
      }
      throw new SealError()
    },
  }
}

/** The database was sealed with another secret. */
export class SealError extends Error {
  override readonly name = 'SealError'
  constructor() {
    super(
      'The signing keys in this database were sealed with another LATCHKEY_SECRET. Set it to that one; to change it, write `new,old` (where several servers share the database, first `old,new` on each of them).',
    )
  }
}

function openWith(key: Buffer, name: string, sealed: string): string | undefined {
  const [version, nonce, text, tag] = sealed.split('.')
  if (version !== format || !nonce || text === undefined || !tag) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), {
      authTagLength: 16,
    })
    decipher.setAAD(Buffer.from(name)).setAuthTag(Buffer.from(tag, 'base64url'))
    return decipher.update(Buffer.from(text, 'base64url'), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
