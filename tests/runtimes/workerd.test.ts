import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { missing } from '../support/programs.ts'
import { expected } from './expected.ts'
import { startWorkerd, type Workerd } from './workerd.ts'
import { startWorld } from './world.ts'

/* The client in workerd, where one instance serves many requests, and what one of them began ends with it. */
const skip = missing('workerd')

/**
 * Before October 2024 a promise that one request waits for and another settles was settled in the wrong one; since then
 * it is an error to wait for one whose request has ended.
 */
const compatibilityDates = ['2024-01-01', '2026-11-01']
const newest = compatibilityDates.at(-1) ?? ''

/** Longer than requests take to reach the worker, mostly; in milliseconds. */
const slowTokenMs = 1_000

/** Before September 2025 `Authorization` went along to other origins, so that the client follows no redirect there. */
const expectedInWorkerd = {
  ...expected,
  redirected: { away: 'redirect', awayByHeader: 'redirect', around: 'redirect' },
}

for (const date of compatibilityDates) {
  test(`workerd of ${date}: gets tokens, renews them once, and sends them to nobody else`, {
    skip,
  }, async () => {
    await using world = await startWorld()
    await using worker = await startWorkerd(world.setup, date)
    assert.deepEqual(await ask(worker, 'scenario'), expectedInWorkerd)
    assert.equal(worker.complaints(), '')
  })

  test(`workerd of ${date}: many requests at once share one request for a token`, { skip }, async () => {
    await using world = await startWorld()
    await using worker = await startWorkerd(world.setup, date)
    world.delayTokens(slowTokenMs)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(worker, 'shared')))
    assert.deepEqual(
      answers,
      answers.map(() => ({ status: 200 })),
    )
    assert.equal(world.tokenRequests(), 1)
    assert.equal(worker.complaints(), '')
  })
}

test('workerd: who waits for a renewal whose request has ended begins another', { skip }, async () => {
  await using world = await startWorld()
  await using worker = await startWorkerd(world.setup, newest)
  const gate = Promise.withResolvers<void>()
  world.holdTokens(gate.promise)
  const impatient = ask(worker, 'shared?impatient')
  await eventually(() => world.tokenRequests() === 1)
  const waiting = [ask(worker, 'shared'), ask(worker, 'shared')]
  await delay(slowTokenMs)
  world.endPatience()
  assert.deepEqual(await impatient, { failure: 'AbortError' })
  gate.resolve()
  assert.deepEqual(await Promise.all(waiting), [{ status: 200 }, { status: 200 }])
  assert.deepEqual(await ask(worker, 'shared'), { status: 200 })
  assert.equal(world.tokenRequests(), 2)
})

async function ask({ url }: Workerd, path: string): Promise<unknown> {
  const response = await fetch(`${url}/${path}`)
  return response.json()
}
