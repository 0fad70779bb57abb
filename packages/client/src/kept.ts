import { TokenError } from './errors.ts'
import type { TokenStore } from './store.ts'
import { giveUpOn, lostAfterMs } from './waiting.ts'

/** A store, with its failures told as {@link TokenError} `store_failed`. */
export interface Kept {
  read(): Promise<string | undefined>
  write(expected: string | undefined, next: string | undefined): Promise<boolean>
  /**
   * Runs the task alone, where the store can, for 45 seconds at most: then `over` is aborted, and the lock let go.
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
      // The task, which must not hold the lock while it hangs; and the store, which may hang before it begins the task.
      const run = () => giveUpOn(over, task(over), lost)
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
      // Not the error itself: some hold what was to be kept, in members of their own.
      throw new TokenError('store_failed', `The store failed: ${Object(cause).message}`)
    })
