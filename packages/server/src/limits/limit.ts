import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import type { LimitStore } from '../store/limits.ts'

export interface LimitOptions {
  /** What is limited, so that no two limits count together. */
  name: string
  /** How many are allowed in a window. */
  max: number
  windowSeconds: number
}

export interface Limit {
  /** Counts one more for a subject, allowed or not. What asks for it and is refused does not make the wait longer. */
  take(subject: string): Promise<{ isAllowed: boolean; retryAfterSeconds: number }>
}

/** So many of something in a window of time that begins with the first, exact however many ask at once. */
export function createLimit(
  { limits, clock }: { limits: Pick<LimitStore, 'count'>; clock: Clock },
  { name, max, windowSeconds }: LimitOptions,
): Limit {
  return {
    async take(subject) {
      const now = clock()
      const { count, expiresAt } = await limits.count(limitKey(name, subject), windowSeconds, now)
      return { isAllowed: count <= max, retryAfterSeconds: Math.max(1, expiresAt - now) }
    },
  }
}

/** What a limit counts under. A hash, so that the table lists no addresses, usernames or mail addresses. */
export const limitKey = (name: string, subject: string): string => sha256(`${name}\n${subject}`)
