import assert from 'node:assert/strict'
import { overBothDatabases } from '../testing/databases.ts'
import {
  addPeopleAndClients,
  assertChangesNothing,
  assertRows,
  countWinners,
  event,
  now,
} from '../testing/rows.ts'

overBothDatabases((contract) => {
  contract('a client may send passwords until then, and each use is counted', async ({ store }) => {
    await addPeopleAndClients(store)
    assert.equal(await store.passwordGrants.allow('app', now + 60, event('client:app')), true)
    const allowed = { client_id: 'app', expires_at: now + 60, uses: 0, last_used_at: null }
    assertRows(await store.passwordGrants.find('app'), allowed)
    assert.equal(await store.passwordGrants.use('app', now + 58), true)
    assert.equal(await store.passwordGrants.use('app', now + 59), true)
    assertRows(await store.passwordGrants.find('app'), { ...allowed, uses: 2, last_used_at: now + 59 })
    await assertChangesNothing(store, async () => {
      assert.equal(await store.passwordGrants.use('app', now + 60), false)
    })
  })

  contract('a client that was never allowed to, or does not exist, may not', async ({ store }) => {
    await addPeopleAndClients(store)
    await store.passwordGrants.allow('app', now + 60, event())
    await assertChangesNothing(store, async () => {
      for (const id of ['other', 'nobody', '']) {
        assert.equal(await store.passwordGrants.use(id, now), false)
        assert.equal(await store.passwordGrants.find(id), undefined)
      }
      for (const id of ['nobody', '', '\0']) {
        assert.equal(await store.passwordGrants.allow(id, now + 60, event()), false)
      }
      assert.equal(await store.passwordGrants.find('\0'), undefined)
    })
  })

  contract(
    'to allow it again moves its end and keeps its count; an end that is past refuses',
    async ({ store }) => {
      await addPeopleAndClients(store)
      await store.passwordGrants.allow('app', now + 60, event())
      await store.passwordGrants.use('app', now)
      await store.passwordGrants.allow('app', now + 90, event())
      assert.equal(await store.passwordGrants.use('app', now + 89), true)
      await store.passwordGrants.allow('app', now, event())
      assert.equal(await store.passwordGrants.use('app', now), false)
      assert.equal((await store.passwordGrants.find('app'))?.uses, 2)
    },
  )

  contract('50 uses at once are counted as 50', async ({ store, open }) => {
    const other = await open()
    await addPeopleAndClients(store)
    await store.passwordGrants.allow('app', now + 60, event())
    const used = await countWinners(50, (index) => (index % 2 ? store : other).passwordGrants.use('app', now))
    assert.equal(used, 50)
    assert.equal((await store.passwordGrants.find('app'))?.uses, 50)
  })
})
