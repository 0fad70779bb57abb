import assert from 'node:assert/strict'
import { signingKeyEntrySeconds } from '../revocations.ts'
import type { StoredSigningKey } from '../signing-keys.ts'
import type { Store } from '../store.ts'
import { overBothDatabases } from '../testing/databases.ts'
import { assertRows, countRows, countWinners, event, now, signingKey } from '../testing/rows.ts'

/** When each key signs and expires, by its id. */
async function times({ signingKeys }: Store): Promise<Record<string, [number | null, number | null]>> {
  const keys = await signingKeys.list()
  return Object.fromEntries(keys.map((key) => [key.id, [key.signs_at, key.expires_at]]))
}

/** A store with the key `current`, which signs, and `next`. */
async function begin(store: Store, change: Partial<StoredSigningKey> = {}): Promise<void> {
  const keys = [signingKey('current', { signs_at: now, ...change }), signingKey('next', change)]
  assert.equal(
    await store.signingKeys.initialize(change.algorithm ?? 'ES256', keys, othersExpireAt, event()),
    true,
  )
}

const othersExpireAt = now + 900

/** For a key that is revoked: `next` follows the next one, and an HS256 key has a `current` one besides. */
const successors = (next: string, change: Partial<StoredSigningKey> = {}) => ({
  current: signingKey(`${next}-current`, { signs_at: now + 10, ...change }),
  next: signingKey(next, change),
})

const rotation = { signsAt: now + 300, oldExpiresAt: now + 900 }
const later = event('key', now + 10)

overBothDatabases((contract) => {
  contract('keys are listed as they were made, the oldest first', async ({ store }) => {
    const keys = [
      signingKey('b', { signs_at: now, created_at: now - 1 }),
      signingKey('a', { public_jwk: null }),
    ]
    await store.signingKeys.initialize('ES256', keys, othersExpireAt, event('signing_key:b'))
    assertRows(await store.signingKeys.list(), keys)
    assertRows(await store.auditEvents.list(10), [event('signing_key:b')])
  })

  contract('of 50 servers that start at once, one makes the keys', async ({ store, open }) => {
    const other = await open()
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).signingKeys.initialize(
        'ES256',
        [signingKey(`key-${index}`)],
        othersExpireAt,
        event(),
      ),
    )
    assert.equal(winners, 1)
    assert.equal(await countRows(store, 'signing_keys'), 1)
    assert.equal(await countRows(store, 'audit_events'), 1)
  })

  contract(
    'another algorithm gets keys of its own, and the others go when their tokens have expired',
    async ({ store }) => {
      await begin(store)
      const keys = [signingKey('rsa', { algorithm: 'RS256', signs_at: now })]
      assert.equal(await store.signingKeys.initialize('RS256', keys, othersExpireAt, event()), true)
      assert.equal(
        await store.signingKeys.initialize('RS256', [signingKey('late')], othersExpireAt, event()),
        false,
      )
      assert.deepEqual(await times(store), {
        current: [now, othersExpireAt],
        next: [null, othersExpireAt],
        rsa: [now, null],
      })
    },
  )

  contract(
    'a rotation puts the next key to use, lets the old one go, and publishes a new next one',
    async ({ store }) => {
      await begin(store)
      const before = await store.revocations.head()
      assert.equal(await store.signingKeys.rotate('next', rotation, signingKey('third'), later), true)
      assert.deepEqual(await times(store), {
        current: [now, now + 900],
        next: [now + 300, null],
        third: [null, null],
      })
      const head = await store.revocations.head()
      assert.equal(head.configuration_version, before.configuration_version + 1)
      assert.equal(await store.signingKeys.rotate('next', rotation, signingKey('fourth'), later), false)
      assert.equal(await store.signingKeys.rotate('unknown', rotation, signingKey('fourth'), later), false)
      assert.equal(await countRows(store, 'signing_keys'), 3)
      assert.equal(await countRows(store, 'audit_events'), 2)
    },
  )

  contract('50 rotations of one key at once have one winner', async ({ store, open }) => {
    const other = await open()
    await begin(store)
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).signingKeys.rotate('next', rotation, signingKey(`new-${index}`), later),
    )
    assert.equal(winners, 1)
    assert.equal(await countRows(store, 'signing_keys'), 3)
    assert.equal(await countRows(store, 'audit_events'), 2)
  })

  contract(
    'revoking the key in use puts the next one to use at once, and ends its tokens',
    async ({ store }) => {
      await begin(store)
      assert.equal(await store.signingKeys.revoke('current', successors('third'), later), true)
      assert.deepEqual(await times(store), { next: [now + 10, null], third: [null, null] })
      assertRows(await store.revocations.after(0, 10), [
        {
          position: 1,
          kind: 'signing_key',
          subject: 'current',
          client_id: null,
          epoch: null,
          expires_at: now + 10 + signingKeyEntrySeconds,
        },
      ])
    },
  )

  contract(
    'revoking the key that still signs during a rotation puts the chosen one to use at once',
    async ({ store }) => {
      await begin(store)
      await store.signingKeys.rotate('next', rotation, signingKey('third'), later)
      assert.equal(await store.signingKeys.revoke('current', successors('fourth'), later), true)
      assert.deepEqual(await times(store), { next: [now + 10, null], third: [null, null] })
    },
  )

  contract('revoking a key that has signed its last hastens no other', async ({ store }) => {
    await begin(store)
    await store.signingKeys.rotate(
      'next',
      { signsAt: now + 1, oldExpiresAt: now + 900 },
      signingKey('third'),
      later,
    )
    await store.signingKeys.rotate('third', rotation, signingKey('fourth'), later)
    assert.equal(await store.signingKeys.revoke('current', successors('fifth'), later), true)
    assert.deepEqual(await times(store), {
      next: [now + 1, now + 900],
      third: [now + 300, null],
      fourth: [null, null],
    })
  })

  contract('revoking the next key replaces it, and the one in use stays', async ({ store }) => {
    await begin(store)
    assert.equal(await store.signingKeys.revoke('next', successors('third'), later), true)
    assert.deepEqual(await times(store), { current: [now, null], third: [null, null] })
  })

  contract(
    'of 50 that revoke a key at once, one is told so; an unknown key is none',
    async ({ store, open }) => {
      const other = await open()
      await begin(store)
      const winners = await countWinners(50, (index) =>
        (index % 2 ? store : other).signingKeys.revoke('current', successors(`new-${index}`), later),
      )
      assert.equal(winners, 1)
      assert.equal(await countRows(store, 'signing_keys'), 2)
      assert.equal(await countRows(store, 'revocations'), 1)
      assert.equal(await store.signingKeys.revoke('unknown', successors('new'), later), false)
      assert.equal(await countRows(store, 'signing_keys'), 2)
    },
  )

  contract(
    'revoking a shared key, which its tokens do not name, replaces all of them and ends every token',
    async ({ store }) => {
      await begin(store, { algorithm: 'HS256', public_jwk: null })
      await store.signingKeys.revoke('current', successors('third', { algorithm: 'HS256' }), later)
      assert.deepEqual(await times(store), { 'third-current': [now + 10, null], third: [null, null] })
      assert.equal((await store.revocations.head()).epoch, later.at)
      assert.equal(await countRows(store, 'revocations'), 0)
    },
  )

  contract('resealing changes how a private key is sealed and nothing else', async ({ store }) => {
    await begin(store)
    const [current, next] = await store.signingKeys.list()
    await store.signingKeys.reseal('current', 'sealed anew')
    assertRows(await store.signingKeys.list(), [
      { ...current, sealed_private_key: 'sealed anew' },
      { ...next },
    ])
  })

  contract(
    'keys go when the last token that they signed has expired, and caches are told',
    async ({ store }) => {
      await begin(store)
      await store.signingKeys.rotate('next', rotation, signingKey('third'), later)
      const version = async () => (await store.revocations.head()).configuration_version
      const before = await version()
      assert.equal(await store.signingKeys.purge(now + 899), 0)
      assert.equal(await version(), before)
      assert.equal(await store.signingKeys.purge(now + 900), 1)
      assert.deepEqual(Object.keys(await times(store)).sort(), ['next', 'third'])
      assert.equal(await version(), before + 1)
    },
  )
})
