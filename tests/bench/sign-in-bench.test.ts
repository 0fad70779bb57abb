import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureSignIns, slowdown } from '../../bench/sign-in/measure.ts'

/** Measured 1 to 2, on a busy machine. With passwords hashed on the main thread no token is issued until all are done. */
const maxSlowdown = 6
/** What else the machine has to do falls on one of them, a mistake of ours on all. */
const maxMeasurements = 3

test('84: tokens are issued as before while 100 people wait for their sign-in', async () => {
  const times: number[] = []
  while (!times.some((one) => one < maxSlowdown) && times.length < maxMeasurements) {
    const rounds = await measureSignIns({ rounds: 1, secondsEach: 2, signIns: 100 })
    for (const { signIns } of rounds) assert.ok(signIns > 0)
    times.push(slowdown(rounds, 'p50'))
  }
  assert.ok(Math.min(...times) < maxSlowdown, `a token takes ${times} times as long`)
})
