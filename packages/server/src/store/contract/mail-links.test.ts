import assert from 'node:assert/strict'
import { overBothDatabases } from '../testing/databases.ts'
import {
  addPeopleAndClients,
  assertChangesNothing,
  assertRows,
  countRows,
  countWinners,
  event,
  mailLink,
  now,
} from '../testing/rows.ts'

overBothDatabases((contract) => {
  contract(
    '81: a link is found as it was kept, as often as it is looked at, until it expires',
    async ({ store }) => {
      await addPeopleAndClients(store)
      const link = mailLink('hash', { user_id: 'jane', continue_to: '/authorize?client_id=app' })
      await store.mailLinks.add(link)
      await assertChangesNothing(store, async () => {
        for (let time = 0; time < 3; time++) {
          assertRows(await store.mailLinks.find('hash', 'reset_password', now), link)
        }
        assert.ok(await store.mailLinks.find('hash', 'reset_password', now + 3_599))
        assert.equal(await store.mailLinks.find('hash', 'reset_password', now + 3_600), undefined)
      })
    },
  )

  contract('81: a link is spent once, and not found after that', async ({ store }) => {
    await store.mailLinks.add(mailLink('hash'))
    assertRows(await store.mailLinks.spend('hash', 'reset_password', now), mailLink('hash'))
    assert.equal(await store.mailLinks.spend('hash', 'reset_password', now), undefined)
    assert.equal(await store.mailLinks.find('hash', 'reset_password', now), undefined)
  })

  contract('81: of 50 that spend a link at once, one gets it', async ({ store, open }) => {
    const other = await open()
    await store.mailLinks.add(mailLink('hash'))
    const winners = await countWinners(50, async (index) => {
      const { mailLinks } = index % 2 ? store : other
      return (await mailLinks.spend('hash', 'reset_password', now)) !== undefined
    })
    assert.equal(winners, 1)
  })

  contract('81: an unknown or expired link, or one of another kind, is none and stays', async ({ store }) => {
    await store.mailLinks.add(mailLink('hash'))
    await assertChangesNothing(store, async () => {
      assert.equal(await store.mailLinks.spend('another', 'reset_password', now), undefined)
      assert.equal(await store.mailLinks.spend('hash', 'sign_up', now), undefined)
      assert.equal(await store.mailLinks.find('hash', 'sign_up', now), undefined)
      assert.equal(await store.mailLinks.spend('hash', 'reset_password', now + 3_600), undefined)
    })
    assert.ok(await store.mailLinks.spend('hash', 'reset_password', now + 3_599))
  })

  contract("a person's links go when their password changes, nobody else's", async ({ store }) => {
    await addPeopleAndClients(store)
    await store.mailLinks.add(mailLink('of jane', { user_id: 'jane' }))
    await store.mailLinks.add(mailLink('of john', { user_id: 'john' }))
    await store.mailLinks.add(mailLink('of nobody', { kind: 'sign_up' }))
    await store.users.setPassword('jane', 'another', event())
    assert.equal(await store.mailLinks.find('of jane', 'reset_password', now), undefined)
    assert.ok(await store.mailLinks.find('of john', 'reset_password', now))
    assert.ok(await store.mailLinks.find('of nobody', 'sign_up', now))
  })

  contract('expired links go a batch at a time, live ones stay', async ({ store }) => {
    for (let index = 0; index < 5; index++) {
      await store.mailLinks.add(mailLink(`${index}`, { expires_at: now + 10 }))
    }
    await store.mailLinks.add(mailLink('live', { expires_at: now + 11 }))
    const purged = [await store.mailLinks.purge(now + 9, 3)]
    for (let round = 0; round < 3; round++) purged.push(await store.mailLinks.purge(now + 10, 3))
    assert.deepEqual(purged, [0, 3, 2, 0])
    assert.equal(await countRows(store, 'mail_links'), 1)
  })
})
