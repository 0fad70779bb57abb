import { memoryStore, type TokenStore } from '../store.ts'

/** What does not work now. */
interface Faults {
  get?: 'throws' | 'hangs'
  compareAndSet?: 'throws' | 'hangs'
  lock?: 'throws' | 'hangs'
}

/** A store in memory of which any part can be made to fail. `hasLock`: default true. */
export function makeStore({ hasLock = true } = {}) {
  const faults: Faults = {}
  const kept = memoryStore()
  let hanging = 0
  async function after<Result>(member: keyof Faults, work: () => Result | Promise<Result>): Promise<Result> {
    const fault = faults[member]
    if (fault === 'throws') throw new Error(`${member} is broken`)
    if (fault === undefined) return work()
    hanging++
    return new Promise(() => {})
  }
  const store: TokenStore = {
    get: () => after('get', () => kept.get()),
    compareAndSet: (expected, next) => after('compareAndSet', () => kept.compareAndSet(expected, next)),
  }
  if (hasLock) store.lock = (task) => after('lock', () => kept.lock?.(task) ?? task())
  return {
    store,
    faults,
    /** Calls that hang. */
    hanging: () => hanging,
    /** What is kept, whatever is broken. */
    text: () => kept.get() as string | undefined,
    /** Writes past all faults, as another user of the same store might. */
    async put(text: string | undefined) {
      await kept.compareAndSet(await kept.get(), text)
    },
  }
}
