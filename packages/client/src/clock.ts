/** The clocks that a client reads. Replaced in tests only. */
export interface Clock {
  /** Unix milliseconds. May be wrong, and may jump. */
  nowMs(): number
  /** Milliseconds that never run backwards; some systems stop them while they sleep. */
  monotonicMs(): number
  /** Waits. */
  wait(milliseconds: number): Promise<void>
}

/** This machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}
