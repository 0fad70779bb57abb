import assert from 'node:assert/strict'
import type { Store } from '../store.ts'
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
  user,
} from '../testing/rows.ts'

const reset = (store: Store, linkHash: string, at = now): Promise<boolean> =>
  store.users.setPassword('jane', 'another hash', event('user:jane', at), { linkHash })

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

  contract('81: a link changes one password, and is not found after that', async ({ store }) => {
    await addPeopleAndClients(store)
    await store.mailLinks.add(mailLink('hash'))
    assert.equal(await reset(store, 'hash'), true)
    assert.equal(await store.mailLinks.find('hash', 'reset_password', now), undefined)
    await assertChangesNothing(store, async () => assert.equal(await reset(store, 'hash'), false))
  })

  contract(
    '81: of 50 that use a link at once, one gets its way, for a reset and for a sign-up',
    async ({ store, open }) => {
      const other = await open()
      await addPeopleAndClients(store)
      await store.mailLinks.add(mailLink('hash'))
      await store.mailLinks.add(mailLink('new', { kind: 'sign_up' }))
      const at = (index: number) => (index % 2 ? store : other)
      assert.equal(await countWinners(50, (index) => reset(at(index), 'hash')), 1)
      const people = await countRows(store, 'users')
      const signUp = (index: number) => at(index).users.add(user(`new ${index}`), event(), 'new')
      assert.equal(await countWinners(50, signUp), 1)
      assert.equal(await countRows(store, 'users'), people + 1)
    },
  )

  contract('81: an unknown or expired link, or one of another kind, is none and stays', async ({ store }) => {
    await addPeopleAndClients(store)
    await store.mailLinks.add(mailLink('hash'))
    await assertChangesNothing(store, async () => {
      assert.equal(await reset(store, 'another'), false)
      assert.equal(await store.users.add(user('new'), event(), 'hash'), false)
      assert.equal(await store.mailLinks.find('hash', 'sign_up', now), undefined)
      assert.equal(await reset(store, 'hash', now + 3_600), false)
    })
    assert.equal(await reset(store, 'hash', now + 3_599), true)
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
