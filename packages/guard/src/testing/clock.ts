import { getTestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

export interface TestClock extends Clock {
  advance(seconds: number): void
}

/** How far the clock is ahead of this machine's: what the test server issues while it stands still has been issued. */
const aheadSeconds = 60

/** A clock that stands still until it is told otherwise. */
export function makeClock(startsAt: number = Math.floor(Date.now() / 1000) + aheadSeconds): TestClock {
  let passed = 0
  return {
    now: () => startsAt + passed,
    monotonicMs: () => 1_000_000 + passed * 1000,
    advance: (seconds) => {
      passed += seconds
    },
  }
}

/** Waits for what another task brings about: without a deadline, until the runner gives the test up. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const signal = getTestContext()?.signal
  while (!(await condition())) await delay(5, undefined, signal ? { signal } : {})
}
