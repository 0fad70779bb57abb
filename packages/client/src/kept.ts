import { TokenError } from './errors.ts'
import type { TokenStore } from './store.ts'

/** A store, with its failures told as {@link TokenError} `store_failed`. */
export interface Kept {
  read(): Promise<string | undefined>
  write(expected: string | undefined, next: string | undefined): Promise<boolean>
  /** Runs the task alone, where the store can. @throws also what the task throws. */
  alone<Result>(task: () => Promise<Result>): Promise<Result>
}

export function keptIn(store: TokenStore): Kept {
  return {
    read: () => tell(() => store.get()),
    write: (expected, next) => tell(() => store.compareAndSet(expected, next)),
    alone: (task) => (store.lock ? runLocked(store, task) : task()),
  }
}

/** The task's own outcome counts, also where the lock fails afterwards. */
const runLocked = <Result>(store: TokenStore, task: () => Promise<Result>) =>
  new Promise<Result>((resolve, reject) => {
    let begun: Promise<void> | undefined
    tell(() => store.lock?.(() => (begun = task().then(resolve, reject)))).catch(
      (thrown) => begun ?? reject(thrown),
    )
  })

const tell = <Result>(work: () => Result | Promise<Result>): Promise<Result> =>
  Promise.resolve()
    .then(work)
    .catch((cause) => {
      throw new TokenError('store_failed', 'The store failed.', {}, cause)
    })
