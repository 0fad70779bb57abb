import { TokenError } from './errors.ts'
import type { TokenStore } from './store.ts'
import { giveUpOn, lostAfterMs } from './waiting.ts'

/** A store, with its failures told as {@link TokenError} `store_failed`. */
export interface Kept {
  read(): Promise<string | undefined>
  write(expected: string | undefined, next: string | undefined): Promise<boolean>
  /**
   * Runs the task alone, where the store can. After 45 seconds, waiting in line included, `over` is aborted, and the caller is
   * told; a task that has begun lets go of the lock 45 seconds after it began, at the latest.
   *
   * @throws TokenError `timeout`, and what the task throws.
   */
  alone(task: (over: AbortSignal) => Promise<void>): Promise<void>
}

export function keptIn(store: TokenStore): Kept {
  return {
    read: () => tell(() => store.get()),
    write: (expected, next) => tell(() => store.compareAndSet(expected, next)),
    alone(task) {
      const over = AbortSignal.timeout(lostAfterMs)
      const lost = new TokenError('timeout', 'It hangs: look at the store.')
      // The store may hang before it begins the task; and a task that hangs must not hold the lock for good, nor one that asks
      // the server lose it: its time begins with it, and after `over` it asks for nothing more.
      const run = () => giveUpOn(AbortSignal.timeout(lostAfterMs), task(over), lost)
      return giveUpOn(over, store.lock ? runLocked(store, run) : run(), lost)
    },
  }
}

/** The task's own outcome counts, also where the lock fails afterwards. */
const runLocked = (store: TokenStore, task: () => Promise<void>) =>
  new Promise<void>((resolve, reject) => {
    let begun: Promise<void> | undefined
    tell(() => store.lock?.(() => (begun = task().then(resolve, reject)))).catch(
      (thrown) => begun ?? reject(thrown),
    )
  })

const tell = <Result>(work: () => Result | Promise<Result>): Promise<Result> =>
  Promise.resolve()
    .then(work)
    .catch((cause) => {
      // Not the error itself, nor any JSON in its message: some quote what was to be kept.
      throw new TokenError('store_failed', `The store failed: ${Object(cause).message}`.replace(/[{].*/s, ''))
    })
