import { temporarilyUnavailable } from './oauth-error.ts'

export interface BoundedQueueOptions {
  /** Says in the log what was too much. */
  name: string
  /** How many jobs run at once. */
  maxRunning: number
  /** How many wait for their turn; one more is refused. */
  maxWaiting: number
}

/**
 * Runs a job when its turn comes, first come first served.
 *
 * @throws OAuthError `temporarily_unavailable` when too many wait already; the job is not run.
 */
export type BoundedQueue = <Result>(job: () => Promise<Result>) => Promise<Result>

/** Runs `maxRunning` jobs at once and lets `maxWaiting` more wait, first come first served. */
export function createBoundedQueue({ name, maxRunning, maxWaiting }: BoundedQueueOptions): BoundedQueue {
  const waiting: (() => void)[] = []
  let running = 0

  /** Whoever ends hands its place to the first that waits, so that nobody slips in between. */
  const leave = (): void => {
    const next = waiting.shift()
    if (next) next()
    else running--
  }

  return async (job) => {
    if (running < maxRunning) running++
    else if (waiting.length < maxWaiting) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw temporarilyUnavailable(`${name}: ${maxWaiting} wait already`)
    try {
      return await job()
    } finally {
      leave()
    }
  }
}
