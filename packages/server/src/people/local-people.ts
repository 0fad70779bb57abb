import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { User } from '../store/users.ts'
import type { FindPerson } from './find-person.ts'
import { hashPassword, isWholePasswordChecked, needsUpgrade, verifyPassword } from './password.ts'

export interface LocalPeopleParts {
  store: Store
  logger?: Logger | undefined
}

/**
 * The people of Latchkey's own table. Unknown, disabled and a wrong password take the same work: one check of a hash, of
 * no password where there is none. A hash from another system takes that system's work until its person signs in.
 */
export function createLocalPeople({ store: { users }, logger }: LocalPeopleParts): FindPerson {
  return async (username) => {
    const user = await find(username.trim())
    return { person: user?.id ?? '', check: (password) => check(user, password) }
  }

  async function check(user: User | undefined, password: string): Promise<User | undefined> {
    const isRight = await verifyPassword(password, user?.password_hash ?? '')
    if (!user || !isRight || user.disabled_at !== null) return undefined
    if (needsUpgrade(user.password_hash) && isWholePasswordChecked(password, user.password_hash)) {
      await upgrade(user, password)
    }
    return user
  }

  /** By the username or the email address. Both are always asked for, so that finding takes the same time. */
  async function find(username: string): Promise<User | undefined> {
    const [named, mailed] = await Promise.all([
      users.findByUsername(username),
      users.findByEmail(username.toLowerCase()),
    ])
    return named ?? mailed
  }

  /** Signing in does not fail by it: the next time will do. */
  async function upgrade({ id, password_hash }: User, password: string): Promise<void> {
    try {
      await users.upgradePasswordHash(id, password_hash, await hashPassword(password))
    } catch (error) {
      logger?.warn({ err: error, user_id: id }, 'a better hash of a password could not be kept')
    }
  }
}
