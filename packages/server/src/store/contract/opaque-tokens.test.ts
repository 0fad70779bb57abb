import assert from 'node:assert/strict'
import { expiryMarginSeconds } from '../revocations.ts'
import { overBothDatabases } from '../testing/databases.ts'
import { assertRows, countRows, countWinners, now, opaqueToken } from '../testing/rows.ts'

const done = { at: now, actor: 'client:app', action: 'token.revoked' }

overBothDatabases((contract) => {
  contract('an opaque token is found as it was kept, until it expires', async ({ store }) => {
    const token = opaqueToken('hash', {
      user_id: 'jane',
      connection_id: 'connection',
      scope: 'read write',
      client_epoch: 2,
      user_epoch: 3,
      epoch: 4,
    })
    await store.opaqueTokens.add(token)
    assertRows(await store.opaqueTokens.find('hash', now + 59), token)
    assert.equal(await store.opaqueTokens.find('hash', now + 60), undefined)
    assert.equal(await store.opaqueTokens.find('other', now), undefined)
  })

  contract(
    'a client ends its own token: it is gone, and the feed and the audit log say so',
    async ({ store }) => {
      await store.opaqueTokens.add(opaqueToken('hash'))
      assert.equal(await store.opaqueTokens.revoke('hash', 'app', done), true)
      assert.equal(await store.opaqueTokens.find('hash', now), undefined)
      assertRows(await store.revocations.after(0, 10), [
        {
          position: 1,
          kind: 'token',
          subject: 'id-of-hash',
          client_id: 'app',
          epoch: null,
          expires_at: now + 60 + expiryMarginSeconds,
        },
      ])
      assertRows(await store.auditEvents.list(10), [{ ...done, subject: 'token:id-of-hash' }])
    },
  )

  contract("49: another client's token, or an unknown one, is left as it is", async ({ store }) => {
    await store.opaqueTokens.add(opaqueToken('hash'))
    const before = await store.revocations.head()
    assert.equal(await store.opaqueTokens.revoke('hash', 'other', done), false)
    assert.equal(await store.opaqueTokens.revoke('unknown', 'app', done), false)
    assert.ok(await store.opaqueTokens.find('hash', now))
    assertRows(await store.revocations.head(), before)
    assert.equal(await countRows(store, 'audit_events'), 0)
  })

  contract('of 50 that end a token at once, one is told so', async ({ store, open }) => {
    const other = await open()
    await store.opaqueTokens.add(opaqueToken('hash'))
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).opaqueTokens.revoke('hash', 'app', done),
    )
    assert.equal(winners, 1)
    assert.equal(await countRows(store, 'revocations'), 1)
    assert.equal((await store.revocations.head()).position, 1)
  })

  contract('a token whose hash is taken is refused, and the first one stays', async ({ store }) => {
    await store.opaqueTokens.add(opaqueToken('hash'))
    await assert.rejects(store.opaqueTokens.add(opaqueToken('hash', { client_id: 'other' })), {
      name: 'StoreUnavailable',
    })
    assert.equal((await store.opaqueTokens.find('hash', now))?.client_id, 'app')
  })

  contract('expired tokens go a batch at a time, live ones stay', async ({ store }) => {
    const expired = Array.from({ length: 7 }, (_, index) =>
      opaqueToken(`old-${index}`, { expires_at: now - index }),
    )
    const live = [opaqueToken('live', { expires_at: now + 1 })]
    await Promise.all([...expired, ...live].map((token) => store.opaqueTokens.add(token)))
    const purged = []
    for (let round = 0; round < 4; round++) purged.push(await store.opaqueTokens.purge(now, 3))
    assert.deepEqual(purged, [3, 3, 1, 0])
    assert.equal(await countRows(store, 'opaque_tokens'), 1)
    assert.ok(await store.opaqueTokens.find('live', now))
  })

  contract('two servers that purge at once delete each token once', async ({ store, open }) => {
    const other = await open()
    const tokens = Array.from({ length: 40 }, (_, index) => opaqueToken(`old-${index}`, { expires_at: now }))
    await Promise.all(tokens.map((token) => store.opaqueTokens.add(token)))
    const purged = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? store : other).opaqueTokens.purge(now, 5)),
    )
    const total = purged.reduce((sum, count) => sum + count, 0)
    assert.equal(total + (await countRows(store, 'opaque_tokens')), 40)
    assert.ok(total > 0)
  })
})
