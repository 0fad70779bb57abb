import assert from 'node:assert/strict'
import { overBothDatabases } from '../store/testing/databases.ts'
import { createLimit } from './limit.ts'

overBothDatabases((contract) => {
  contract('so many are allowed in a window, and the next window begins anew', async ({ store }) => {
    let now = 1_800_000_000
    const parts = { limits: store.limits, clock: () => now }
    const limit = createLimit(parts, { name: 'mails', max: 2, windowSeconds: 60 })
    assert.equal((await limit.take('jane')).isAllowed, true)
    now += 20
    assert.equal((await limit.take('jane')).isAllowed, true)
    assert.deepEqual(await limit.take('jane'), { isAllowed: false, retryAfterSeconds: 40 })
    assert.equal((await limit.take('john')).isAllowed, true)
    const other = createLimit(parts, { name: 'others', max: 2, windowSeconds: 60 })
    assert.equal((await other.take('jane')).isAllowed, true)
    now += 40
    assert.equal((await limit.take('jane')).isAllowed, true)
  })

  contract('of 50 at once, in two processes, as many are allowed as may', async ({ store, open }) => {
    const another = await open()
    const options = { name: 'mails', max: 7, windowSeconds: 60 }
    const limits = [store, another].map(({ limits }) =>
      createLimit({ limits, clock: () => 1_800_000_000 }, options),
    )
    const taken = await Promise.all(Array.from({ length: 50 }, (_, index) => limits[index % 2]?.take('jane')))
    assert.equal(taken.filter((each) => each?.isAllowed).length, 7)
  })

  contract('the table names nobody', async ({ store }) => {
    const limit = createLimit(
      { limits: store.limits, clock: () => 1_800_000_000 },
      { name: 'm', max: 1, windowSeconds: 60 },
    )
    await limit.take('jane@example.com')
    const rows = await store.database.kysely.selectFrom('limits').selectAll().execute()
    assert.equal(rows.length, 1)
    assert.ok(!JSON.stringify(rows).includes('jane'))
  })
})
