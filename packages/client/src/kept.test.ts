import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../../tests/support/eventually.ts'
import {
  authorizationCode,
  type ClientOptions,
  clientCredentials,
  createTokenClient,
  type Failure,
  type Grant,
  refreshToken,
  type TokenError,
} from './index.ts'
import { makeClock } from './testing/clock.ts'
import { makeStore } from './testing/faulty-store.ts'
import { granted, refused, startTokenServer, type TokenServer } from './testing/token-server.ts'

const hourMs = 3_600_000
const dueMs = 3_550_000
const maxCoolDownMs = 5_000

const make = (server: TokenServer, options: Partial<ClientOptions> = {}) => {
  const clock = makeClock()
  const told: string[] = []
  const client = createTokenClient({
    ...server.options,
    clock,
    onError: (error: TokenError, { hasToken }: Failure) =>
      told.push(`${error.code}${hasToken ? ' hasToken' : ''}`),
    ...options,
  })
  return { client, clock, told }
}

const sent = ({ requests }: TokenServer) => requests.map(({ form }) => form.refresh_token ?? form.code)

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

for (const member of ['get', 'lock', 'compareAndSet'] as const) {
  test(`client credentials go on in memory while a store’s ${member} fails`, async () => {
    await using server = await startTokenServer()
    const { store, faults } = makeStore()
    faults[member] = 'throws'
    const { client, clock, told } = make(server, { store })
    assert.equal(await client.getToken(), 'token-1')
    clock.advance(maxCoolDownMs)
    assert.equal(await client.getToken(), 'token-1')
    clock.advance(hourMs)
    assert.equal(await client.getToken(), 'token-2')
    assert.equal(server.requests.length, 2)
    assert.ok(told.every((words) => words.startsWith('store_failed')) && told.length > 0, `${told}`)
  })
}

for (const member of ['get', 'lock'] as const) {
  test(`a connection whose store’s ${member} fails asks nobody, and throws where there is no living token`, async () => {
    await using server = await startTokenServer()
    const { store, faults } = makeStore()
    const { client, clock, told } = make(server, { grant: refreshToken('start'), store })
    faults[member] = 'throws'
    await assert.rejects(client.getToken(), (thrown: TokenError) => {
      assert.equal(thrown.code, 'store_failed')
      assert.equal((thrown.cause as Error).message, `${member} is broken`)
      return true
    })
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
    assert.deepEqual(sent(server), ['start'])
  })
}

/** Stops every timer, until the time is up for all of them. */
function stopTimers({ mock }: TestContext) {
  const late: AbortController[] = []
  mock.timers.enable({ apis: ['setTimeout'] })
  mock.method(AbortSignal, 'timeout', () => {
    const controller = new AbortController()
    late.push(controller)
    return controller.signal
  })
  return () => {
    for (const controller of late) controller.abort(new DOMException('late', 'TimeoutError'))
    mock.timers.tick(60_000)
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

for (const member of ['get', 'compareAndSet', 'lock'] as const) {
  test(`a store whose ${member} hangs does not hang callers for ever`, async (t) => {
    await using server = await startTokenServer()
    const { store, faults, hanging } = makeStore()
    faults[member] = 'hangs'
    const { client } = make(server, { grant: refreshToken('start'), store })
    const endTime = stopTimers(t)
    const token = client.getToken().catch(({ code }) => code)
    while (hanging() === 0) await turn()
    endTime()
    assert.equal(await token, 'timeout')
  })
}

test('a store that hangs hangs no caller longer because there are many', async (t) => {
  await using server = await startTokenServer()
  const { store, faults } = makeStore()
  faults.get = 'hangs'
  const { client } = make(server, { grant: refreshToken('start'), store })
  const endTime = stopTimers(t)
  let settled = 0
  for (let caller = 0; caller < 20; caller++) client.getToken().catch(() => settled++)
  for (let times = 0; times < 2; times++) {
    await turn()
    endTime()
  }
  await turn()
  assert.equal(settled, 20)
})

test('a living token is given also where the store hangs', async (t) => {
  await using server = await startTokenServer()
  const { store, faults, hanging } = makeStore()
  const { client, clock, told } = make(server, { grant: refreshToken('start'), store })
  await client.getToken()
  faults.get = 'hangs'
  clock.advance(dueMs)
  const endTime = stopTimers(t)
  const first = client.getToken()
  assert.equal(await client.getToken(), 'token-1')
  while (hanging() === 0) await turn()
  endTime()
  assert.equal(await first, 'token-1')
  assert.deepEqual(told, ['timeout hasToken'])
})

test('what another process saved is used without asking the server', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const renewals: unknown[] = []
  const onRenew: ClientOptions['onRenew'] = ({ reason, grantType }) => renewals.push([reason, grantType])
  const one = make(server, { store })
  const other = make(server, { store, onRenew })
  await one.client.getToken()
  assert.equal(await other.client.getToken(), 'token-1')
  for (const { clock } of [one, other]) clock.advance(hourMs)
  await one.client.getToken()
  assert.equal(await other.client.getToken(), 'token-2')
  assert.equal(await other.client.getToken({ rejected: 'token-1' }), 'token-2')
  assert.equal(server.requests.length, 2)
  assert.deepEqual(renewals, [
    ['first', undefined],
    ['expired', undefined],
  ])
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
