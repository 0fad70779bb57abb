import assert from 'node:assert/strict'
import { expiryMarginSeconds } from '../revocations.ts'
import type { Store } from '../store.ts'
import { lifetimeSeconds, overBothDatabases } from '../testing/databases.ts'
import {
  addPeopleAndClients,
  assertRows,
  authorizationCode,
  client,
  connection,
  countRows,
  event,
  now,
  opaqueToken,
  revokedToken,
  user,
  wholeHead,
} from '../testing/rows.ts'

const subjects = async ({ revocations }: Store) =>
  (await revocations.after(0, 1_000)).map(({ kind, subject }) => `${kind} ${subject}`)

async function assertExactCount(store: Store): Promise<void> {
  assert.equal((await wholeHead(store)).live_entries, await countRows(store, 'revocations'))
}

overBothDatabases((contract) => {
  contract(
    'an entry is read as it was written, and as long again as clocks may differ, after any position below its own',
    async ({ store }) => {
      await store.revocations.revoke(revokedToken('one'), event('token:one'))
      await store.revocations.revoke(revokedToken('two', { kind: 'connection' }), event('connection:two'))
      const expires_at = now + 60 + expiryMarginSeconds
      assertRows(await store.revocations.after(0, 10), [
        { ...revokedToken('one'), position: 1, expires_at },
        { ...revokedToken('two', { kind: 'connection' }), position: 2, expires_at },
      ])
      assert.deepEqual(
        (await store.revocations.after(1, 10)).map((entry) => entry.subject),
        ['two'],
      )
      assert.deepEqual(
        (await store.revocations.after(0, 1)).map((entry) => entry.subject),
        ['one'],
      )
      assert.deepEqual(await store.revocations.after(2, 10), [])
    },
  )

  contract('no entry outlasts the longest-lived token that there can be', async ({ store }) => {
    await store.revocations.revoke(revokedToken('one', { expires_at: now + 9e12 }), event())
    const [entry] = await store.revocations.after(0, 10)
    assert.equal(entry?.expires_at, now + lifetimeSeconds + expiryMarginSeconds)
  })

  contract('revoking twice is no error and adds no entry and no event', async ({ store, open }) => {
    const other = await open()
    const revokes = Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? store : other).revocations.revoke(revokedToken('one'), event('token:one')),
    )
    await Promise.all(revokes)
    assert.deepEqual(await subjects(store), ['token one'])
    assert.equal(await countRows(store, 'audit_events'), 1)
    await assertExactCount(store)
  })

  contract('the same name is another thing in another kind', async ({ store }) => {
    await store.revocations.revoke(revokedToken('x'), event())
    await store.revocations.revoke(revokedToken('x', { kind: 'api_key', client_id: null }), event())
    assert.deepEqual(await subjects(store), ['token x', 'api_key x'])
  })

  contract("a later epoch takes its earlier one's place, at a new position", async ({ store }) => {
    await store.clients.add(client('app'), 'hash', event())
    for (const token of ['a', 'b', 'c', 'd', 'e']) {
      await store.revocations.revoke(revokedToken(token), event(), { maxLiveEntries: 2 })
    }
    const entries = await store.revocations.after(0, 10)
    assert.deepEqual(
      entries.map(({ kind, subject, epoch }) => ({ kind, subject, epoch })),
      [{ kind: 'client', subject: 'app', epoch: 2 }],
    )
    assert.equal(entries[0]?.position, (await store.revocations.head()).position)
    await assertExactCount(store)
  })

  contract(
    'above the bound, the client with the most revoked tokens loses all of them by its epoch',
    async ({ store }) => {
      for (const id of ['busy', 'calm']) await store.clients.add(client(id), 'hash', event())
      const limits = { maxLiveEntries: 6 }
      const revoke = (subject: string, client_id: string) =>
        store.revocations.revoke(revokedToken(subject, { client_id }), event(), limits)
      for (let index = 0; index < 4; index++) await revoke(`busy-${index}`, 'busy')
      for (let index = 0; index < 2; index++) await revoke(`calm-${index}`, 'calm')
      assert.equal((await store.clients.find('busy'))?.epoch, 0)
      const before = await store.revocations.head()

      await revoke('calm-2', 'calm')

      assert.equal((await store.clients.find('busy'))?.epoch, 1)
      assert.equal((await store.clients.find('calm'))?.epoch, 0)
      assert.deepEqual(await subjects(store), ['token calm-0', 'token calm-1', 'token calm-2', 'client busy'])
      const head = await store.revocations.head()
      assert.equal(head.configuration_version, before.configuration_version + 1)
      await assertExactCount(store)
    },
  )

  contract(
    'above the bound, the ended connections of a client count with its tokens, and go with them',
    async ({ store }) => {
      await store.clients.add(client('app'), 'hash', event())
      const limits = { maxLiveEntries: 3 }
      for (let index = 0; index < 4; index++) {
        const ended = revokedToken(`connection-${index}`, { kind: 'connection' })
        await store.revocations.revoke(ended, event(), limits)
      }
      assert.deepEqual(await subjects(store), ['client app'])
      assert.equal((await store.clients.find('app'))?.epoch, 1)
      await assertExactCount(store)
    },
  )

  contract(
    'the bound holds while many revoke at once, and the count stays exact',
    async ({ store, open }) => {
      const other = await open()
      const limits = { maxLiveEntries: 10 }
      for (const id of ['app-0', 'app-1', 'app-2']) await store.clients.add(client(id), 'hash', event())
      await Promise.all(
        Array.from({ length: 60 }, (_, index) => {
          const entry = revokedToken(`token-${index}`, { client_id: `app-${index % 3}` })
          return (index % 2 ? store : other).revocations.revoke(entry, event(), limits)
        }),
      )
      await assertExactCount(store)
      assert.ok((await countRows(store, 'revocations')) <= limits.maxLiveEntries)
      await assertEachIsCovered(store, 60)
    },
  )

  contract('expired entries go a batch at a time; a reader below them must begin anew', async ({ store }) => {
    for (let index = 0; index < 5; index++) {
      await store.revocations.revoke(
        revokedToken(`old-${index}`, { expires_at: now - expiryMarginSeconds - 1 }),
        event(),
      )
    }
    await store.revocations.revoke(revokedToken('live'), event())
    const purged = []
    for (let round = 0; round < 4; round++) purged.push(await store.revocations.purge(now, 2))
    assert.deepEqual(purged, [2, 2, 1, 0])
    assert.deepEqual(await subjects(store), ['token live'])
    assert.equal((await store.revocations.head()).purged_position, 5)
    await assertExactCount(store)
  })

  contract('a feed that is purged to nothing keeps its position', async ({ store }) => {
    await store.revocations.revoke(revokedToken('one'), event())
    const end = now + 60 + expiryMarginSeconds
    assert.equal(await store.revocations.purge(end - 1, 10), 0)
    assert.equal(await store.revocations.purge(end, 10), 1)
    assert.equal(await store.revocations.purge(end, 10), 0)
    const head = await wholeHead(store)
    assert.deepEqual([head.position, head.purged_position, head.live_entries], [1, 1, 0])
    await store.revocations.revoke(revokedToken('two'), event())
    assert.equal((await store.revocations.after(0, 10))[0]?.position, 2)
  })

  contract(
    'the count of live entries is exact after everything that changes it, at once',
    async ({ store, open }) => {
      const other = await open()
      await store.clients.add(client('app'), 'hash', event())
      await store.users.add(user('jane'), event())
      const tokens = Array.from({ length: 10 }, (_, index) => `t${index}`)
      await Promise.all(tokens.map((token) => store.opaqueTokens.add(opaqueToken(token))))
      const limits = { maxLiveEntries: 12 }
      await Promise.all([
        ...tokens.map((token) =>
          other.opaqueTokens.revoke(token, 'app', { at: now, actor: 'a', action: 'b' }),
        ),
        ...tokens.map((token) => store.revocations.revoke(revokedToken(token), event(), limits)),
        ...tokens.map((token) => other.revocations.revoke(revokedToken(token), event(), limits)),
        store.revocations.purge(now + 60, 3),
        other.revocations.purge(now + 60, 3),
        store.users.disable('jane', event()),
        other.clients.disable('app', event()),
      ])
      await assertExactCount(store)
    },
  )

  contract(
    'initializing again keeps the feed, and the longest lifetime only grows',
    async ({ store, open }) => {
      const before = await store.revocations.head()
      assert.equal(before.longest_lifetime_seconds, lifetimeSeconds)
      const other = await open()
      await Promise.all(
        [60, lifetimeSeconds + 1, 0, 120].map((seconds) => other.revocations.initialize(seconds)),
      )
      const after = await store.revocations.head()
      assertRows(after, { ...before, longest_lifetime_seconds: lifetimeSeconds + 1 })
    },
  )

  contract('a restart begins a new feed, whose epoch ends every token before it', async ({ store }) => {
    await store.revocations.revoke(revokedToken('one'), event())
    const before = await store.revocations.head()
    await store.revocations.restart(event('server'))
    const after = await store.revocations.head()
    assert.notEqual(after.feed_id, before.feed_id)
    assertRows(after, {
      ...before,
      feed_id: after.feed_id,
      epoch: now,
      configuration_version: before.configuration_version + 1,
      live_entries: 0,
    })
    await store.revocations.restart(event('server'))
    assert.equal((await store.revocations.head()).epoch, now + 1)
    assert.deepEqual(await subjects(store), [])
    await assertExactCount(store)
  })

  contract(
    'above the bound, where no client holds enough of the feed, every token ends',
    async ({ store }) => {
      const before = await store.revocations.head()
      for (let index = 0; index < 4; index++) {
        const id = `app-${index}`
        await store.clients.add(client(id), 'hash', event())
        const entry = revokedToken(`token-${index}`, { client_id: id })
        await store.revocations.revoke(entry, event(), { maxLiveEntries: 3 })
      }
      const head = await store.revocations.head()
      assert.equal(head.epoch, now)
      assert.notEqual(head.feed_id, before.feed_id)
      assert.deepEqual(await subjects(store), [])
      await assertExactCount(store)
    },
  )

  contract('after a restore connections and sessions stay, unless they are to end', async ({ store }) => {
    await addPeopleAndClients(store)
    const open = (id: string) => store.connections.open(connection(id), { epoch: 0 }, 'many', event())
    await open('first')
    await store.authorizationCodes.add(authorizationCode('waiting'), { epoch: 0 })
    await store.revocations.restart(event())
    assert.equal(await countRows(store, 'connections'), 1)
    await store.revocations.restart(event(), { endsConnections: true })
    for (const table of ['connections', 'authorization_codes', 'sessions', 'mail_links'] as const) {
      assert.equal(await countRows(store, table), 0)
    }
  })
})

/** Every one of the revoked tokens is ended: by its own entry, or by its client's epoch. */
async function assertEachIsCovered(store: Store, count: number): Promise<void> {
  const live = new Set(await subjects(store))
  for (let index = 0; index < count; index++) {
    const isCovered = live.has(`token token-${index}`) || live.has(`client app-${index % 3}`)
    assert.ok(isCovered, `token-${index} has escaped`)
  }
}
