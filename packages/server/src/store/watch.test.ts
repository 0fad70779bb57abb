import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openTestStore } from './testing/databases.ts'
import { event, revokedToken } from './testing/rows.ts'
import { watchHead } from './watch.ts'

const failed = (error: unknown) => assert.fail(String(error))

test('a check knows every write that was done before it, and waits until its listeners do', async () => {
  await using at = await openTestStore('SQLite')
  const watch = await watchHead(at.store.revocations, failed)
  const heard: number[] = []
  watch.subscribe(async ({ position }) => {
    await delay(5)
    heard.push(position)
  })
  for (let position = 1; position <= 10; position++) {
    const early = watch.check()
    await at.store.revocations.revoke(revokedToken(`token-${position}`), event())
    await watch.check()
    assert.equal(watch.head.position, position)
    assert.equal(heard.at(-1), position)
    await early
  }
  watch.close()
})

test('checks that come together share a look, and a head that has not moved is told to nobody', async () => {
  await using at = await openTestStore('SQLite')
  let looks = 0
  const counting = {
    ...at.store.revocations,
    head: () => {
      looks++
      return at.store.revocations.head()
    },
  }
  const watch = await watchHead(counting, failed)
  watch.subscribe(() => assert.fail('the head has not moved'))
  watch.close()
  const before = looks
  await Promise.all(Array.from({ length: 100 }, () => watch.check()))
  assert.ok(looks - before <= 2, `${looks - before} looks`)
})

test("another process's write is found without being asked", async () => {
  await using at = await openTestStore('SQLite')
  const other = await at.open()
  const watch = await watchHead(at.store.revocations, failed)
  const told = new Promise<number>((resolve) => watch.subscribe((head) => resolve(head.position)))
  // The watch's own timer does not keep a process alive.
  const alive = setInterval(() => {}, 1_000)
  await other.revocations.revoke(revokedToken('one'), event())
  assert.equal(await told, 1)
  clearInterval(alive)
  watch.close()
})

test('what a listener or the store could not do is tried again at the next look', async () => {
  await using at = await openTestStore('SQLite')
  const watch = await watchHead(at.store.revocations, () => {})
  let attempts = 0
  watch.subscribe(() => {
    attempts++
    if (attempts === 1) throw new Error('not yet')
  })
  await at.store.revocations.revoke(revokedToken('one'), event())
  await assert.rejects(watch.check(), /not yet/)
  await watch.check()
  assert.equal(attempts, 2)
  assert.equal(watch.head.position, 1)
  watch.close()
})
