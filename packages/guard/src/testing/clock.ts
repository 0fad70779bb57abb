import type { Clock } from '../clock.ts'

export interface TestClock extends Clock {
  advance(seconds: number): void
}

/** A clock that stands still until it is told otherwise. */
export function makeClock(startsAt: number = Math.floor(Date.now() / 1000)): TestClock {
  let passed = 0
  return {
    now: () => startsAt + passed,
    monotonicMs: () => 1_000_000 + passed * 1000,
    advance: (seconds) => {
      passed += seconds
    },
  }
}

/** Waits for what another task brings about. Fails after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('What was waited for did not happen within 5 seconds.')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
