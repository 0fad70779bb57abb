import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { eventually } from '../../../tests/support/eventually.ts'
import {
  authorizationCode,
  type ClientOptions,
  clientCredentials,
  type Grant,
  password,
  refreshToken,
  type TokenError,
} from './index.ts'
import { makeStore } from './testing/faulty-store.ts'
import { dueMs, hourMs, make, maxCoolDownMs, sent } from './testing/make-client.ts'
import { detectingReuse, granted, refused, startTokenServer } from './testing/token-server.ts'

const grants: [string, Grant][] = [
  ['client credentials', clientCredentials()],
  ['a refresh token', refreshToken('start')],
  ['a code', authorizationCode({ code: 'code' })],
]

for (const [what, grant] of grants) {
  for (const foreign of ['of another program', '{}', 'null', '{"version":2}']) {
    test(`with ${what} a store that holds ${foreign} is left as it is, and no server asked`, async () => {
      await using server = await startTokenServer()
      const { store, text, put } = makeStore()
      await put(foreign)
      const { client } = make(server, { grant, store })
      await assert.rejects(client.getToken(), { code: 'store_mismatch', isPassing: false })
      assert.equal(text(), foreign)
      assert.equal(server.requests.length, 0)
    })
  }

  test(`with ${what} the tokens of another client or of another server are left as they are`, async () => {
    await using server = await startTokenServer()
    await using elsewhere = await startTokenServer()
    const { store, text } = makeStore()
    await make(server, { grant: refreshToken('of john'), store }).client.getToken()
    const before = text()
    for (const other of [{ clientId: 'other' }, elsewhere.options]) {
      const { client } = make(server, { grant, store, ...other })
      await assert.rejects(client.getToken(), { code: 'store_mismatch' })
      assert.equal(text(), before)
    }
    assert.deepEqual(sent(server), ['of john'])
  })
}

test('tokens of another that appear while the server answers are left as they are', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore()
  server.respond = async () => {
    await put('of another program')
    return granted('one', { refresh_token: 'refresh' })
  }
  const { client } = make(server, { grant: refreshToken('start'), store })
  assert.equal(await client.getToken(), 'one')
  assert.equal(text(), 'of another program')
})

test('of two that renewed at once both go on with the newer refresh token that was saved first', async () => {
  await using server = await startTokenServer()
  const { store, text } = makeStore({ hasLock: false })
  const begun = Promise.withResolvers<void>()
  const saved = Promise.withResolvers<void>()
  server.respond = async () => {
    if (server.requests.length > 1) return granted('fast', { refresh_token: 'refresh-fast' })
    begun.resolve()
    await saved.promise
    return granted('slow', { refresh_token: 'refresh-slow' })
  }
  const slow = make(server, { grant: refreshToken('start'), store }).client.getToken()
  await begun.promise
  const fast = make(server, { grant: refreshToken('start'), store }).client
  assert.equal(await fast.getToken(), 'fast')
  saved.resolve()
  assert.equal(await slow, 'fast')
  assert.match(String(text()), /refresh-fast/)
})

test('what another wrote with the refresh token that is spent is no newer: ours is saved over it', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore()
  server.queue.push(granted('one', { refresh_token: 'spent' }))
  const { client } = make(server, { grant: refreshToken('start'), store })
  const rejected = await client.getToken()
  const again = text()?.replace('"one"', '"one more"')
  server.respond = async () => {
    await put(again)
    return granted('two', { refresh_token: 'ours' })
  }
  assert.equal(await client.getToken({ rejected }), 'two')
  assert.match(String(text()), /ours/)
})

test('what cannot be saved is given to the caller, and saved later', async () => {
  await using server = await startTokenServer()
  const { store, faults, text } = makeStore()
  faults.compareAndSet = 'throws'
  const { client, clock, told } = make(server, { grant: refreshToken('start'), store })
  assert.equal(await client.getToken(), 'token-1')
  assert.deepEqual(told, ['store_failed hasToken'])
  assert.equal(await client.getToken(), 'token-1')
  assert.equal(text(), undefined)
  delete faults.compareAndSet
  clock.advance(maxCoolDownMs)
  assert.equal(await client.getToken(), 'token-1')
  assert.match(String(text()), /refresh-1/)
  assert.deepEqual(sent(server), ['start'])
})

for (const [what, grant, first] of [
  ['of a code', authorizationCode({ code: 'start' }), 'start'],
  ['that another was exchanged for', refreshToken('start'), 'start'],
] satisfies [string, Grant, string][]) {
  test(`a refresh token ${what} is not lost while the store cannot be written, however long that is`, async () => {
    await using server = await startTokenServer()
    server.respond = () => granted('token', { refresh_token: `refresh-${server.requests.length}` })
    const { store, faults, text } = makeStore()
    const { client, clock } = make(server, { grant, store })
    faults.compareAndSet = 'throws'
    for (let round = 0; round < 3; round++) {
      await client.getToken()
      clock.advance(hourMs)
    }
    delete faults.compareAndSet
    await client.getToken()
    assert.deepEqual(sent(server), [first, 'refresh-1', 'refresh-2', 'refresh-3'])
    assert.match(String(text()), /refresh-4/)
  })
}

test('a spent refresh token in a store that cannot be written is not sent again', async () => {
  await using server = await startTokenServer()
  const { store, faults } = makeStore()
  const { client, clock } = make(server, { grant: refreshToken('start'), store })
  await client.getToken()
  faults.compareAndSet = 'throws'
  for (let round = 0; round < 2; round++) {
    clock.advance(hourMs)
    await client.getToken()
  }
  assert.deepEqual(sent(server), ['start', 'refresh-1', 'refresh-2'])
})

test('client credentials go on in memory while their store cannot be written, and that is told', async () => {
  await using server = await startTokenServer()
  const { store, faults } = makeStore()
  faults.compareAndSet = 'throws'
  const { client, clock, told } = make(server, { store })
  assert.equal(await client.getToken(), 'token-1')
  assert.deepEqual(told, ['store_failed hasToken'])
  clock.advance(maxCoolDownMs)
  assert.equal(await client.getToken(), 'token-1')
  clock.advance(hourMs)
  assert.equal(await client.getToken(), 'token-2')
  assert.equal(server.requests.length, 2)
})

for (const [what, grant] of grants)
  for (const member of ['get', 'lock'] as const)
    test(`with ${what} and a store whose ${member} fails nobody is asked: the living token is given, else that is thrown`, async () => {
      await using server = await startTokenServer()
      const { store, faults } = makeStore()
      const { client, clock, told } = make(server, { grant, store })
      faults[member] = 'throws'
      await assert.rejects(client.getToken(), (thrown: TokenError) => {
        assert.equal(thrown.code, 'store_failed')
        assert.equal(thrown.message, `The store failed: ${member} is broken`)
        return true
      })
      assert.deepEqual(told, ['store_failed'])
      assert.equal(server.requests.length, 0)
      delete faults[member]
      clock.advance(maxCoolDownMs)
      assert.equal(await client.getToken(), 'token-1')
      faults[member] = 'throws'
      clock.advance(dueMs)
      assert.equal(await client.getToken(), 'token-1')
      assert.equal(told.at(-1), 'store_failed hasToken')
      clock.advance(hourMs)
      await assert.rejects(client.getToken(), { code: 'store_failed' })
      assert.equal(server.requests.length, 1)
    })

test('what another process saved is used without asking the server', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const renewals: unknown[] = []
  const onRenew: ClientOptions['onRenew'] = ({ grantType }) => renewals.push(grantType)
  const one = make(server, { store })
  const other = make(server, { store, onRenew })
  await one.client.getToken()
  assert.equal(await other.client.getToken(), 'token-1')
  for (const { clock } of [one, other]) clock.advance(hourMs)
  await one.client.getToken()
  assert.equal(await other.client.getToken(), 'token-2')
  assert.equal(await other.client.getToken({ rejected: 'token-1' }), 'token-2')
  assert.equal(server.requests.length, 2)
  assert.deepEqual(renewals, [undefined, undefined])
})

test('processes that share a store with a lock renew once, and those of one without end up with one connection', async () => {
  for (const hasLock of [true, false]) {
    await using server = await startTokenServer()
    const { store, text } = makeStore({ hasLock })
    const clients = Array.from(
      { length: 10 },
      () => make(server, { grant: refreshToken('start'), store }).client,
    )
    const tokens = new Set(await Promise.all(clients.map((client) => client.getToken())))
    assert.equal(tokens.size, 1)
    assert.ok(text()?.includes([...tokens].join()))
    if (hasLock) assert.equal(server.requests.length, 1)
  }
})

test('a store that changes with every look ends in an error, not in a circle', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore({ hasLock: false })
  await make(server, { grant: refreshToken('start'), store }).client.getToken()
  const saved = String(text())
  server.respond = async () => {
    await put(saved.replace('refresh-1', `refresh-${server.requests.length}`))
    return refused('invalid_grant')
  }
  const { client, clock } = make(server, { grant: refreshToken(), store })
  clock.advance(hourMs)
  await assert.rejects(client.getToken(), { code: 'store_failed' })
  await eventually(() => server.requests.length < 10)
})

for (const [what, fault] of [
  ['fails four times', 4],
  ['fails once', 1],
  ['is done, and fails all the same,', 'breaks once'],
] as const)
  test(`a write that ${what} is tried again at once: no connection of two clients ends where reuse is detected`, async () => {
    await using server = await startTokenServer()
    server.respond = detectingReuse()
    const { store, faults, text } = makeStore()
    const grant = refreshToken('start')
    const [one, other] = [make(server, { grant, store }), make(server, { grant, store })]
    await one.client.getToken()
    await other.client.getToken()
    for (const [round, { client }] of [one, other, one, other].entries()) {
      for (const { clock } of [one, other]) clock.advance(hourMs)
      faults.compareAndSet = fault
      assert.equal(await client.getToken(), `token-${round + 2}`)
      delete faults.compareAndSet
      assert.match(String(text()), new RegExp(`"refresh-${round + 2}"`))
    }
    assert.deepEqual(sent(server), ['start', 'refresh-1', 'refresh-2', 'refresh-3', 'refresh-4'])
    assert.deepEqual([one.told, other.told], [[], []])
  })

test('a write that is tried again is not made over what another program wrote meanwhile', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore()
  const { compareAndSet } = store
  store.compareAndSet = async (expected, next) => {
    if (text()) return compareAndSet(expected, next)
    await put('of another program')
    throw new Error('the first write fails')
  }
  const { client, told } = make(server, { grant: refreshToken('start'), store })
  assert.equal(await client.getToken(), 'token-1')
  assert.equal(text(), 'of another program')
  assert.deepEqual(told, ['store_mismatch hasToken'])
})

for (const [what, grant] of [
  ['a connection', refreshToken('start')],
  ['a code', authorizationCode({ code: 'start' })],
  ['a password', password({ username: 'jane', password: 'a word' })],
] satisfies [string, Grant][])
  test(`a minute of calls while the store of ${what} cannot be written is one token request`, async () => {
    await using server = await startTokenServer()
    server.respond = () => granted('token', { refresh_token: `refresh-${server.requests.length}` })
    const { store, faults } = makeStore()
    faults.compareAndSet = 'throws'
    const { client, clock, told } = make(server, { grant, store })
    for (let call = 0; call < 600; call++) {
      assert.equal(await client.getToken(), 'token')
      clock.advance(100)
    }
    assert.equal(server.requests.length, 1)
    assert.deepEqual(new Set(told), new Set(['store_failed hasToken']))
  })

for (const [what, isBroken] of [
  ['works again', false],
  ['is still broken', true],
] as const) {
  test(`a password begins anew where the refresh token that could not be saved is refused, and the store ${what}`, async () => {
    await using server = await startTokenServer()
    const { store, faults } = makeStore()
    server.queue.push(granted('one', { refresh_token: 'unsaved' }), refused('invalid_grant'))
    const { client, clock } = make(server, {
      grant: password({ username: 'jane', password: 'a word' }),
      store,
    })
    faults.compareAndSet = 'throws'
    assert.equal(await client.getToken(), 'one')
    clock.advance(hourMs)
    if (!isBroken) delete faults.compareAndSet
    await client.getToken().catch(() => clock.advance(maxCoolDownMs))
    assert.equal(await client.getToken(), 'token-1')
    assert.deepEqual(
      server.requests.map(({ form }) => form.grant_type),
      ['password', 'refresh_token', 'password'],
    )
  })

  test(`a connection has ended where the refresh token that could not be saved is refused, and the store ${what}`, async () => {
    await using server = await startTokenServer()
    const { store, faults } = makeStore()
    server.queue.push(granted('one', { refresh_token: 'unsaved' }))
    server.respond = () => refused('invalid_grant')
    const { client, clock } = make(server, { grant: refreshToken('start'), store })
    faults.compareAndSet = 'throws'
    assert.equal(await client.getToken(), 'one')
    clock.advance(hourMs)
    if (!isBroken) delete faults.compareAndSet
    // Where the end cannot be written, that is what the first caller hears.
    const first = await client.getToken().catch(({ code }) => code)
    assert.ok(first === 'connection_ended' || (isBroken && first === 'store_failed'), first)
    for (let call = 0; call < 3; call++) {
      clock.advance(hourMs)
      await assert.rejects(client.getToken(), { code: 'connection_ended' })
    }
    assert.deepEqual(sent(server), ['start', 'unsaved'])
  })
}

test('a code that is refused is sent once, also where a store without a lock changes meanwhile', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore({ hasLock: false })
  await make(server, { grant: refreshToken('of before'), store }).client.getToken()
  const before = String(text())
  server.respond = async () => {
    await put(before.replace('refresh-1', `refresh-of-other-${server.requests.length}`))
    return refused('invalid_grant')
  }
  const { client, clock } = make(server, { grant: authorizationCode({ code: 'code' }), store })
  await client.getToken().catch(() => clock.advance(hourMs))
  await client.getToken().catch(() => {})
  assert.deepEqual(
    sent(server).filter((value) => value === 'code'),
    ['code'],
  )
})

test('what another saves at the moment when a refusal would be written is used', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore({ hasLock: false })
  const { client, clock } = make(server, { grant: refreshToken('start'), store })
  await client.getToken()
  clock.advance(hourMs)
  const fresh = JSON.parse(String(text()))
  const newer = { ...fresh, accessToken: 'of the other', refreshToken: 'newer', obtainedAtMs: clock.nowMs() }
  server.respond = () => refused('invalid_grant')
  const { compareAndSet } = store
  store.compareAndSet = async (expected, next) => {
    await put(JSON.stringify(newer))
    return compareAndSet(expected, next)
  }
  assert.equal(await client.getToken(), 'of the other')
  assert.deepEqual(sent(server), ['start', 'refresh-1'])
})

test('four newer refresh tokens of others that are refused in turn are no end: the fifth is used', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore({ hasLock: false })
  await make(server, { grant: refreshToken('start'), store }).client.getToken()
  const saved = String(text())
  server.respond = async () => {
    if (server.requests.length === 6) return granted('at last', { refresh_token: 'newest' })
    await put(saved.replace('refresh-1', `refresh-${server.requests.length}`))
    return refused('invalid_grant')
  }
  const { client, clock } = make(server, { grant: refreshToken(), store })
  clock.advance(hourMs)
  assert.equal(await client.getToken(), 'at last')
})

test('tokens of a new connection that could not be saved go before what another process saves of the old one', async () => {
  await using server = await startTokenServer()
  const { store, faults } = makeStore()
  const options = { store, grant: refreshToken('old') }
  const { client: old, clock } = make(server, options)
  await old.getToken()
  const { client } = make(server, { store, clock, grant: authorizationCode({ code: 'code' }) })
  faults.compareAndSet = 'throws'
  server.queue.push(granted('new', { refresh_token: 'new-refresh' }))
  assert.equal(await client.getToken(), 'new')
  delete faults.compareAndSet
  clock.advance(hourMs)
  await old.getToken()
  server.queue.push(granted('newer', { refresh_token: 'newer-refresh' }))
  assert.equal(await client.getToken(), 'newer')
  assert.equal(sent(server).at(-1), 'new-refresh')
  assert.match(String(await store.get()), /newer-refresh/)
})

test('what could not be saved is no end either, where another is refused with the spent token and empties the store', async () => {
  await using server = await startTokenServer()
  let newest = 'start'
  server.respond = ({ form }) => {
    if (form.refresh_token !== newest) return refused('invalid_grant')
    newest = `refresh-${server.requests.length}`
    return granted(`token of ${newest}`, { refresh_token: newest })
  }
  const { store, faults, text } = makeStore()
  const grant = refreshToken('start')
  const { client, clock } = make(server, { grant, store })
  const other = make(server, { grant, store, clock })
  await client.getToken()
  await other.client.getToken()
  clock.advance(hourMs)
  faults.compareAndSet = 'throws'
  await client.getToken()
  delete faults.compareAndSet
  await assert.rejects(other.client.getToken(), { code: 'connection_ended' })
  assert.equal(text(), undefined)
  clock.advance(maxCoolDownMs)
  await client.getToken()
  assert.match(String(text()), new RegExp(`"${newest}"`))
  clock.advance(hourMs)
  assert.equal(await other.client.getToken(), `token of ${newest}`)
})

test('a connection of a code that ended before it could be saved is not asked for again', async () => {
  await using server = await startTokenServer()
  server.queue.push(granted('one', { refresh_token: 'unsaved' }))
  server.respond = () => refused('invalid_grant')
  const { store, faults } = makeStore()
  faults.compareAndSet = 'throws'
  const { client, clock } = make(server, { grant: authorizationCode({ code: 'code' }), store })
  await client.getToken()
  for (let call = 0; call < 3; call++) {
    clock.advance(hourMs)
    await assert.rejects(client.getToken(), { code: 'connection_ended' })
  }
  assert.deepEqual(sent(server), ['code', 'unsaved'])
})

test('tokens of another that appear while the server answers are left as they are by the next renewals, too', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore()
  server.respond = async () => {
    await put('of another program')
    return granted('one', { refresh_token: 'refresh' })
  }
  const { client, clock } = make(server, { grant: refreshToken('start'), store })
  for (let call = 0; call < 3; call++) {
    assert.equal(await client.getToken(), 'one')
    clock.advance(maxCoolDownMs)
  }
  assert.equal(text(), 'of another program')
  assert.deepEqual(sent(server), ['start'])
})

test('a client that began with a code goes on with what others renewed, once its own tokens are saved', async () => {
  await using server = await startTokenServer()
  server.respond = detectingReuse()
  server.queue.push(granted('token-0', { refresh_token: 'start' }))
  const { store } = makeStore()
  const { client, clock } = make(server, { grant: authorizationCode({ code: 'code' }), store })
  const other = make(server, { grant: refreshToken(), store, clock })
  await client.getToken()
  for (const [round, one] of [other.client, client, other.client].entries()) {
    clock.advance(hourMs)
    assert.equal(await one.getToken(), `token-${round + 1}`)
  }
})

for (const [what, grant] of [
  ['a refresh token', refreshToken('start')],
  ['a code', authorizationCode({ code: 'start' })],
] satisfies [string, Grant][])
  test(`${what} that was exchanged is not sent again where the store was emptied since`, async () => {
    await using server = await startTokenServer()
    server.respond = () => granted('token', { refresh_token: 'next' })
    const { store, put } = makeStore()
    const { client, clock } = make(server, { grant, store })
    await client.getToken()
    await put(undefined)
    clock.advance(hourMs)
    await assert.rejects(client.getToken(), { code: 'connection_ended' })
    assert.deepEqual(sent(server), ['start'])
  })

for (const hasLock of [true, false])
  test(`a renewal that pauses ${hasLock ? 'under a lock that was lost' : 'without a lock'} looks again before it asks again`, async () => {
    await using server = await startTokenServer()
    server.respond = detectingReuse()
    const { store } = makeStore({ hasLock })
    const grant = refreshToken('start')
    const { lock: _, ...unlocked } = store
    const other = make(server, { grant, store: unlocked })
    const clock = {
      ...other.clock,
      // As a process does that was stopped meanwhile.
      async wait(milliseconds: number) {
        await other.client.getToken()
        await other.clock.wait(milliseconds)
      },
    }
    const { client } = make(server, { grant, store, clock })
    server.queue.push({ status: 503 })
    assert.equal(await client.getToken(), 'token-1')
    assert.deepEqual(sent(server), ['start', 'start'])
    clock.advance(hourMs)
    assert.equal(await client.getToken(), 'token-2')
  })

test('after a 401 whose renewal was lost on the way the next call asks again, though the token lives', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server, { grant: refreshToken('start') })
  const rejected = await client.getToken()
  server.queue.push('cut', 'cut', 'cut')
  await assert.rejects(client.getToken({ rejected }), { code: 'server_unavailable' })
  assert.equal(await client.getToken(), rejected)
  clock.advance(maxCoolDownMs)
  assert.equal(await client.getToken(), 'token-2')
  assert.deepEqual(sent(server), ['start', ...Array(4).fill('refresh-1')])
})

test('a client for itself does not write over a connection of a person', async () => {
  await using server = await startTokenServer()
  const { store, text } = makeStore()
  await make(server, { grant: refreshToken('of jane'), store }).client.getToken()
  const before = text()
  await assert.rejects(make(server, { store }).client.getToken(), { code: 'store_mismatch' })
  assert.equal(text(), before)
})

test('of a grant of one\u2019s own the parameters say whose token it is', async () => {
  await using server = await startTokenServer()
  server.respond = ({ form }) => granted(`token of ${form.subject ?? 'the app'}`)
  const { store } = makeStore()
  const of = (subject: string): Grant => ({
    parameters: { grant_type: 'urn:example:on-behalf-of', subject },
    isRepeatable: true,
  })
  for (const [grant, token] of [
    [clientCredentials(), 'token of the app'],
    [of('john'), 'token of john'],
    [of('jane'), 'token of jane'],
    [of('jane'), 'token of jane'],
  ] as const)
    assert.equal(await make(server, { grant, store }).client.getToken(), token)
  assert.equal(server.requests.length, 3)
})

test('a store may say null or an empty text for nothing', async () => {
  await using server = await startTokenServer()
  for (const nothing of [null, '']) {
    let kept: unknown = nothing
    const store = {
      get: () => kept as string | undefined,
      compareAndSet(expected: unknown, next: string | undefined) {
        if (kept !== expected) return false
        kept = next
        return true
      },
    }
    const { client, told } = make(server, { grant: refreshToken('start'), store })
    await client.getToken()
    assert.deepEqual(told, [])
    assert.match(String(kept), /refresh-/)
  }
})

test('the error of a store is told by its message alone: some hold what was to be kept', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const errors: TokenError[] = []
  const { client } = make(server, {
    grant: refreshToken('start'),
    onError: (error) => errors.push(error),
    store: {
      ...store,
      compareAndSet(_, next) {
        throw Object.assign(new Error('OOM'), { command: { name: 'eval', args: [next] } })
      },
    },
  })
  await client.getToken()
  assert.match(inspect(errors, { depth: 9 }), /The store failed: OOM/)
  assert.doesNotMatch(inspect(errors, { depth: 9 }), /refresh-1/)
})

test('an empty refresh token in an answer is none: the one before goes on', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server, { grant: refreshToken('start') })
  server.queue.push(granted('one', { refresh_token: '' }))
  await client.getToken()
  clock.advance(hourMs)
  await client.getToken()
  assert.deepEqual(sent(server), ['start', 'start'])
})

test('a token of the store is as old as its moment says, also after this machine has slept', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const { client: other, clock } = make(server, { store })
  await other.getToken()
  clock.advance(hourMs / 2)
  const { client } = make(server, { store, clock })
  assert.equal(await client.getToken(), 'token-1')
  clock.jump(hourMs / 2)
  assert.equal(await client.getToken(), 'token-2')
})

test('a signal that outlives many calls is left with no listener of theirs', async () => {
  await using server = await startTokenServer()
  const { client, clock } = make(server)
  const { signal } = new AbortController()
  for (let call = 0; call < 20; call++) {
    clock.advance(hourMs)
    await client.getToken({ signal })
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('a late 401 for an older token does not make the newer one due, where a renewal fails', async () => {
  await using server = await startTokenServer()
  const { store, faults } = makeStore()
  const { client, clock } = make(server, { grant: refreshToken('start'), store })
  const older = await client.getToken()
  clock.advance(hourMs)
  faults.compareAndSet = 'throws'
  const newer = await client.getToken()
  clock.advance(maxCoolDownMs)
  faults.get = 'throws'
  assert.equal(await client.getToken({ rejected: older }), newer)
  delete faults.compareAndSet
  delete faults.get
  clock.advance(maxCoolDownMs)
  assert.equal(await client.getToken(), newer)
  assert.equal(server.requests.length, 2)
})

test('a code writes over no tokens of another client that appear while the server answers', async () => {
  await using server = await startTokenServer()
  const { store, text, put } = makeStore({ hasLock: false })
  server.respond = async () => {
    await put('{"owner":"another"}')
    return granted('one', { refresh_token: 'refresh' })
  }
  const { client } = make(server, { grant: authorizationCode({ code: 'code' }), store })
  assert.equal(await client.getToken(), 'one')
  assert.equal(text(), '{"owner":"another"}')
})

test('a store whose message quotes what was to be kept is not quoted', async () => {
  await using server = await startTokenServer()
  const errors: TokenError[] = []
  const { client } = make(server, {
    grant: refreshToken('start'),
    onError: (error) => errors.push(error),
    store: {
      get: () => undefined,
      compareAndSet(_, next) {
        throw new Error(`Failed query: update tokens\nparams: ${next}`)
      },
    },
  })
  await client.getToken()
  assert.match(String(errors[0]), /Failed query: update tokens/)
  assert.doesNotMatch(inspect(errors), /refresh-1|token-1/)
})
