import assert from 'node:assert/strict'
import { expiryMarginSeconds } from '../revocations.ts'
import type { Store } from '../store.ts'
import { lifetimeSeconds, overBothDatabases } from '../testing/databases.ts'
import {
  actions,
  addPeopleAndClients,
  assertChangesNothing,
  assertRows,
  authorizationCode,
  client,
  connection,
  countRows,
  countWinners,
  event,
  feed,
  mailLink,
  now,
  user,
} from '../testing/rows.ts'

/** Gives a person one of each thing that ends with their sign-ins. */
async function giveEverything(store: Store, userId: string): Promise<void> {
  const theirs = { user_id: userId }
  const epoch = (await store.users.find(userId))?.epoch ?? 0
  await store.connections.open(connection(`of ${userId}`, theirs), { epoch }, 'many', event())
  await store.authorizationCodes.add(authorizationCode(`of ${userId}`, theirs), { epoch })
  await store.mailLinks.add(mailLink(`of ${userId}`, theirs))
  await store.sessions.signIn({
    sessionHash: undefined,
    newHash: `of ${userId} in epoch ${epoch}`,
    user: { id: userId, epoch },
    idleLifetimeSeconds: 60,
    lifetimeSeconds: 60,
    event: event(),
  })
}

/** Whose things there are, of each kind. */
async function owners({ database }: Store): Promise<Record<string, string[]>> {
  const owned = ['connections', 'authorization_codes', 'mail_links', 'session_accounts'] as const
  const found: Record<string, string[]> = {}
  for (const table of owned) {
    const rows = await database.kysely.selectFrom(table).select('user_id').execute()
    found[table] = rows.map(({ user_id }) => user_id ?? 'nobody').sort()
  }
  return found
}

const ownedBy = (...ids: string[]) => ({
  connections: ids,
  authorization_codes: ids,
  mail_links: ids,
  session_accounts: ids,
})

/** What another system says of a person. */
const external = (id: string, change = {}) => ({
  id,
  name: 'Jane Black',
  scope: null,
  email: null,
  login: 'jane@corp',
  ...change,
})

overBothDatabases((contract) => {
  contract('a person is found by their name as they were added', async ({ store }) => {
    const jane = user('jane', { username: 'jane.black', name: 'Jane Black \u{1F511}' })
    assert.equal(await store.users.add(jane, event('user:jane')), true)
    const found = { ...jane, scope: null, email: null, login: null, epoch: 0, disabled_at: null }
    assertRows(await store.users.findByUsername('jane.black'), found)
    assertRows(await store.users.find('jane'), found)
    for (const name of ['Jane.Black', 'jane', '', 'jane.black\0', '\0']) {
      assert.equal(await store.users.findByUsername(name), undefined)
      assert.equal(await store.users.findByEmail(name), undefined)
      if (name !== 'jane') assert.equal(await store.users.find(name), undefined)
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

  contract(
    'who was disabled is taken back, with their apps, and what was ended stays so',
    async ({ store }) => {
      await store.users.add(user('jane'), event())
      await store.clients.add(client('owned', { owner_id: 'jane' }), 'hash', event())
      await store.users.disable('jane', event('user:jane'))
      const before = await store.revocations.head()
      assert.equal(await store.users.enable('jane', event('user:jane')), true)
      const [jane, owned] = [await store.users.find('jane'), await store.clients.find('owned')]
      assert.deepEqual([jane?.epoch, jane?.disabled_at], [1, null])
      assert.deepEqual([owned?.epoch, owned?.isOwnerDisabled], [1, false])
      const { position, configuration_version } = await store.revocations.head()
      assert.deepEqual([position, configuration_version], [before.position, before.configuration_version + 1])
      assert.equal((await store.auditEvents.list(1))[0]?.subject, 'user:jane')
    },
  )

  contract('taking back who is unknown or not disabled changes nothing', async ({ store }) => {
    await store.users.add(user('jane'), event())
    const before = await store.revocations.head()
    for (const id of ['jane', 'nobody', '']) {
      assert.equal(await store.users.enable(id, event(`user:${id}`)), false)
    }
    assert.deepEqual(await store.revocations.head(), before)
    assert.equal(await countRows(store, 'audit_events'), 1)
  })

  contract('a person is found by their address, and no two have one', async ({ store }) => {
    const email = 'jane@example.com'
    assert.equal(await store.users.add(user('jane', { email, scope: 'read' }), event()), true)
    const found = await store.users.findByEmail(email)
    assert.deepEqual([found?.id, found?.scope], ['jane', 'read'])
    assert.equal(await store.users.findByEmail('JANE@example.com'), undefined)
    await assertChangesNothing(store, async () => {
      assert.equal(await store.users.add(user('john', { email }), event()), false)
      assert.equal(await store.users.add(user('jane', { username: 'another' }), event()), false)
    })
    for (const id of ['john', 'another']) assert.equal(await store.users.add(user(id), event()), true)
  })

  contract('people are listed by their usernames, a page after another', async ({ store }) => {
    for (const username of ['c', 'a', 'b'])
      await store.users.add(user(`id-${username}`, { username }), event())
    const names = async (limit: number, after?: string) =>
      (await store.users.list(limit, after)).map(({ username }) => username)
    assert.deepEqual(await names(2), ['a', 'b'])
    assert.deepEqual(await names(2, 'b'), ['c'])
  })

  contract('an import adds everyone, with an event for each', async ({ store }) => {
    const people = Array.from({ length: 5 }, (_, index) => user(`user-${index}`))
    const taken = await store.users.import(people, ({ id }) => event(`user:${id}`))
    assert.equal(taken, undefined)
    assert.equal(await countRows(store, 'users'), 5)
    assert.equal(await countRows(store, 'audit_events'), 5)
    assert.equal(await store.users.import([], () => event()), undefined)
  })

  contract('an import in which someone is taken adds nobody, and names them', async ({ store }) => {
    await store.users.add(user('taken', { email: 'taken@example.com' }), event())
    const takenIn = [
      user('taken', { username: 'another' }),
      user('new', { username: 'name-of-taken' }),
      user('new', { email: 'taken@example.com' }),
      user('first', { username: 'another' }),
    ]
    for (const person of takenIn) {
      await assertChangesNothing(store, async () => {
        const people = [user('first'), user('second'), person, user('last')]
        assert.equal(await store.users.import(people, () => event()), person)
      })
    }
  })

  contract('of 10 imports at once that share a person, one adds its people', async ({ store, open }) => {
    const other = await open()
    const winners = await countWinners(10, async (index) => {
      const people = [user(`first-${index}`), user('shared'), user(`last-${index}`)]
      return (await (index % 2 ? store : other).users.import(people, () => event())) === undefined
    })
    assert.equal(winners, 1)
    assert.equal(await countRows(store, 'users'), 3)
  })

  contract(
    '37: disabling, another password and signing out everywhere end what a person has, and leave what others have',
    async ({ store }) => {
      await addPeopleAndClients(store)
      await giveEverything(store, 'john')
      const ends = [
        () => store.users.setPassword('jane', 'another hash', event('user:jane')),
        () => store.users.signOutEverywhere('jane', event('user:jane')),
        () => store.users.disable('jane', event('user:jane')),
      ]
      for (const [index, end] of ends.entries()) {
        await giveEverything(store, 'jane')
        assert.deepEqual(await owners(store), ownedBy('jane', 'john'))
        assert.equal(await end(), true)
        assert.deepEqual(await owners(store), ownedBy('john'))
        assert.deepEqual(await feed(store), [`user jane ${index + 1}`])
        assert.equal((await store.users.find('jane'))?.epoch, index + 1)
      }
      const done = (await actions(store)).filter((action) => action === 'thing.done user:jane')
      assert.equal(done.length, 1 + ends.length)
    },
  )

  contract('another password is the one that is kept; signing out everywhere keeps it', async ({ store }) => {
    await addPeopleAndClients(store)
    await store.users.setPassword('jane', 'another hash', event())
    await store.users.signOutEverywhere('jane', event())
    assert.equal((await store.users.find('jane'))?.password_hash, 'another hash')
    assert.equal((await store.users.find('john'))?.password_hash, user('john').password_hash)
  })

  contract(
    'a password changes once for whoever was authenticated before, however many ask at once',
    async ({ store, open }) => {
      const other = await open()
      await addPeopleAndClients(store)
      const changed = await countWinners(20, (index) =>
        (index % 2 ? store : other).users.setPassword('jane', `hash ${index}`, event(), { epoch: 0 }),
      )
      assert.equal(changed, 1)
      assert.equal((await store.users.find('jane'))?.epoch, 1)
      assert.equal(await store.users.setPassword('jane', 'another hash', event(), { epoch: 1 }), true)
      assert.equal((await store.users.find('jane'))?.password_hash, 'another hash')
    },
  )

  contract('nothing more happens to a person who is disabled or unknown', async ({ store }) => {
    await addPeopleAndClients(store)
    await store.users.disable('jane', event())
    await assertChangesNothing(store, async () => {
      for (const id of ['jane', 'nobody']) {
        assert.equal(await store.users.setPassword(id, 'another hash', event()), false)
        assert.equal(await store.users.signOutEverywhere(id, event()), false)
        assert.equal(await store.users.setScope(id, 'read', event()), false)
        await store.users.upgradePasswordHash(id, user('jane').password_hash, 'better')
      }
    })
  })

  contract('a better hash of the same password is kept, and ends nothing', async ({ store }) => {
    await addPeopleAndClients(store)
    await giveEverything(store, 'jane')
    const { password_hash } = user('jane')
    await store.users.upgradePasswordHash('jane', password_hash, 'better')
    assert.equal((await store.users.find('jane'))?.password_hash, 'better')
    assert.deepEqual(await owners(store), ownedBy('jane'))
    assert.deepEqual(await feed(store), [])
    await assertChangesNothing(store, () =>
      store.users.upgradePasswordHash('jane', password_hash, 'of a password that was changed'),
    )
  })

  contract('who loses a scope loses every token, and keeps sessions and connections', async ({ store }) => {
    await addPeopleAndClients(store)
    await giveEverything(store, 'jane')
    const losses: [scope: string, epoch: number][] = [
      ['read write', 1],
      ['read', 2],
      ['write', 3],
      ['', 4],
    ]
    for (const [scope, epoch] of losses) {
      assert.equal(await store.users.setScope('jane', scope, event('user:jane')), true)
      const found = await store.users.find('jane')
      assert.deepEqual([found?.scope, found?.epoch], [scope, epoch])
      assert.deepEqual(await feed(store), [`user jane ${epoch}`])
    }
    assert.deepEqual(await owners(store), ownedBy('jane'))
    assert.equal((await store.users.find('john'))?.epoch, 0)
  })

  contract('who only gains a scope keeps every token', async ({ store }) => {
    await store.users.add(user('jane', { scope: '' }), event())
    for (const scope of ['read', 'write read', 'read write', 'admin write read', null, null]) {
      assert.equal(await store.users.setScope('jane', scope, event('user:jane')), true)
      const found = await store.users.find('jane')
      assert.deepEqual([found?.scope, found?.epoch], [scope, 0])
    }
    assert.deepEqual(await feed(store), [])
  })

  contract('of changes of one person at once, each raises the epoch by one', async ({ store, open }) => {
    const other = await open()
    await addPeopleAndClients(store)
    await giveEverything(store, 'jane')
    const changed = await countWinners(30, (index) => {
      const { users } = index % 2 ? store : other
      return index % 3 === 0
        ? users.setPassword('jane', `hash ${index}`, event())
        : users.signOutEverywhere('jane', event())
    })
    assert.equal(changed, 30)
    assert.equal((await store.users.find('jane'))?.epoch, 30)
    assert.deepEqual(await feed(store), ['user jane 30'])
  })

  contract(
    'a person whom another system knows is added at the first sign-in, with an event',
    async ({ store }) => {
      const person = external('42', { scope: 'read', email: 'jane@example.com' })
      const added = await store.users.recordExternal(person, event('user:42'))
      assertRows(added, {
        ...person,
        username: 'external:42',
        password_hash: '',
        epoch: 0,
        disabled_at: null,
        created_at: now,
      })
      assertRows(await store.users.findByUsername('external:42'), added)
      assertRows(
        await assertChangesNothing(store, () => store.users.recordExternal(person, event('user:42'))),
        added,
      )
    },
  )

  contract(
    'what another system says anew is kept; who loses a scope loses their tokens',
    async ({ store }) => {
      await store.users.recordExternal(external('42', { scope: 'read' }), event())
      const said = { name: 'John Doe', scope: 'read write', email: 'john@example.com' }
      const gained = await store.users.recordExternal(external('42', said), event('user:42'))
      assert.deepEqual(
        [gained?.name, gained?.scope, gained?.email, gained?.epoch],
        ['John Doe', 'read write', 'john@example.com', 0],
      )
      assert.deepEqual(await feed(store), [])
      const lost = await store.users.recordExternal(external('42', { scope: 'write' }), event('user:42'))
      assert.deepEqual([lost?.scope, lost?.epoch, lost?.email], ['write', 1, 'john@example.com'])
      assert.deepEqual(await feed(store), ['user 42 1'])
      const changes = (await actions(store)).filter((action) => action === 'user.scope_changed user:42')
      assert.equal(changes.length, 2)
    },
  )

  contract("another system's word takes no address away from someone else", async ({ store }) => {
    const email = 'jane@example.com'
    await store.users.add(user('jane', { email }), event())
    assert.equal((await store.users.recordExternal(external('42', { email }), event()))?.email, null)
    assert.equal((await store.users.recordExternal(external('42', { email }), event()))?.email, null)
    assert.equal((await store.users.findByEmail(email))?.id, 'jane')
  })

  contract("another system's person is none of our own, whatever their id", async ({ store }) => {
    await store.users.add(user('jane'), event())
    await store.users.add(user('john', { username: 'external:42' }), event())
    await assertChangesNothing(store, async () => {
      const said = { name: 'Somebody', scope: 'admin', email: 'somebody@example.com' }
      assert.equal(await store.users.recordExternal(external('jane', said), event()), undefined)
      assert.equal(await store.users.recordExternal(external('42', said), event()), undefined)
    })
  })

  contract("another system's person who is disabled here stays so", async ({ store }) => {
    await store.users.recordExternal(external('42'), event())
    await store.users.disable('42', event())
    await assertChangesNothing(store, async () => {
      assert.equal(await store.users.recordExternal(external('42', { scope: '' }), event()), undefined)
    })
  })

  contract(
    '50 first sign-ins at once of one person and one address make one person',
    async ({ store, open }) => {
      const other = await open()
      const recorded = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 ? store : other).users.recordExternal(
            external(`${index % 5}`, { email: 'jane@example.com' }),
            event(),
          ),
        ),
      )
      assert.ok(recorded.every((person) => person !== undefined))
      assert.equal(await countRows(store, 'users'), 5)
      assert.equal(await countRows(store, 'audit_events'), 5)
      assert.ok(await store.users.findByEmail('jane@example.com'))
    },
  )
})
