import assert from 'node:assert/strict'
import { codeRetentionSeconds, type Redemption, type RedemptionOutcome } from '../authorization-codes.ts'
import type { Store } from '../store.ts'
import { overBothDatabases } from '../testing/databases.ts'
import {
  actions,
  addPeopleAndClients,
  assertChangesNothing,
  assertRows,
  authorizationCode,
  connection,
  countRows,
  countWinners,
  event,
  feed,
  graceSeconds,
  now,
  opaqueToken,
  presented,
  redemption,
  rotationAt,
} from '../testing/rows.ts'

/** People, clients, and one code that jane gave to app. */
async function begin(store: Store, change: Parameters<typeof authorizationCode>[1] = {}): Promise<void> {
  await addPeopleAndClients(store)
  assert.equal(await store.authorizationCodes.add(authorizationCode('code', change), { epoch: 0 }), true)
}

const redeem = (
  store: Store,
  connectionId: string,
  change: Partial<Redemption> = {},
): Promise<RedemptionOutcome<unknown>> =>
  store.authorizationCodes.redeem(redemption('code', connectionId, change))

async function assertRedeemed(outcome: Promise<RedemptionOutcome<unknown>>): Promise<void> {
  assert.equal((await outcome).kind, 'redeemed')
}

const reasonOf = (outcome: RedemptionOutcome<unknown>): string =>
  outcome.kind === 'refused' ? outcome.reason : outcome.kind

/** What does not fit the code of {@link begin}. */
const mismatches: [name: string, change: Partial<Redemption>][] = [
  ['23: another client', { clientId: 'other' }],
  ['19: another redirect_uri', { redirectUri: 'https://app.example.com/callback/' }],
  ['19: a redirect_uri with U+0000', { redirectUri: 'https://app.example.com/callback\0' }],
  ['19: no redirect_uri', { redirectUri: undefined }],
  ['27: no verifier', { codeChallenge: undefined }],
  ['30: another verifier', { codeChallenge: 'another challenge' }],
]

overBothDatabases((contract) => {
  contract(
    'a code for which more is asked than it holds is not spent, and ends nothing',
    async ({ store }) => {
      await begin(store)
      const issue = () => {
        throw new Error('too much')
      }
      await assertChangesNothing(store, async () => {
        await assert.rejects(redeem(store, 'first', { issue, limit: 'one' }), /too much/)
      })
      await assertRedeemed(redeem(store, 'first'))
    },
  )

  contract('a code gives the connection that its person allowed, to its client', async ({ store }) => {
    await begin(store, { scope: 'read', audience: 'https://other.example.com' })
    const told: unknown[] = []
    const row = opaqueToken('hash', { connection_id: 'first' })
    const issue: Redemption['issue'] = (connection, user) => {
      told.push(connection.id, structuredClone(user))
      return { row }
    }
    const outcome = await redeem(store, 'first', { issue })
    assert.equal(outcome.kind, 'redeemed')
    assert.deepEqual(told, ['first', { id: 'jane', epoch: 0, scope: null }])
    assert.deepEqual(outcome.token, { row })
    assertRows(await store.opaqueTokens.find('hash', now), row)
    assertRows(outcome.connection, await store.connections.find('first'))
    const { client_id, user_id, scope, audience, generation } = outcome.connection
    assert.deepEqual(
      { client_id, user_id, scope, audience, generation },
      {
        client_id: 'app',
        user_id: 'jane',
        scope: 'read',
        audience: 'https://other.example.com',
        generation: 0,
      },
    )
    assert.ok((await actions(store)).includes('connection.opened connection:first client:app user:jane'))
    assert.deepEqual(await feed(store), [])
  })

  contract('22: of 50 that redeem a code at once, one wins and nothing is ended', async ({ store, open }) => {
    const other = await open()
    await begin(store)
    const winners = await countWinners(50, async (index) => {
      const outcome = await redeem(index % 2 ? store : other, `${index}`)
      if (outcome.kind === 'redeemed') return true
      assert.equal(outcome.reason, 'the code was spent a moment ago')
      return false
    })
    assert.equal(winners, 1)
    assert.equal(await countRows(store, 'connections'), 1)
    assert.deepEqual(await feed(store), [])
    assert.equal((await actions(store)).filter((action) => action.startsWith('connection.')).length, 1)
  })

  contract('22: who loses a race within the grace ends nothing', async ({ store }) => {
    await begin(store)
    await assertRedeemed(redeem(store, 'first'))
    for (const age of [0, graceSeconds - 1]) {
      await assertChangesNothing(store, async () => {
        assert.equal((await redeem(store, 'second', { now: now + age })).kind, 'refused')
      })
    }
    assert.ok(await store.connections.find('first'))
  })

  contract('21: a replay after the grace ends what the code gave, and nothing else', async ({ store }) => {
    await begin(store)
    await store.connections.open(connection('earlier'), { epoch: 0 }, 'many', event())
    await assertRedeemed(redeem(store, 'first'))
    await store.connections.rotate(presented('first', 0), rotationAt(now + 1))
    const replayed = await redeem(store, 'second', { now: now + graceSeconds })
    assert.equal(reasonOf(replayed), 'replayed code')
    assert.equal(await store.connections.find('first'), undefined)
    assert.equal(await store.connections.find('second'), undefined)
    assert.ok(await store.connections.find('earlier'))
    assert.deepEqual(await feed(store), ['connection first'])
    assert.ok(
      (await actions(store)).includes('connection.ended_by_replay connection:first client:app user:jane'),
    )
    await assertChangesNothing(store, () => redeem(store, 'second', { now: now + graceSeconds }))
  })

  contract('21: a replay of an expired code ends what it gave', async ({ store }) => {
    await begin(store)
    await assertRedeemed(redeem(store, 'first'))
    await redeem(store, 'second', { now: now + 60 + codeRetentionSeconds - 1 })
    assert.deepEqual(await feed(store), ['connection first'])
  })

  for (const [name, change] of mismatches) {
    contract(`${name}: an unspent code stays good for its own client`, async ({ store }) => {
      await begin(store)
      await assertChangesNothing(store, async () => {
        assert.equal((await redeem(store, 'first', change)).kind, 'refused')
      })
      await assertRedeemed(redeem(store, 'first'))
    })

    contract(`21, ${name}: a replay ends what the code gave at once`, async ({ store }) => {
      await begin(store)
      await assertRedeemed(redeem(store, 'first'))
      assert.equal((await redeem(store, 'second', change)).kind, 'refused')
      assert.equal(await countRows(store, 'connections'), 0)
      assert.deepEqual(await feed(store), ['connection first'])
    })
  }

  contract('28: a verifier is refused where there was no challenge', async ({ store }) => {
    await begin(store, { code_challenge: null })
    await assertChangesNothing(store, async () => {
      assert.equal(reasonOf(await redeem(store, 'first')), 'another code_verifier')
    })
    await assertRedeemed(redeem(store, 'first', { codeChallenge: undefined }))
  })

  contract(
    '19: a redirect_uri that was left out may be left out again, or be the one there is',
    async ({ store }) => {
      await begin(store, { is_redirect_uri_required: 0 })
      await assertChangesNothing(store, async () => {
        const another = { redirectUri: 'https://evil.example.com/' }
        assert.equal(reasonOf(await redeem(store, 'first', another)), 'another redirect_uri')
      })
      await assertRedeemed(redeem(store, 'first', { redirectUri: undefined }))
      const same = authorizationCode('same', { is_redirect_uri_required: 0 })
      await store.authorizationCodes.add(same, { epoch: 0 })
      await assertRedeemed(store.authorizationCodes.redeem(redemption('same', 'second')))
    },
  )

  contract('24: an expired code is refused, and so is an unknown one', async ({ store }) => {
    await begin(store)
    await assertChangesNothing(store, async () => {
      assert.equal(reasonOf(await redeem(store, 'first', { now: now + 60 })), 'expired code')
      const unknown = store.authorizationCodes.redeem(redemption('another code', 'first'))
      assert.equal(reasonOf(await unknown), 'unknown code')
    })
    await assertRedeemed(redeem(store, 'first', { now: now + 59 }))
  })

  contract(
    '37: a code of a person who was disabled, or who signed out everywhere, is none',
    async ({ store }) => {
      await begin(store)
      await store.users.signOutEverywhere('jane', event())
      assert.equal(reasonOf(await redeem(store, 'first')), 'unknown code')
      await store.authorizationCodes.add(authorizationCode('code'), { epoch: 1 })
      await store.users.disable('jane', event())
      assert.equal(reasonOf(await redeem(store, 'first')), 'unknown code')
      assert.equal(await countRows(store, 'connections'), 0)
    },
  )

  contract('37: no code is kept for a person who was disabled or signed out since', async ({ store }) => {
    await addPeopleAndClients(store)
    const add = (epoch: number, user_id = 'jane') =>
      store.authorizationCodes.add(authorizationCode('code', { user_id }), { epoch })
    await store.users.signOutEverywhere('jane', event())
    await assertChangesNothing(store, async () => assert.equal(await add(0), false))
    await store.users.disable('jane', event())
    await assertChangesNothing(store, async () => assert.equal(await add(2), false))
    await assertChangesNothing(store, async () => assert.equal(await add(0, 'nobody'), false))
  })

  contract(
    '37: codes and redemptions that race with signing out everywhere leave nothing behind',
    async ({ store, open }) => {
      const other = await open()
      await addPeopleAndClients(store)
      await Promise.all([
        ...Array.from({ length: 30 }, async (_, index) => {
          const code = authorizationCode(`${index}`)
          if (!(await other.authorizationCodes.add(code, { epoch: 0 }))) return
          await other.authorizationCodes.redeem(redemption(`${index}`, `of ${index}`))
        }),
        store.users.signOutEverywhere('jane', event()),
      ])
      assert.equal(await countRows(store, 'authorization_codes'), 0)
      assert.equal(await countRows(store, 'connections'), 0)
    },
  )

  contract('where there may be one, a code ends the connection before it', async ({ store }) => {
    await begin(store)
    await store.connections.open(connection('earlier'), { epoch: 0 }, 'many', event())
    await assertRedeemed(redeem(store, 'first', { limit: 'one' }))
    assert.equal(await store.connections.find('earlier'), undefined)
    assert.deepEqual(await feed(store), ['connection earlier'])
  })

  contract(
    'of 20 codes redeemed at once where there may be one connection, one lives',
    async ({ store, open }) => {
      const other = await open()
      await addPeopleAndClients(store)
      for (let index = 0; index < 20; index++) {
        await store.authorizationCodes.add(authorizationCode(`${index}`), { epoch: 0 })
      }
      const winners = await countWinners(20, async (index) => {
        const { authorizationCodes } = index % 2 ? store : other
        const outcome = await authorizationCodes.redeem(
          redemption(`${index}`, `of ${index}`, { limit: 'one' }),
        )
        return outcome.kind === 'redeemed'
      })
      assert.equal(winners, 20)
      assert.equal(await countRows(store, 'connections'), 1)
      assert.equal(new Set(await feed(store)).size, 19)
    },
  )

  contract('codes are remembered for a day after they expired, then go in batches', async ({ store }) => {
    await begin(store)
    for (let index = 0; index < 4; index++) {
      await store.authorizationCodes.add(authorizationCode(`${index}`), { epoch: 0 })
    }
    const late = authorizationCode('late', { expires_at: now + 61 })
    await store.authorizationCodes.add(late, { epoch: 0 })
    const forgottenAt = now + 60 + codeRetentionSeconds
    const purged = [await store.authorizationCodes.purge(forgottenAt - 1, 3)]
    for (let round = 0; round < 3; round++) {
      purged.push(await store.authorizationCodes.purge(forgottenAt, 3))
    }
    assert.deepEqual(purged, [0, 3, 2, 0])
    assert.equal(await countRows(store, 'authorization_codes'), 1)
  })
})
