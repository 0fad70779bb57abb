import { giveUpOn, lostAfterMs } from './waiting.ts'

type Awaitable<Value> = Value | Promise<Value>

/**
 * Where a client keeps its tokens: one text, which the client alone reads. It holds secrets; keep it as you keep a password,
 * encrypted if you like. Several processes may share a store, and then share its tokens.
 *
 * Each member may throw. Callers get the token in memory while it lives, then `store_failed`. What a client has got and cannot keep
 * it has in memory, and tries again.
 */
export interface TokenStore {
  /** What is kept. `undefined`: nothing. */
  get(): Awaitable<string | undefined>
  /**
   * In one atomic step: when what is kept equals `expected` (`undefined`: nothing is kept), keeps `next` (`undefined`:
   * nothing) and answers true; else changes nothing and answers false. What it has answered true to is durable.
   */
  compareAndSet(expected: string | undefined, next: string | undefined): Awaitable<boolean>
  /**
   * Runs `task` while nobody else who uses this store runs one, and lets go when it ends, thrown or not. A holder that died
   * is recovered from. Left out: two processes may renew at once, which servers with a grace period forgive.
   *
   * `compareAndSet` and `get` are called inside it.
   */
  lock?<Result>(task: () => Promise<Result>): Promise<Result>
}

/** Keeps tokens in memory: the default. Clients of one process may share it. */
export function memoryStore(): TokenStore {
  let kept: string | undefined
  let last: Promise<unknown> = Promise.resolve()
  return {
    get: () => kept,
    compareAndSet(expected, next) {
      if (kept !== expected) return false
      kept = next
      return true
    },
    lock(task) {
      const before = last
      // A runtime that ends a request, as workerd does, rejects what was begun in it.
      const result = before.then(task, task)
      last = before.then(() => giveUpOn(AbortSignal.timeout(lostAfterMs), result)).catch(() => {})
      return result
    },
  }
}
