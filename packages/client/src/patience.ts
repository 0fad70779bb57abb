import type { Clock } from './clock.ts'
import { TokenError } from './errors.ts'

/** Requests for one renewal. */
const maxAttempts = 3
/**
 * Between two of them. With the default timeout of a request, the first and its repetition take 9.5 seconds at most: less than
 * a third of the 30 in which Latchkey forgives a lost answer.
 */
const minPauseSeconds = 0.1
const maxPauseSeconds = 1.5

/** Asks again after what passes: soon, since a server whose answer was lost may have rotated the refresh token. */
export async function askPatiently<Result>(
  { wait }: Clock,
  onRetry: (error: TokenError) => void,
  ask: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof TokenError && error.isPassing) || attempt === maxAttempts) throw error
      const seconds = error.retryAfterSeconds ?? minPauseSeconds * 4 ** (attempt - 1)
      if (seconds > maxPauseSeconds) throw error
      onRetry(error)
      await wait(Math.min(seconds * (1 + Math.random()), maxPauseSeconds) * 1000)
    }
  }
}
