import assert from 'node:assert/strict'
import { maxLiveSecrets } from '../clients.ts'
import type { Store } from '../store.ts'
import { overBothDatabases } from '../testing/databases.ts'
import { assertRows, client, countRows, countWinners, event, now, user } from '../testing/rows.ts'

/** The hashes that still open the client at a moment. */
async function liveSecrets({ clients }: Store, id: string, at: number): Promise<string[]> {
  const found = await clients.find(id)
  assert.ok(found)
  return found.secrets
    .filter((secret) => secret.expires_at === null || secret.expires_at > at)
    .map((secret) => secret.secret_hash)
    .sort()
}

const version = async ({ revocations }: Store) => (await revocations.head()).configuration_version

overBothDatabases((contract) => {
  contract('a client is found as it was added, with its secret', async ({ store }) => {
    const added = client('app', {
      audience: 'https://api.example.com',
      grant_types: 'a b',
      scope: '',
      redirect_uris: 'https://app.example.com/callback app:/callback',
      publisher: 'A Company',
    })
    assert.equal(await store.clients.add(added, 'hash-1', event()), true)
    const { secrets, ...found } = (await store.clients.find('app')) ?? { secrets: [] }
    assertRows(found, {
      ...added,
      epoch: 0,
      disabled_at: null,
      isOwnerDisabled: false,
      owner_name: null,
    })
    const [secret] = secrets
    assertRows(secrets, [{ id: secret?.id, secret_hash: 'hash-1', created_at: now, expires_at: null }])
  })

  contract('a public client has no secret, and none can be rotated in', async ({ store }) => {
    await store.clients.add(client('spa', { type: 'public' }), undefined, event())
    assert.equal(await store.clients.rotateSecret('spa', 'hash', now + 60, event('client:spa')), false)
    assert.deepEqual((await store.clients.find('spa'))?.secrets, [])
    assert.equal(await countRows(store, 'audit_events'), 1)
  })

  contract('an unknown client is not found, whatever its name is made of', async ({ store }) => {
    for (const id of ['nobody', '', '\0', 'a\0b', '\ud800', "'; --", '%']) {
      assert.equal(await store.clients.find(id), undefined)
    }
  })

  contract('50 additions of one id at once have one winner, and it is whole', async ({ store, open }) => {
    const other = await open()
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).clients.add(
        client('app', { name: `App ${index}` }),
        `hash-${index}`,
        event(),
      ),
    )
    assert.equal(winners, 1)
    const found = await store.clients.find('app')
    assert.deepEqual(
      found?.secrets.map((secret) => `App ${secret.secret_hash.slice(5)}`),
      [found?.name],
    )
    assert.equal(await countRows(store, 'client_secrets'), 1)
    assert.equal(await countRows(store, 'audit_events'), 1)
    assert.equal(await version(store), 1)
  })

  contract('the list goes on after an id, in order', async ({ store }) => {
    for (const id of ['b', 'd', 'a', 'c']) await store.clients.add(client(id), 'hash', event())
    const ids = async (limit: number, after?: string) =>
      (await store.clients.list(limit, after)).map((listed) => listed.id)
    assert.deepEqual(await ids(3), ['a', 'b', 'c'])
    assert.deepEqual(await ids(3, 'c'), ['d'])
    assert.deepEqual(await ids(3, 'd'), [])
  })

  contract(
    'what a client may do is changed in place, and told as a change of the configuration',
    async ({ store }) => {
      await store.clients.add(client('api', { type: 'resource_server', audience: 'old' }), 'hash', event())
      const before = await version(store)
      const changes = { audience: 'new', redirect_uris: 'https://app.example.com/callback' }
      assert.equal(await store.clients.change('api', changes, event('client:api')), true)
      const { audience, redirect_uris, type, epoch } = (await store.clients.find('api')) ?? {}
      assert.deepEqual({ audience, redirect_uris }, changes)
      assert.deepEqual([type, epoch], ['resource_server', 0])
      assert.equal(await version(store), before + 1)
    },
  )

  contract('a client that does not exist is not changed, and nothing is written down', async ({ store }) => {
    const before = await version(store)
    assert.equal(await store.clients.change('nobody', { scope: 'read' }, event('client:nobody')), false)
    assert.equal(await version(store), before)
    assert.equal(await countRows(store, 'audit_events'), 0)
  })

  contract('disabling a client raises its epoch and ends its tokens in the feed', async ({ store }) => {
    await store.clients.add(client('app'), 'hash', event())
    assert.equal(await store.clients.disable('app', event('client:app')), true)
    const found = await store.clients.find('app')
    assert.deepEqual([found?.epoch, found?.disabled_at], [1, now])
    const [entry] = await store.revocations.after(0, 10)
    assert.deepEqual([entry?.kind, entry?.subject, entry?.epoch], ['client', 'app', 1])
    assert.equal(await store.clients.disable('app', event('client:app')), false)
    assert.equal(await store.clients.disable('nobody', event('client:nobody')), false)
    assert.equal((await store.revocations.head()).position, 1)
    assert.equal(await countRows(store, 'audit_events'), 2)
  })

  contract('of 50 that disable a client at once, one is told so', async ({ store, open }) => {
    const other = await open()
    await store.clients.add(client('app'), 'hash', event())
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).clients.disable('app', event('client:app')),
    )
    assert.equal(winners, 1)
    assert.equal((await store.clients.find('app'))?.epoch, 1)
  })

  contract("a client knows its owner's name, and that they were disabled", async ({ store }) => {
    await store.users.add(user('jane'), event())
    await store.clients.add(client('app', { owner_id: 'jane' }), 'hash', event())
    const found = await store.clients.find('app')
    assert.deepEqual([found?.owner_name, found?.isOwnerDisabled], ['Jane Black', false])
    await store.users.disable('jane', event('user:jane'))
    assert.equal((await store.clients.find('app'))?.isOwnerDisabled, true)
  })

  contract(
    '9: after a rotation the old secret lives until its overlap ends, the new one on',
    async ({ store }) => {
      await store.clients.add(client('app'), 'old', event())
      assert.equal(
        await store.clients.rotateSecret('app', 'new', now + 60, event('client:app', now + 1)),
        true,
      )
      assert.deepEqual(await liveSecrets(store, 'app', now + 59), ['new', 'old'])
      assert.deepEqual(await liveSecrets(store, 'app', now + 60), ['new'])
    },
  )

  contract('9: a rotation without an overlap ends every secret before it', async ({ store }) => {
    await store.clients.add(client('app'), 'first', event())
    await store.clients.rotateSecret('app', 'second', now + 60, event('client:app', now + 1))
    await store.clients.rotateSecret('app', 'third', now + 2, event('client:app', now + 2))
    assert.deepEqual(await liveSecrets(store, 'app', now), ['third'])
    assert.equal(await countRows(store, 'client_secrets'), 1)
  })

  contract('a rotation never makes an old secret live longer', async ({ store }) => {
    await store.clients.add(client('app'), 'first', event())
    await store.clients.rotateSecret('app', 'second', now + 60, event('client:app', now + 1))
    await store.clients.rotateSecret('app', 'third', now + 1_000, event('client:app', now + 2))
    assert.deepEqual(await liveSecrets(store, 'app', now + 3), ['second', 'third'])
    assert.deepEqual(await liveSecrets(store, 'app', now + 1_000), ['third'])
  })

  contract('a client has two live secrets at most, however many rotate at once', async ({ store, open }) => {
    const other = await open()
    await store.clients.add(client('app'), 'hash', event())
    const winners = await countWinners(20, (index) =>
      (index % 2 ? store : other).clients.rotateSecret('app', `hash-${index}`, now + 60, event('client:app')),
    )
    assert.equal(winners, 20)
    assert.equal(await countRows(store, 'client_secrets'), maxLiveSecrets)
    assert.equal((await liveSecrets(store, 'app', now + 60)).length, 1)
  })

  contract('secrets of an unknown client are not rotated', async ({ store }) => {
    assert.equal(await store.clients.rotateSecret('nobody', 'hash', now + 60, event()), false)
    assert.equal(await countRows(store, 'client_secrets'), 0)
    assert.equal(await version(store), 0)
  })

  contract(
    'a client and a person never have one id: a token says by its subject whose it is',
    async ({ store }) => {
      await store.clients.add(client('app'), undefined, event())
      assert.equal(await store.users.add(user('app'), event()), false)
      await store.users.add(user('jane'), event())
      assert.equal(await store.clients.add(client('jane'), undefined, event()), false)
      assert.equal(
        await store.users.recordExternal(
          { id: 'app', name: 'Jane Black', scope: null, email: null, login: 'jane' },
          event(),
        ),
        undefined,
      )
    },
  )
})
