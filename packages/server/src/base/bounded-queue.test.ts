import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBoundedQueue } from './bounded-queue.ts'
import { OAuthError } from './oauth-error.ts'

const limits = { name: 'jobs', maxRunning: 2, maxWaiting: 3 }

test('no more jobs run at once than may, in the order in which they came', async () => {
  const queue = createBoundedQueue(limits)
  let running = 0
  const started: number[] = []
  const job = (number: number) => async () => {
    started.push(number)
    assert.ok(++running <= limits.maxRunning)
    await new Promise(setImmediate)
    running--
    return number
  }
  const results = await Promise.all([0, 1, 2, 3, 4].map((number) => queue(job(number))))
  assert.deepEqual(results, [0, 1, 2, 3, 4])
  assert.deepEqual(started, [0, 1, 2, 3, 4])
})

test('84: one more than may wait is refused with 503 and a time to come back, and is not run', async () => {
  const queue = createBoundedQueue(limits)
  const gate = Promise.withResolvers<void>()
  const jobs = Array.from({ length: 5 }, () => queue(() => gate.promise))
  let isRun = false
  const refused = queue(async () => {
    isRun = true
  })
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof OAuthError)
    assert.deepEqual(
      [error.status, error.code, error.headers['retry-after']],
      [503, 'temporarily_unavailable', '1'],
    )
    return true
  })
  gate.resolve()
  await Promise.all(jobs)
  assert.equal(isRun, false)
  assert.equal(await queue(async () => 'again'), 'again')
})

test('a job that fails gives its place to the next', async () => {
  const queue = createBoundedQueue({ ...limits, maxRunning: 1 })
  const failing = queue(() => Promise.reject(new Error('no')))
  const next = queue(async () => 'next')
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'next')
})
