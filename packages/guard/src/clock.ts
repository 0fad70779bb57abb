/** Both clocks that a guard reads. Replaced in tests only. */
export interface Clock {
  /** Unix seconds, with fractions: what `exp` is compared to. */
  now(): number
  /** Milliseconds that never run backwards: what ages are measured with. */
  monotonicMs(): number
}

/** This machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  monotonicMs: () => performance.now(),
}
