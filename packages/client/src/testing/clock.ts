import type { Clock } from '../clock.ts'

export interface TestClock extends Clock {
  /** What was waited, in milliseconds, one after another. */
  readonly waits: number[]
  /** Lets time pass. */
  advance(milliseconds: number): void
  /** Lets the wall clock alone jump: somebody set it, or the monotonic one stood still while the machine slept. */
  jump(milliseconds: number): void
}

/** A clock that stands still until it is moved; whoever waits moves it by so much. */
export function makeClock(startMs = Date.UTC(2026, 0, 1)): TestClock {
  let wallMs = startMs
  let monotonicMs = 1_000
  const waits: number[] = []
  const advance = (milliseconds: number) => {
    wallMs += milliseconds
    monotonicMs += milliseconds
  }
  return {
    waits,
    advance,
    jump(milliseconds) {
      wallMs += milliseconds
    },
    nowMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    async wait(milliseconds) {
      waits.push(milliseconds)
      advance(milliseconds)
    },
  }
}
