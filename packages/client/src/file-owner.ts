import type { Stats } from 'node:fs'
import process from 'node:process'

/**
 * Whose a file or folder is. `undefined`: that cannot be told. Windows has no such owners, and Deno tells who this user is
 * where `--allow-sys=uid` lets it.
 */
export function ownerOf({ uid }: Stats): 'this user' | 'root' | 'another user' | undefined {
  const own = readUser()
  if (own === undefined) return undefined
  if (uid === own) return 'this user'
  return uid === 0 ? 'root' : 'another user'
}

/** Asked each time, as a process may change it. It is no export of its own on Windows, so it cannot be imported by name. */
function readUser(): number | undefined {
  try {
    return process.geteuid?.()
  } catch {
    return undefined
  }
}
