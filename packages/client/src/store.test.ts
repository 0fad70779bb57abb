import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from './store.ts'

test('what is kept changes only from what it was', () => {
  const store = memoryStore()
  assert.equal(store.get(), undefined)
  assert.equal(store.compareAndSet('a', 'b'), false)
  assert.equal(store.compareAndSet(undefined, 'a'), true)
  assert.equal(store.compareAndSet(undefined, 'b'), false)
  assert.equal(store.compareAndSet('a', 'b'), true)
  assert.equal(store.get(), 'b')
  assert.equal(store.compareAndSet('b', undefined), true)
  assert.equal(store.get(), undefined)
})

test('tasks run one after another, also past one that throws, and each has its own outcome', async () => {
  const { lock } = memoryStore()
  assert.ok(lock)
  const steps: string[] = []
  const task = (name: string) => async () => {
    steps.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 1))
    steps.push(`${name} ends`)
    if (name === 'b') throw new Error('of b')
    return name
  }
  const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => lock(task(name))))
  assert.deepEqual(steps, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message)),
    ['a', 'of b', 'c'],
  )
})

test('one store’s tokens and lock are no other’s', async () => {
  const [one, other] = [memoryStore(), memoryStore()]
  one.compareAndSet(undefined, 'a')
  assert.equal(other.get(), undefined)
  one.lock?.(() => new Promise(() => {}))
  assert.equal(await other.lock?.(async () => 'done'), 'done')
})

test('a task that never ends is waited for so long and no longer', async (t) => {
  const { lock } = memoryStore()
  const late = new AbortController()
  t.mock.method(AbortSignal, 'timeout', () => late.signal)
  lock?.(() => new Promise(() => {}))
  let isDone = false
  const next = lock?.(async () => {
    isDone = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isDone, false)
  late.abort()
  await next
  assert.equal(isDone, true)
})

test('after a task that never ends those who wait go in one by one', async (t) => {
  const { lock } = memoryStore()
  const signals: AbortController[] = []
  t.mock.method(AbortSignal, 'timeout', () => {
    const controller = new AbortController()
    signals.push(controller)
    return controller.signal
  })
  lock?.(() => new Promise(() => {}))
  let [inside, most, done] = [0, 0, 0]
  const waiting = Array.from({ length: 5 }, () =>
    lock?.(async () => {
      most = Math.max(most, ++inside)
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      inside--
      done++
    }),
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([inside, done], [0, 0])
  for (const late of [...signals]) late.abort()
  await Promise.all(waiting)
  assert.deepEqual([most, done], [1, 5])
})
