import assert from 'node:assert/strict'
import { overBothDatabases } from '../testing/databases.ts'
import { assertChangesNothing, countRows, now } from '../testing/rows.ts'

overBothDatabases((contract) => {
  contract('what happens is counted from 1 until its window is over, and then anew', async ({ store }) => {
    const count = (at: number) => store.limits.count('key', 60, at)
    assert.deepEqual(await count(now), { count: 1, expiresAt: now + 60 })
    assert.deepEqual(await count(now + 30), { count: 2, expiresAt: now + 60 })
    assert.deepEqual(await count(now + 59), { count: 3, expiresAt: now + 60 })
    assert.deepEqual(await count(now + 60), { count: 1, expiresAt: now + 120 })
    assert.equal(await countRows(store, 'limits'), 1)
  })

  contract('75: 50 counts at once count 50', async ({ store, open }) => {
    const other = await open()
    const counts = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).limits.count('key', 60, now)),
    )
    assert.deepEqual(
      counts.map(({ count }) => count).sort((left, right) => left - right),
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
    assert.equal((await store.limits.read(['key'], now)).get('key')?.count, 50)
  })

  contract('75: when a window is over, of 50 counts at once one begins the next', async ({ store, open }) => {
    const other = await open()
    await store.limits.count('key', 60, now)
    const counts = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).limits.count('key', 60, now + 60)),
    )
    assert.equal(counts.filter(({ count }) => count === 1).length, 1)
    assert.equal(Math.max(...counts.map(({ count }) => count)), 50)
  })

  contract('what was counted is read for each key, where its window is not over', async ({ store }) => {
    await store.limits.count('one', 60, now)
    await store.limits.count('two', 120, now)
    await store.limits.count('two', 120, now)
    const read = (at: number) => store.limits.read(['one', 'two', 'three'], at)
    const one = ['one', { count: 1, expiresAt: now + 60 }]
    const two = ['two', { count: 2, expiresAt: now + 120 }]
    assert.deepEqual([...(await read(now + 59))].sort(), [one, two])
    assert.deepEqual([...(await read(now + 60))], [two])
    assert.equal((await store.limits.read([], now)).size, 0)
  })

  contract(
    '75: of what happens and is taken back at once, what happened is left',
    async ({ store, open }) => {
      const other = await open()
      await store.limits.count('other key', 60, now)
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const { limits } = index % 2 ? store : other
          await limits.count('key', 60, now)
          if (index < 30) await limits.takeBack('key', now)
        }),
      )
      const left = await store.limits.read(['key', 'other key'], now)
      assert.deepEqual([left.get('key')?.count, left.get('other key')?.count], [20, 1])
    },
  )

  contract('nothing is taken back of what is over, unknown or counted to nothing', async ({ store }) => {
    await store.limits.count('key', 60, now)
    await assertChangesNothing(store, async () => {
      await store.limits.takeBack('key', now + 60)
      await store.limits.takeBack('unknown', now)
    })
    await store.limits.takeBack('key', now + 59)
    await assertChangesNothing(store, () => store.limits.takeBack('key', now + 59))
    assert.deepEqual(await store.limits.count('key', 60, now + 59), { count: 1, expiresAt: now + 60 })
  })

  contract('what is cleared begins anew, and nothing else does', async ({ store }) => {
    for (const key of ['one', 'two', 'three']) await store.limits.count(key, 60, now)
    await store.limits.clear([])
    assert.equal(await countRows(store, 'limits'), 3)
    await store.limits.clear(['one', 'two', 'unknown'])
    assert.deepEqual([...(await store.limits.read(['one', 'two', 'three'], now)).keys()], ['three'])
    assert.equal((await store.limits.count('one', 60, now)).count, 1)
  })

  contract('windows that are over go a batch at a time, others stay', async ({ store }) => {
    for (let index = 0; index < 5; index++) await store.limits.count(`${index}`, 10, now)
    await store.limits.count('live', 11, now)
    const purged = [await store.limits.purge(now + 9, 3)]
    for (let round = 0; round < 3; round++) purged.push(await store.limits.purge(now + 10, 3))
    assert.deepEqual(purged, [0, 3, 2, 0])
    assert.equal(await countRows(store, 'limits'), 1)
  })
})
