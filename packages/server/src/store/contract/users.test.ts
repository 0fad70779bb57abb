import assert from 'node:assert/strict'
import { expiryMarginSeconds } from '../revocations.ts'
import { lifetimeSeconds, overBothDatabases } from '../testing/databases.ts'
import { assertRows, client, countRows, countWinners, event, now, user } from '../testing/rows.ts'

overBothDatabases((contract) => {
  contract('a person is found by their name as they were added', async ({ store }) => {
    const jane = user('jane', { username: 'jane.black', name: 'Jane Black \u{1F511}' })
    assert.equal(await store.users.add(jane, event('user:jane')), true)
    assertRows(await store.users.findByUsername('jane.black'), { ...jane, epoch: 0, disabled_at: null })
    for (const name of ['Jane.Black', 'jane', '', 'jane.black\0']) {
      assert.equal(await store.users.findByUsername(name), undefined)
    }
  })

  contract('50 additions of one username at once have one winner', async ({ store, open }) => {
    const other = await open()
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).users.add(user(`user-${index}`, { username: 'jane.black' }), event()),
    )
    assert.equal(winners, 1)
    assert.equal(await countRows(store, 'users'), 1)
    assert.equal(await countRows(store, 'audit_events'), 1)
  })

  contract(
    'disabling a person raises their epoch and ends their tokens for as long as any can live',
    async ({ store }) => {
      await store.users.add(user('jane', { username: 'jane.black' }), event())
      const before = await store.revocations.head()
      assert.equal(await store.users.disable('jane', event('user:jane')), true)
      const disabled = await store.users.findByUsername('jane.black')
      assert.deepEqual([disabled?.epoch, disabled?.disabled_at], [1, now])
      assertRows(await store.revocations.after(before.position, 10), [
        {
          position: before.position + 1,
          kind: 'user',
          subject: 'jane',
          client_id: null,
          epoch: 1,
          expires_at: now + lifetimeSeconds + expiryMarginSeconds,
        },
      ])
      const head = await store.revocations.head()
      assert.equal(head.configuration_version, before.configuration_version + 1)
    },
  )

  contract(
    'disabling a person ends the tokens of the clients that they own, and of no other',
    async ({ store }) => {
      await store.users.add(user('jane'), event())
      await store.clients.add(client('owned', { owner_id: 'jane' }), 'hash', event())
      await store.clients.add(client('other'), 'hash', event())
      const before = await store.revocations.head()
      await store.users.disable('jane', event('user:jane'))
      const entries = await store.revocations.after(before.position, 10)
      assert.deepEqual(
        entries.map(({ kind, subject, epoch }) => [kind, subject, epoch]),
        [
          ['client', 'owned', 1],
          ['user', 'jane', 1],
        ],
      )
      assert.equal((await store.clients.find('owned'))?.epoch, 1)
      assert.equal((await store.clients.find('other'))?.epoch, 0)
    },
  )

  contract('disabling an unknown or disabled person changes nothing', async ({ store }) => {
    await store.users.add(user('jane'), event())
    await store.users.disable('jane', event('user:jane'))
    const before = await store.revocations.head()
    assert.equal(await store.users.disable('jane', event('user:jane')), false)
    assert.equal(await store.users.disable('nobody', event('user:nobody')), false)
    assert.deepEqual(await store.revocations.head(), before)
    assert.equal(await countRows(store, 'audit_events'), 2)
  })

  contract('of 50 that disable a person at once, one is told so', async ({ store, open }) => {
    const other = await open()
    await store.users.add(user('jane', { username: 'jane.black' }), event())
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).users.disable('jane', event('user:jane')),
    )
    assert.equal(winners, 1)
    assert.equal((await store.users.findByUsername('jane.black'))?.epoch, 1)
    assert.equal(await countRows(store, 'revocations'), 1)
  })
})
