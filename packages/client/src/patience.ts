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

/**
 * Waits before the next request: briefly, since a server whose answer was lost may have rotated the refresh token.
 *
 * @throws what was thrown, where that does not pass, or not soon, or was tried often enough.
 */
export async function pauseAfter(
  thrown: unknown,
  attempts: number,
  { wait }: Clock,
  onRetry: (error: TokenError) => void,
): Promise<void> {
  if (!(thrown instanceof TokenError && thrown.isPassing) || attempts === maxAttempts) throw thrown
  const seconds = thrown.retryAfterSeconds ?? minPauseSeconds * 4 ** (attempts - 1)
  if (seconds > maxPauseSeconds) throw thrown
  onRetry(thrown)
  await wait(Math.min(seconds * (1 + Math.random()), maxPauseSeconds) * 1000)
}
