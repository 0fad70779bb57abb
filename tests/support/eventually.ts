import assert from 'node:assert/strict'
import { getTestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { watchIntervalMs } from '../../packages/server/src/store/watch.ts'

const lookEveryMs = 10

/** What is changed in one process is felt in another within a second: four looks of the watch. */
const maxWatchIntervals = 4

type Check = () => boolean | Promise<boolean>

/** Looks until it is so. There is no deadline here: what never comes true ends when the runner gives the test up. */
export async function eventually(isSo: Check): Promise<void> {
  const signal = getTestContext()?.signal
  while (!(await isSo())) await delay(lookEveryMs, undefined, signal ? { signal } : {})
}

/**
 * Counts in intervals of a timer of this very process, so that a busy machine slows both sides.
 *
 * @param askOther asks the other process that has to feel it for something else: an interval is over when that is answered
 * too, so that it counts for nothing while that process stands still.
 */
export async function withinASecond(isSo: Check, askOther?: () => Promise<unknown>): Promise<void> {
  let intervals = 0
  let isOver = false
  const count = async () => {
    for (; !isOver; intervals++) await Promise.all([delay(watchIntervalMs), askOther?.()])
  }
  const counting = count()
  try {
    await eventually(async () => {
      const isSoNow = await isSo()
      assert.ok(isSoNow || intervals <= maxWatchIntervals, 'the change was not felt after a second')
      return isSoNow
    })
  } finally {
    isOver = true
    await counting
  }
}
