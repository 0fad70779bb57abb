import { memoryStore, type TokenStore } from '../store.ts'

/** `breaks`: does what it should and throws all the same; `breaks once`: one call does. A number: so many calls throw. */
type Fault = 'throws' | 'hangs' | 'breaks' | 'breaks once' | number

/** What does not work now. */
interface Faults {
  get?: Fault
  compareAndSet?: Fault
  lock?: Fault
}

/** A store in memory of which any part can be made to fail. `hasLock`: default true. */
export function makeStore({ hasLock = true } = {}) {
  const faults: Faults = {}
  const kept = memoryStore()
  const hanging: (() => void)[] = []
  async function after<Result>(member: keyof Faults, work: () => Result | Promise<Result>): Promise<Result> {
    const fault = faults[member]
    const broken = new Error(`${member} is broken`)
    if (fault === 'hangs') await new Promise<void>((resolve) => hanging.push(resolve))
    if (fault === 'breaks once') delete faults[member]
    if (fault === 'breaks' || fault === 'breaks once') await work()
    if (fault === 'throws' || fault === 'breaks' || fault === 'breaks once') throw broken
    if (typeof fault === 'number' && fault > 0) {
      faults[member] = fault - 1
      throw broken
    }
    return work()
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
    hanging: () => hanging.length,
    /** Lets those go on that hang. */
    letGo() {
      for (const goOn of hanging.splice(0)) goOn()
    },
    /** What is kept, whatever is broken. */
    text: () => kept.get() as string | undefined,
    /** Writes past all faults, as another user of the same store might. */
    async put(text: string | undefined) {
      await kept.compareAndSet(await kept.get(), text)
    },
  }
}
