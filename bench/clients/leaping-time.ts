/** Timers at least as long as this wait for a leap; shorter ones (pauses, timeouts) run as they are. */
const minLeapingTimerMs = 20_000

/** What a timer that fell due may need to answer its requests, before time goes on. */
const settleMs = 150

interface Timer {
  readonly dueMs: number
  run(): void
}

export interface LeapingTime extends Disposable {
  /** Goes ahead, and runs every long timer on the way at its moment, as if that time had passed. */
  leap(seconds: number): Promise<void>
}

/**
 * Lets hours pass at once for everything in this process, client and server alike: `Date.now`, `performance.now` and long
 * timers. Disposed of, the clocks are right again and the timers that are left are forgotten.
 */
export function leapingTime(): LeapingTime {
  const clocks = leapingClocks()
  const timers = leapingTimers()
  return {
    async leap(seconds) {
      const endMs = Date.now() + seconds * 1000
      for (let timer = timers.takeDue(endMs); timer; timer = timers.takeDue(endMs)) {
        clocks.advance(Math.max(0, timer.dueMs - Date.now()))
        timer.run()
        await new Promise((resolve) => setTimeout(resolve, settleMs))
      }
      clocks.advance(Math.max(0, endMs - Date.now()))
    },
    [Symbol.dispose]() {
      clocks.restore()
      timers.restore()
    },
  }
}

function leapingClocks() {
  const { now } = Date
  const monotonic = performance.now.bind(performance)
  let aheadMs = 0
  Date.now = () => now() + aheadMs
  performance.now = () => monotonic() + aheadMs
  return {
    advance(milliseconds: number) {
      aheadMs += milliseconds
    },
    restore() {
      Date.now = now
      performance.now = monotonic
    },
  }
}

function leapingTimers() {
  const { setTimeout, clearTimeout } = globalThis
  const waiting = new Map<unknown, Timer>()
  globalThis.setTimeout = new Proxy(setTimeout, {
    apply(target, self, [callback, delayMs = 0, ...values]) {
      if (delayMs < minLeapingTimerMs) return Reflect.apply(target, self, [callback, delayMs, ...values])
      const handle = setTimeout(() => undefined, 0)
      waiting.set(handle, { dueMs: Date.now() + delayMs, run: () => callback(...values) })
      return handle
    },
  })
  globalThis.clearTimeout = new Proxy(clearTimeout, {
    apply(target, self, [handle]) {
      if (!waiting.delete(handle)) Reflect.apply(target, self, [handle])
    },
  })
  return {
    /** The first to fall due by then. */
    takeDue(endMs: number): Timer | undefined {
      const [first] = [...waiting].sort(([, left], [, right]) => left.dueMs - right.dueMs)
      if (!first || first[1].dueMs > endMs) return undefined
      waiting.delete(first[0])
      return first[1]
    },
    restore() {
      Object.assign(globalThis, { setTimeout, clearTimeout })
    },
  }
}
