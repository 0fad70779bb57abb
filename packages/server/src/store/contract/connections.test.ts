import assert from 'node:assert/strict'
import { type Connection, maxConnectionsPerUserAndClient } from '../connection.ts'
import { expiryMarginSeconds } from '../revocations.ts'
import type { Rotation } from '../rotation.ts'
import type { Store } from '../store.ts'
import { lifetimeSeconds, overBothDatabases } from '../testing/databases.ts'
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
  presented,
  redemption,
  rotationAt,
  user,
  write,
} from '../testing/rows.ts'

const day = 86_400

/** Opens a connection of jane and app. */
async function openOne(store: Store, id: string, change = {}, limit: 'one' | 'many' = 'many') {
  const opened = await store.connections.open(
    connection(id, change),
    { epoch: 0 },
    limit,
    event(`connection:${id}`),
  )
  assert.ok(opened)
  return opened
}

/** People, clients, and one connection of jane and app. */
async function begin(store: Store): Promise<Connection> {
  await addPeopleAndClients(store)
  return openOne(store, 'first')
}

const rotate = (store: Store, generation: number, at = now): Promise<Rotation> =>
  store.connections.rotate(presented('first', generation), rotationAt(at))

/** The connection that a rotation gave. */
function current(rotation: Rotation): Connection {
  assert.equal(rotation.kind, 'current')
  return rotation.connection
}

/** Makes the row what it was, as a backup does. */
const restore = (store: Store, row: Connection) =>
  write(store, store.database.kysely.updateTable('connections').set(row).where('id', '=', row.id))

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

overBothDatabases((contract) => {
  contract('a connection is found as it was opened, in generation 0', async ({ store }) => {
    const opened = await begin(store)
    assertRows(opened, {
      ...connection('first'),
      generation: 0,
      period_generation: 0,
      earlier_generation: 0,
      period_started_at: now,
      rotated_at: now,
      confirmation_key: null,
    })
    assertRows(await store.connections.find('first'), opened)
    assert.deepEqual(await feed(store), [])
  })

  contract('nothing is found by a name that no connection has', async ({ store }) => {
    await begin(store)
    for (const id of ['nobody', '', '\0', 'first\0', "'; --"]) {
      await assertChangesNothing(store, async () => {
        assert.equal(await store.connections.find(id), undefined)
        assert.equal(await store.connections.findBetween(id, 'app', now), undefined)
        assert.equal(await store.connections.findBetween('jane', id, now), undefined)
        assert.deepEqual(await store.connections.listOf(id, now), [])
        assert.equal(await store.connections.end(id, 'app', now), false)
        assert.equal(await store.connections.end('first', id, now), false)
        assert.equal(await store.connections.endBetween('jane', id, now), false)
        assert.equal(await store.connections.endBetween(id, 'app', now), false)
        const unknown = await store.connections.rotate(presented(id, 0), rotationAt(now))
        assert.equal(unknown.kind, 'unknown')
      })
    }
  })

  contract('a refresh token is exchanged for the next, and the row stays one', async ({ store }) => {
    const opened = await begin(store)
    for (let generation = 0; generation < 20; generation++) {
      const rotated = current(await rotate(store, generation, now + generation))
      assert.equal(rotated.generation, generation + 1)
      assert.equal(rotated.rotated_at, now + generation)
    }
    assert.equal(await countRows(store, 'connections'), 1)
    assert.equal((await store.connections.find('first'))?.seed, opened.seed)
    assert.deepEqual(await feed(store), [])
  })

  contract('a rotation says whose connection it is, with their epoch and scope', async ({ store }) => {
    await begin(store)
    await store.users.setScope('jane', 'read', event())
    const rotation = await rotate(store, 0)
    assert.equal(rotation.kind, 'current')
    const { id, epoch, scope } = rotation.user
    assert.deepEqual({ id, epoch, scope }, { id: 'jane', epoch: 1, scope: 'read' })
  })

  contract('the next token is made under the key of now, a retry gives that same one', async ({ store }) => {
    await begin(store)
    const rules = rotationAt(now, { keyNumber: 'key-2' })
    const rotated = current(await store.connections.rotate(presented('first', 0), rules))
    assert.equal(rotated.key_number, 'key-2')
    const later = rotationAt(now + 5, { keyNumber: 'key-3' })
    const retried = current(await store.connections.rotate(presented('first', 0), later))
    assertRows(retried, rotated)
  })

  contract('39: within the grace a retry gets the current token and changes nothing', async ({ store }) => {
    await begin(store)
    const rotated = current(await rotate(store, 0))
    for (const age of [0, 1, graceSeconds - 1]) {
      await assertChangesNothing(store, async () => {
        assertRows(current(await rotate(store, 0, now + age)), rotated)
      })
    }
  })

  contract('32: a chain of rotations within the grace keeps its first token good', async ({ store }) => {
    await begin(store)
    for (let generation = 0; generation < 10; generation++) {
      await rotate(store, generation, now + generation)
    }
    assert.equal(current(await rotate(store, 0, now + graceSeconds - 1)).generation, 10)
  })

  contract(
    '32: whatever the sequence of rotations, a token exchanged less than the grace ago gives the current one, and one exchanged three times as long ago is reuse',
    async ({ store }) => {
      await addPeopleAndClients(store)
      for (let seed = 1; seed <= 25; seed++) await playRandomly(store, seed)
    },
  )

  contract('33: reuse ends that connection alone, in the feed and in the audit log', async ({ store }) => {
    await begin(store)
    await openOne(store, 'second')
    await rotate(store, 0)
    const reused = await rotate(store, 0, now + 3 * graceSeconds)
    assert.equal(reused.kind, 'reused')
    assert.equal(await store.connections.find('first'), undefined)
    assert.ok(await store.connections.find('second'))
    assertRows(await store.revocations.after(0, 10), [
      {
        position: 1,
        kind: 'connection',
        subject: 'first',
        client_id: 'app',
        epoch: null,
        expires_at: now + 3 * graceSeconds + lifetimeSeconds + expiryMarginSeconds,
      },
    ])
    assert.ok(
      (await actions(store)).includes('connection.ended_by_reuse connection:first client:app user:jane'),
    )
    assert.equal((await rotate(store, 1, now + 3 * graceSeconds)).kind, 'unknown')
  })

  contract('32: without a grace, a token that comes again at once is reuse', async ({ store }) => {
    await begin(store)
    const rules = rotationAt(now, { graceSeconds: 0 })
    assert.equal((await store.connections.rotate(presented('first', 0), rules)).kind, 'current')
    assert.equal((await store.connections.rotate(presented('first', 1), rules)).kind, 'current')
    assert.equal((await store.connections.rotate(presented('first', 0), rules)).kind, 'reused')
  })

  contract(
    'a token above its row, as after a backup was restored, is accepted: the row catches up, audited',
    async ({ store }) => {
      const opened = await begin(store)
      for (let generation = 0; generation < 5; generation++) await rotate(store, generation)
      await restore(store, opened)
      const at = now + day
      assert.equal(current(await rotate(store, 5, at)).generation, 6)
      assert.ok((await actions(store)).includes('connection.caught_up connection:first client:app user:jane'))
      assert.deepEqual(await feed(store), [])
      for (const generation of [0, 3, 4, 5]) {
        assert.equal(current(await rotate(store, generation, at + graceSeconds - 1)).generation, 6)
      }
      assert.equal((await rotate(store, 4, at + 3 * graceSeconds)).kind, 'reused')
    },
  )

  contract('a rotation that needs no catching up says nothing of it', async ({ store }) => {
    await begin(store)
    await rotate(store, 0)
    assert.ok(!(await actions(store)).some((action) => action.startsWith('connection.caught_up')))
  })

  contract('where tokens stay, one only begins its time anew', async ({ store }) => {
    const opened = await begin(store)
    const rules = rotationAt(now + day, { isRotating: false, keyNumber: 'key-2' })
    const stayed = current(await store.connections.rotate(presented('first', 0), rules))
    assertRows(stayed, { ...opened, rotated_at: now + day, expires_at: now + 31 * day })
    const after = current(await store.connections.rotate(presented('first', 0), rules))
    assertRows(after, stayed)
  })

  contract('where tokens stay, a row that is behind catches up with its token, once', async ({ store }) => {
    await begin(store)
    const rules = rotationAt(now, { isRotating: false })
    for (let time = 0; time < 2; time++) {
      assert.equal(current(await store.connections.rotate(presented('first', 3), rules)).generation, 3)
    }
    assert.deepEqual(
      (await actions(store)).filter((action) => action.startsWith('connection.caught_up')),
      ['connection.caught_up connection:first client:app user:jane'],
    )
  })

  contract(
    '35: what is not a live token of this client and this person changes nothing',
    async ({ store }) => {
      await begin(store)
      await rotate(store, 0)
      const at = now + 10 * graceSeconds
      const attempts: Record<string, Promise<Rotation>> = {}
      const attempt = async (name: string, run: () => Promise<Rotation>) => {
        attempts[name] = assertChangesNothing(store, run)
        await attempts[name]
      }
      for (const generation of [0, 1, 7]) {
        await attempt(`another client, ${generation}`, () =>
          store.connections.rotate(presented('first', generation, { clientId: 'other' }), rotationAt(at)),
        )
        await attempt(`another seed, ${generation}`, () =>
          store.connections.rotate(
            presented('first', generation, { isMadeUnder: () => false }),
            rotationAt(at),
          ),
        )
        await attempt(`idle for too long, ${generation}`, () => rotate(store, generation, now + 30 * day))
        await attempt(`no such connection, ${generation}`, () =>
          store.connections.rotate(presented('none', generation), rotationAt(at)),
        )
      }
      for (const [name, outcome] of Object.entries(attempts))
        assert.equal((await outcome).kind, 'unknown', name)
      assert.equal((await rotate(store, 1, at)).kind, 'current')
    },
  )

  contract('40: a connection in use ends when its whole time is over', async ({ store }) => {
    await addPeopleAndClients(store)
    await openOne(store, 'first', { absolute_expires_at: now + 40 * day })
    const rotated = current(await rotate(store, 0, now + 20 * day))
    assert.equal(rotated.expires_at, now + 40 * day)
    await assertChangesNothing(store, async () => {
      assert.equal((await rotate(store, 1, now + 40 * day)).kind, 'unknown')
    })
    assert.equal((await rotate(store, 1, now + 40 * day - 1)).kind, 'current')
  })

  contract('40: a connection never begins with more than its whole time', async ({ store }) => {
    await addPeopleAndClients(store)
    const opened = await openOne(store, 'first', { absolute_expires_at: now + day })
    assert.equal(opened.expires_at, now + day)
    assert.equal(await store.connections.findBetween('jane', 'app', now + day), undefined)
    assert.equal((await rotate(store, 0, now + day)).kind, 'unknown')
  })

  contract('37: a token of a disabled person is unknown', async ({ store }) => {
    const opened = await begin(store)
    await store.users.disable('jane', event())
    assert.equal((await rotate(store, 0)).kind, 'unknown')
    const insert = store.database.kysely.insertInto('connections').values(opened)
    await write(store, insert)
    await assertChangesNothing(store, async () => {
      assert.deepEqual(await rotate(store, 0), { kind: 'unknown', reason: 'the person is disabled' })
    })
  })

  contract('36: what a check refuses changes nothing and costs no generation', async ({ store }) => {
    await begin(store)
    const check = ({ scope }: Connection) => {
      throw new Error(`no more than ${scope}`)
    }
    await assertChangesNothing(store, () =>
      assert.rejects(store.connections.rotate(presented('first', 0, { check }), rotationAt(now)), {
        message: 'no more than read write',
      }),
    )
    assert.equal(current(await rotate(store, 0)).generation, 1)
  })

  contract('32: 50 rotations of one token at once give one next token', async ({ store, open }) => {
    const other = await open()
    await begin(store)
    const rotations = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rotate(index % 2 ? store : other, 0)),
    )
    const row = await store.connections.find('first')
    assert.equal(row?.generation, 1)
    for (const rotation of rotations) assertRows(current(rotation), row)
    assert.deepEqual(await feed(store), [])
  })

  contract('50 tokens above their row at once move it on once', async ({ store, open }) => {
    const other = await open()
    await begin(store)
    const rotations = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rotate(index % 2 ? store : other, 7)),
    )
    for (const rotation of rotations) assert.equal(current(rotation).generation, 8)
    assert.equal((await actions(store)).filter((action) => action.includes('caught_up')).length, 1)
  })

  contract('33: reuse and rotations at once end with no connection', async ({ store, open }) => {
    const other = await open()
    await begin(store)
    await rotate(store, 0)
    const at = now + 3 * graceSeconds
    const rotations = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rotate(index % 2 ? store : other, index % 3 ? 1 : 0, at)),
    )
    assert.ok(rotations.some(({ kind }) => kind === 'reused'))
    assert.equal(await countRows(store, 'connections'), 0)
    assert.deepEqual(await feed(store), ['connection first'])
    assert.equal((await actions(store)).filter((action) => action.includes('ended_by_reuse')).length, 1)
  })

  contract(
    '37: no rotation that races with a change of password gives a token of the new epoch',
    async ({ store, open }) => {
      const other = await open()
      await addPeopleAndClients(store)
      for (let round = 0; round < 10; round++) {
        const id = `first-${round}`
        const epoch = (await store.users.find('jane'))?.epoch ?? Number.NaN
        await store.connections.open(connection(id), { epoch }, 'many', event())
        await store.connections.rotate(presented(id, 0), rotationAt(now))
        const [, ...rotations] = await Promise.all([
          store.users.setPassword('jane', `hash ${round}`, event()),
          ...Array.from({ length: 12 }, () => other.connections.rotate(presented(id, 0), rotationAt(now))),
        ])
        for (const rotation of rotations) {
          if (rotation.kind === 'current') assert.equal(rotation.user.epoch, epoch)
          else assert.equal(rotation.kind, 'unknown')
        }
        assert.equal(await countRows(store, 'connections'), 0)
      }
    },
  )

  contract('where there may be one, a new connection ends those before it', async ({ store }) => {
    await begin(store)
    await openOne(store, 'of another client', { client_id: 'other' })
    await openOne(store, 'of another person', { user_id: 'john' })
    await openOne(store, 'second')
    await openOne(store, 'third', {}, 'one')
    assert.deepEqual((await feed(store)).sort(), ['connection first', 'connection second'])
    for (const id of ['first', 'second']) assert.equal(await store.connections.find(id), undefined)
    for (const id of ['third', 'of another client', 'of another person']) {
      assert.ok(await store.connections.find(id))
    }
    assert.deepEqual(
      (await actions(store)).filter((action) => action.startsWith('connection.replaced')),
      [
        'connection.replaced connection:first client:app user:jane',
        'connection.replaced connection:second client:app user:jane',
      ],
    )
  })

  contract('50 that open at once where there may be one leave one', async ({ store, open }) => {
    const other = await open()
    await addPeopleAndClients(store)
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => openOne(index % 2 ? store : other, `${index}`, {}, 'one')),
    )
    assert.equal(await countRows(store, 'connections'), 1)
    const ended = await feed(store)
    assert.equal(new Set(ended).size, 49)
    const left = await store.connections.findBetween('jane', 'app', now)
    assert.ok(!ended.includes(`connection ${left?.id}`))
  })

  contract(
    'where there may be many there are no more than the limit: the one unused the longest goes',
    async ({ store }) => {
      await addPeopleAndClients(store)
      for (let index = 0; index < maxConnectionsPerUserAndClient; index++) {
        await openOne(store, `${index}`, { created_at: now + index })
      }
      assert.deepEqual(await feed(store), [])
      await store.connections.rotate(presented('0', 0), rotationAt(now + 1_000))
      await openOne(store, 'one more', { created_at: now + 1_001 })
      assert.equal(await countRows(store, 'connections'), maxConnectionsPerUserAndClient)
      assert.deepEqual(await feed(store), ['connection 1'])
    },
  )

  contract('37: nothing opens for a person who was disabled or signed out since', async ({ store }) => {
    await addPeopleAndClients(store)
    const open = (epoch: number) => store.connections.open(connection('late'), { epoch }, 'one', event())
    await store.users.signOutEverywhere('jane', event())
    await assertChangesNothing(store, async () => assert.equal(await open(0), undefined))
    await store.users.disable('jane', event())
    await assertChangesNothing(store, async () => assert.equal(await open(2), undefined))
    await assertChangesNothing(store, async () => {
      const nobody = connection('late', { user_id: 'nobody' })
      assert.equal(await store.connections.open(nobody, { epoch: 0 }, 'one', event()), undefined)
    })
  })

  contract(
    '37: an opening that races with signing out everywhere is ended or refused',
    async ({ store, open }) => {
      const other = await open()
      await addPeopleAndClients(store)
      const openings = Array.from({ length: 20 }, (_, index) =>
        other.connections.open(connection(`${index}`), { epoch: 0 }, 'many', event()),
      )
      await Promise.all([...openings, store.users.signOutEverywhere('jane', event())])
      assert.equal(await countRows(store, 'connections'), 0)
    },
  )

  contract('a client ends a connection of its own, and no other', async ({ store }) => {
    await begin(store)
    await openOne(store, 'second')
    await assertChangesNothing(store, async () => {
      assert.equal(await store.connections.end('first', 'other', now), false)
    })
    assert.equal(await store.connections.end('first', 'app', now), true)
    assert.equal(await store.connections.end('first', 'app', now), false)
    assert.deepEqual(await feed(store), ['connection first'])
    assert.equal((await rotate(store, 0)).kind, 'unknown')
    assert.ok((await actions(store)).includes('connection.ended connection:first client:app user:jane'))
  })

  contract(
    'a person who disconnects an app ends all that is between them, and the codes that would give more',
    async ({ store }) => {
      await begin(store)
      await openOne(store, 'second')
      await openOne(store, 'of another client', { client_id: 'other' })
      await openOne(store, 'of another person', { user_id: 'john' })
      await store.authorizationCodes.add(authorizationCode('waiting'), { epoch: 0 })
      await store.authorizationCodes.add(authorizationCode('theirs', { user_id: 'john' }), { epoch: 0 })
      assert.equal(await store.connections.endBetween('jane', 'app', now), true)
      assert.equal(await store.connections.endBetween('jane', 'app', now), false)
      assert.deepEqual((await feed(store)).sort(), ['connection first', 'connection second'])
      assert.equal(await countRows(store, 'connections'), 2)
      const redeem = (code: string) => store.authorizationCodes.redeem(redemption(code, `from ${code}`))
      assert.equal((await redeem('waiting')).kind, 'refused')
      assert.equal((await redeem('theirs')).kind, 'redeemed')
    },
  )

  contract('of 50 that end a connection at once, one is told so', async ({ store, open }) => {
    const other = await open()
    await begin(store)
    const winners = await countWinners(50, (index) =>
      (index % 2 ? store : other).connections.end('first', 'app', now),
    )
    assert.equal(winners, 1)
    assert.deepEqual(await feed(store), ['connection first'])
  })

  contract(
    'a person sees each app that they have a live connection to once, the newest first',
    async ({ store }) => {
      await begin(store)
      await store.users.add(user('owner', { name: 'John Doe' }), event())
      await store.clients.add(
        {
          id: 'owned',
          name: 'Owned App',
          type: 'public',
          owner_id: 'owner',
          grant_types: '',
          scope: '',
          audience: null,
          publisher: 'A Company',
          created_at: now,
        },
        undefined,
        event(),
      )
      await openOne(store, 'of another person', { user_id: 'john' })
      await openOne(store, 'expired', { expires_at: now + 10 })
      await openOne(store, 'newest', { client_id: 'owned', scope: 'read', created_at: now + 5 })
      await openOne(store, 'again', { client_id: 'owned', scope: 'write', created_at: now + 2 })
      assertRows(await store.connections.listOf('jane', now + 10), [
        {
          client_id: 'owned',
          client_name: 'Owned App',
          publisher: 'A Company',
          owner_name: 'John Doe',
          scope: 'read write',
          created_at: now + 2,
          rotated_at: now + 5,
        },
        {
          client_id: 'app',
          client_name: 'App app',
          publisher: null,
          owner_name: null,
          scope: 'read write',
          created_at: now,
          rotated_at: now,
        },
      ])
    },
  )

  contract(
    'the newest live connection of a person and a client is the one between them',
    async ({ store }) => {
      await begin(store)
      await openOne(store, 'newer', { created_at: now + 5, expires_at: now + 10 })
      await openOne(store, 'of another client', { client_id: 'other', created_at: now + 6 })
      const between = async (at: number) => (await store.connections.findBetween('jane', 'app', at))?.id
      assert.equal(await between(now + 9), 'newer')
      assert.equal(await between(now + 10), 'first')
      assert.equal(await store.connections.findBetween('john', 'app', now), undefined)
    },
  )

  contract('expired connections go a batch at a time, live ones stay', async ({ store }) => {
    await begin(store)
    for (let index = 0; index < 5; index++) await openOne(store, `${index}`, { expires_at: now + 10 })
    const purged = []
    assert.equal(await store.connections.purge(now + 9, 3), 0)
    for (let round = 0; round < 3; round++) purged.push(await store.connections.purge(now + 10, 3))
    assert.deepEqual(purged, [3, 2, 0])
    assert.equal(await countRows(store, 'connections'), 1)
    assert.ok(await store.connections.find('first'))
    assert.deepEqual(await feed(store), [])
  })
})

/**
 * Rotates and presents older tokens at random moments, and compares with a model that knows when each token was
 * exchanged.
 */
async function playRandomly(store: Store, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const id = `seed-${seed}`
  await openOne(store, id)
  const exchangedAt: number[] = []
  let at = now
  for (let step = 0; step < 40; step++) {
    at += Math.floor(random() ** 3 * 2 * graceSeconds)
    const isRotation = exchangedAt.length === 0 || random() < 0.6
    // The older, the rarer.
    const generation = isRotation
      ? exchangedAt.length
      : exchangedAt.length - 1 - Math.floor(random() ** 2 * Math.min(12, exchangedAt.length))
    const rotation = await store.connections.rotate(presented(id, generation), rotationAt(at))
    const age = at - (exchangedAt[generation] ?? at)
    const story = `seed ${seed}, step ${step}: ${age} s after its exchange`
    if (isRotation) exchangedAt.push(at)
    if (isRotation || age < graceSeconds) assert.equal(rotation.kind, 'current', story)
    if (age > 3 * graceSeconds) assert.equal(rotation.kind, 'reused', story)
    if (rotation.kind !== 'current') return
    assert.equal(rotation.connection.generation, exchangedAt.length, story)
  }
}
