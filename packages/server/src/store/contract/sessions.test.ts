import assert from 'node:assert/strict'
import {
  maxAccountsPerSession,
  type NewSignIn,
  previousHashSeconds,
  sessionUseIntervalSeconds,
} from '../sessions.ts'
import type { Store } from '../store.ts'
import { overBothDatabases } from '../testing/databases.ts'
import {
  actions,
  addPeopleAndClients,
  assertChangesNothing,
  assertRows,
  countRows,
  countWinners,
  event,
  now,
  user,
} from '../testing/rows.ts'

const day = 86_400
const lifetimes = { idleLifetimeSeconds: 7 * day, lifetimeSeconds: 30 * day }

/** Signs a person in in a browser whose session is known by a hash, if it has one. */
const signIn = (
  { sessions }: Store,
  userId: string,
  hashes: { from?: string; to: string },
  at = now,
  change: Partial<NewSignIn> = {},
): Promise<boolean> =>
  sessions.signIn({
    sessionHash: hashes.from,
    newHash: hashes.to,
    user: { id: userId, epoch: 0 },
    event: { at, actor: `user:${userId}`, action: 'session.signed_in', subject: `user:${userId}` },
    ...lifetimes,
    ...change,
  })

const use = ({ sessions }: Store, hash: string, at = now) => sessions.use(hash, at, lifetimes)

/** Who is signed in, in order; undefined: there is no session. */
const idsOf = async (store: Store, hash: string, at = now) =>
  (await use(store, hash, at))?.accounts.map(({ id }) => id)

/** People, and jane signed in. */
async function begin(store: Store): Promise<void> {
  await addPeopleAndClients(store)
  assert.equal(await signIn(store, 'jane', { to: 'first' }), true)
}

overBothDatabases((contract) => {
  contract('a session says who is signed in in it', async ({ store }) => {
    await begin(store)
    const session = await use(store, 'first')
    assert.ok(session)
    assert.match(session.id, /^[a-z2-7]{26}$/)
    assertRows(session, {
      id: session.id,
      session_hash: 'first',
      created_at: now,
      last_used_at: now,
      expires_at: now + 7 * day,
      accounts: [
        {
          id: 'jane',
          username: 'name-of-jane',
          name: 'Jane Black',
          scope: null,
          email: null,
          epoch: 0,
          signed_in_at: now,
        },
      ],
    })
    assert.ok((await actions(store)).includes('session.signed_in user:jane'))
    assert.equal(await use(store, 'unknown'), undefined)
  })

  contract(
    '58: at a sign-in the session moves to its new hash, and the old one is dead',
    async ({ store }) => {
      await begin(store)
      const before = await use(store, 'first')
      assert.equal(await signIn(store, 'john', { from: 'first', to: 'second' }, now + 5), true)
      assert.equal(await use(store, 'first', now + 5), undefined)
      const after = await use(store, 'second', now + 5)
      assert.deepEqual(
        after?.accounts.map(({ id, signed_in_at }) => [id, signed_in_at]),
        [
          ['jane', now],
          ['john', now + 5],
        ],
      )
      assert.equal(after?.id, before?.id)
      assert.equal(await countRows(store, 'sessions'), 1)
      const late = now + 5 + previousHashSeconds
      assert.equal(await signIn(store, 'jane', { from: 'first', to: 'third' }, late), true)
      assert.deepEqual(await idsOf(store, 'third', late), ['jane'])
      assert.equal(await countRows(store, 'sessions'), 2)
    },
  )

  contract('63: who signs in again has signed in just now', async ({ store }) => {
    await begin(store)
    await signIn(store, 'john', { from: 'first', to: 'second' }, now + 5)
    await signIn(store, 'jane', { from: 'second', to: 'third' }, now + 9)
    assert.deepEqual(await idsOf(store, 'third', now + 9), ['john', 'jane'])
    assert.equal((await use(store, 'third', now + 9))?.accounts[1]?.signed_in_at, now + 9)
  })

  contract('a use is written down now and then, and moves the end', async ({ store }) => {
    await begin(store)
    await assertChangesNothing(store, () => use(store, 'first', now + sessionUseIntervalSeconds - 1))
    const at = now + sessionUseIntervalSeconds
    const used = await use(store, 'first', at)
    assert.deepEqual([used?.last_used_at, used?.expires_at], [at, at + 7 * day])
    assertRows(await assertChangesNothing(store, () => use(store, 'first', at)), used)
    assert.ok(await use(store, 'first', at + 7 * day - 1))
  })

  contract('a session that may not lie unused for long lives while it is used', async ({ store }) => {
    await addPeopleAndClients(store)
    const short = { idleLifetimeSeconds: 60, lifetimeSeconds: day }
    await signIn(store, 'jane', { to: 'first' }, now, short)
    for (let age = 50; age < 400; age += 50) {
      assert.ok(await store.sessions.use('first', now + age, short))
    }
    assert.equal(await store.sessions.use('first', now + 410, short), undefined)
  })

  contract('a session ends when it lay unused for too long', async ({ store }) => {
    await begin(store)
    await assertChangesNothing(store, async () => {
      assert.equal(await use(store, 'first', now + 7 * day), undefined)
    })
    assert.ok(await use(store, 'first', now + 7 * day - 1))
  })

  contract(
    'a sign-in ends when its whole time is over, however much the session is used',
    async ({ store }) => {
      await begin(store)
      for (let days = 5; days < 30; days += 5) assert.ok(await use(store, 'first', now + days * day))
      assert.deepEqual(await idsOf(store, 'first', now + 30 * day - 1), ['jane'])
      assert.equal(await use(store, 'first', now + 30 * day), undefined)
    },
  )

  contract('each person has the whole time from their own sign-in', async ({ store }) => {
    await begin(store)
    for (let days = 5; days < 30; days += 5) assert.ok(await use(store, 'first', now + days * day))
    const late = now + 30 * day - 5
    await signIn(store, 'john', { from: 'first', to: 'second' }, late)
    assert.deepEqual(await idsOf(store, 'second', late), ['jane', 'john'])
    assert.equal((await use(store, 'second', late))?.expires_at, late + 7 * day)
    assert.deepEqual(await idsOf(store, 'second', now + 30 * day), ['john'])
    for (let days = 1; days < 30; days++) assert.ok(await use(store, 'second', late + days * day))
    assert.deepEqual(await idsOf(store, 'second', late + 30 * day - 1), ['john'])
    assert.equal(await use(store, 'second', late + 30 * day), undefined)
  })

  contract('of a person of another system it says what they last signed in with', async ({ store }) => {
    const told = { id: '42', name: 'Jane Black', scope: null, email: null }
    await store.users.recordExternal({ ...told, login: 'jane@corp' }, event())
    await signIn(store, '42', { to: 'first' })
    assert.equal((await use(store, 'first'))?.accounts[0]?.username, 'jane@corp')
    await store.users.recordExternal({ ...told, login: 'jane.black' }, event())
    assert.equal((await use(store, 'first'))?.accounts[0]?.username, 'jane.black')
  })

  contract('a sign-in moves the end of the session with it', async ({ store }) => {
    await begin(store)
    const late = now + 7 * day - 1
    await signIn(store, 'john', { from: 'first', to: 'second' }, late)
    assert.equal((await use(store, 'second', late))?.expires_at, late + 7 * day)
  })

  contract('58: an expired session is not taken up again', async ({ store }) => {
    await begin(store)
    await signIn(store, 'john', { from: 'first', to: 'second' }, now + 7 * day)
    assert.deepEqual(await idsOf(store, 'second', now + 7 * day), ['john'])
    assert.equal((await use(store, 'second', now + 7 * day))?.created_at, now + 7 * day)
  })

  contract('one more than may be signed in takes the place of the first', async ({ store }) => {
    await begin(store)
    const ids = Array.from({ length: maxAccountsPerSession }, (_, index) => `user-${9 - index}`)
    let hash = 'first'
    for (const id of ids) {
      await store.users.add(user(id), event())
      await signIn(store, id, { from: hash, to: `of ${id}` }, now + 1)
      hash = `of ${id}`
      assert.ok((await idsOf(store, hash))?.includes(id))
    }
    assert.deepEqual((await idsOf(store, hash))?.toSorted(), ids.toSorted())
  })

  contract('37: who was disabled or signed out everywhere since is not signed in', async ({ store }) => {
    await begin(store)
    await store.users.signOutEverywhere('john', event())
    await store.users.disable('jane', event())
    await assertChangesNothing(store, async () => {
      assert.equal(await signIn(store, 'john', { from: 'first', to: 'second' }), false)
      const disabled = { user: { id: 'jane', epoch: 1 } }
      assert.equal(await signIn(store, 'jane', { to: 'second' }, now, disabled), false)
      assert.equal(await signIn(store, 'nobody', { to: 'second' }), false)
    })
  })

  contract('37: who is disabled is signed out of every browser, and others are not', async ({ store }) => {
    await begin(store)
    await signIn(store, 'john', { from: 'first', to: 'both' })
    await signIn(store, 'jane', { to: 'alone' })
    await store.users.disable('jane', event())
    assert.deepEqual(await idsOf(store, 'both'), ['john'])
    assert.equal(await idsOf(store, 'alone'), undefined)
  })

  contract('37: a sign-in that races with a disable is ended or refused', async ({ store, open }) => {
    const other = await open()
    await addPeopleAndClients(store)
    const signIns = Array.from({ length: 30 }, (_, index) => signIn(other, 'jane', { to: `${index}` }))
    const [isDisabled] = await Promise.all([store.users.disable('jane', event()), ...signIns])
    assert.equal(isDisabled, true)
    assert.equal(await countRows(store, 'session_accounts'), 0)
    for (let index = 0; index < 30; index++) assert.equal(await use(store, `${index}`), undefined)
  })

  contract(
    '20 sign-ins of a person at once in one session: whichever answer the browser keeps, it is signed in',
    async ({ store, open }) => {
      const other = await open()
      await begin(store)
      await countWinners(20, (index) =>
        signIn(index % 2 ? store : other, 'john', { from: 'first', to: `${index}` }, now + 1),
      )
      assert.equal(await use(store, 'first'), undefined)
      for (let index = 0; index < 20; index++) {
        assert.deepEqual(await idsOf(store, `${index}`, now + 1), ['jane', 'john'])
      }
    },
  )

  contract(
    '58: whoever signs in by the hash before gets nobody who signed in since, and only for a while',
    async ({ store }) => {
      await begin(store)
      await store.users.add(user('stranger'), event())
      await signIn(store, 'john', { from: 'first', to: 'of john' }, now + 5)
      await signIn(store, 'stranger', { from: 'first', to: 'of stranger' }, now + 6)
      assert.deepEqual(await idsOf(store, 'of stranger', now + 6), ['jane', 'stranger'])
      assert.deepEqual(await idsOf(store, 'of john', now + 6), ['jane', 'john'], 'nobody is put out')
      assert.equal(await use(store, 'first', now + 6), undefined)
      const late = now + 5 + previousHashSeconds
      await signIn(store, 'john', { from: 'first', to: 'late' }, late)
      assert.deepEqual(await idsOf(store, 'late', late), ['john'])
    },
  )

  contract('signing out ends the one person, or everyone, in this browser alone', async ({ store }) => {
    await begin(store)
    await signIn(store, 'john', { from: 'first', to: 'both' })
    await signIn(store, 'jane', { to: 'elsewhere' })
    assert.equal(await store.sessions.signOut('both', 'jane', event('user:jane')), true)
    assert.deepEqual(await idsOf(store, 'both'), ['john'])
    assert.deepEqual(await idsOf(store, 'elsewhere'), ['jane'])
    assert.equal(await store.sessions.signOut('both', 'john', event('user:john')), true)
    assert.equal(await use(store, 'both'), undefined)
    assert.equal(await countRows(store, 'sessions'), 1)
    await signIn(store, 'john', { from: 'elsewhere', to: 'both' })
    assert.equal(await store.sessions.signOut('both', undefined, event('session:1')), true)
    assert.equal(await countRows(store, 'sessions'), 0)
    assert.equal(await countRows(store, 'session_accounts'), 0)
    const done = (await actions(store)).filter((action) => action.startsWith('thing.done session'))
    assert.deepEqual(done, ['thing.done session:1'])
  })

  contract('signing out who is not signed in changes nothing', async ({ store }) => {
    await begin(store)
    await assertChangesNothing(store, async () => {
      for (const id of ['john', 'nobody', '', '\0']) {
        assert.equal(await store.sessions.signOut('first', id, event()), false)
      }
      assert.equal(await store.sessions.signOut('unknown', undefined, event()), false)
      assert.equal(await store.sessions.signOut('first', undefined, event('', now + 7 * day)), false)
    })
  })

  contract('who signs in while another signs out stays signed in', async ({ store, open }) => {
    const other = await open()
    await addPeopleAndClients(store)
    for (let round = 0; round < 15; round++) {
      await signIn(store, 'jane', { to: `from ${round}` })
      const [isSignedIn] = await Promise.all([
        signIn(other, 'john', { from: `from ${round}`, to: `to ${round}` }),
        store.sessions.signOut(`from ${round}`, 'jane', event()),
      ])
      assert.equal(isSignedIn, true)
      assert.ok((await idsOf(store, `to ${round}`))?.includes('john'))
    }
  })

  contract('expired sessions go a batch at a time with who is in them, live ones stay', async ({ store }) => {
    await addPeopleAndClients(store)
    const short = { idleLifetimeSeconds: 10, lifetimeSeconds: 10 }
    for (let index = 0; index < 5; index++) await signIn(store, 'jane', { to: `${index}` }, now, short)
    await signIn(store, 'jane', { to: 'live' })
    const purged = [await store.sessions.purge(now + 9, 3)]
    for (let round = 0; round < 3; round++) purged.push(await store.sessions.purge(now + 10, 3))
    assert.deepEqual(purged, [0, 3, 2, 0])
    assert.deepEqual(await idsOf(store, 'live', now + 10), ['jane'])
    assert.equal(await countRows(store, 'session_accounts'), 1)
  })
})
