import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../../tests/support/eventually.ts'
import { authorizationCode, type Grant, refreshToken } from './index.ts'
import { makeStore } from './testing/faulty-store.ts'
import { dueMs, hourMs, make, maxCoolDownMs, sent } from './testing/make-client.ts'
import { endTimeBySilence } from './testing/silence.ts'
import { detectingReuse, granted, startTokenServer } from './testing/token-server.ts'

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
    // What cannot be written has been got.
    assert.equal(await token, member === 'compareAndSet' ? 'token-1' : 'timeout')
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

for (const [what, grant] of [
  ['a connection', refreshToken('start')],
  ['a code', authorizationCode({ code: 'start' })],
] satisfies [string, Grant][]) {
  test(`a lock that fails while its task runs takes nothing from ${what}`, async () => {
    await using server = await startTokenServer()
    const { store, text } = makeStore()
    const lost = Promise.withResolvers<never>()
    const lock = <Result>(task: () => Promise<Result>) => Promise.race([task(), lost.promise])
    server.respond = async () => {
      lost.reject(new Error('the lock is lost'))
      await turn()
      return granted(`token-${server.requests.length}`, {
        refresh_token: `refresh-${server.requests.length}`,
      })
    }
    const { client, clock } = make(server, { grant, store: { ...store, lock } })
    assert.equal(await client.getToken(), 'token-1')
    assert.match(String(text()), /refresh-1/)
    clock.advance(hourMs)
    assert.equal(await client.getToken(), 'token-2')
    assert.deepEqual(sent(server), ['start', 'refresh-1'])
  })

  test(`a lock that fails after its task has ended takes nothing from ${what}`, async () => {
    await using server = await startTokenServer()
    server.respond = () => granted(`token-${server.requests.length}`, { refresh_token: 'refresh' })
    const { store, faults } = makeStore()
    faults.lock = 'breaks'
    const { client, clock } = make(server, { grant, store })
    assert.equal(await client.getToken(), 'token-1')
    clock.advance(hourMs)
    assert.equal(await client.getToken(), 'token-2')
    assert.deepEqual(sent(server), ['start', 'refresh'])
  })

  for (const end of ['is done at last', 'is never done'])
    test(`where a write hangs for longer than is waited for and ${end}, ${what} goes on with what it got`, async (t) => {
      await using server = await startTokenServer()
      server.respond = detectingReuse()
      if (grant.isNew) server.queue.push(granted('token-0', { refresh_token: 'start' }))
      const { store, faults, hanging, letGo } = makeStore()
      const { client, clock } = make(server, { grant, store })
      faults.compareAndSet = 'hangs'
      const endTime = stopTimers(t)
      const first = client.getToken().catch(({ code }) => code)
      while (hanging() === 0) await turn()
      endTime()
      const outcome = await first
      t.mock.restoreAll()
      t.mock.timers.reset()
      delete faults.compareAndSet
      if (end === 'is done at last') letGo()
      await turn()
      clock.advance(maxCoolDownMs)
      const token = grant.isNew ? 'token-0' : 'token-1'
      assert.equal(outcome, token)
      assert.equal(await client.getToken(), token)
      clock.advance(hourMs)
      assert.equal(await client.getToken(), grant.isNew ? 'token-1' : 'token-2')
      assert.deepEqual(sent(server), ['start', grant.isNew ? 'start' : 'refresh-1'])
    })
}

test('a renewal that is given up lets go of the lock, also where the store would let it hold on', async (t) => {
  await using server = await startTokenServer()
  const { store } = makeStore({ hasLock: false })
  let last: Promise<unknown> = Promise.resolve()
  store.lock = (task) => {
    const result = last.then(task)
    last = result.catch(() => {})
    return result
  }
  const over = new AbortController()
  t.mock.method(AbortSignal, 'timeout', () => over.signal)
  const hanging = make(server, { store, auth: () => new Promise<void>(() => over.abort()) })
  await assert.rejects(hanging.client.getToken(), { code: 'timeout' })
  t.mock.restoreAll()
  assert.equal(await make(server, { store }).client.getToken(), 'token-1')
})

test('a fetch of one\u2019s own that ignores its signal is given up all the same', async (t) => {
  await using server = await startTokenServer()
  const timeoutMs = 100
  const end = endTimeBySilence(t, timeoutMs)
  const fetch = () => {
    setImmediate(end)
    return new Promise<Response>(() => {})
  }
  await assert.rejects(make(server, { fetch, timeoutMs }).client.getToken(), {
    message: /was silent for 100 ms/,
  })
})

test('who hangs before it asks the server asks for nothing any more once it was given up', async (t) => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const over = new AbortController()
  t.mock.method(AbortSignal, 'timeout', () => over.signal)
  const gate = Promise.withResolvers<void>()
  const auth = () => {
    over.abort()
    return gate.promise
  }
  const hanging = make(server, { grant: refreshToken('start'), store, auth })
  await assert.rejects(hanging.client.getToken(), { code: 'timeout' })
  t.mock.restoreAll()
  const { client } = make(server, { grant: refreshToken('start'), store })
  assert.equal(await client.getToken(), 'token-1')
  gate.resolve()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(sent(server), ['start'])
})

test('a request that is under way keeps the lock though its caller has waited too long', async (t) => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const signals: AbortController[] = []
  t.mock.method(AbortSignal, 'timeout', () => {
    const controller = new AbortController()
    signals.push(controller)
    return controller.signal
  })
  const gate = Promise.withResolvers<void>()
  const respond = server.respond
  server.respond = async (request) => {
    await gate.promise
    return respond(request)
  }
  const { client } = make(server, { grant: refreshToken('start'), store })
  const first = client.getToken()
  await eventually(() => server.requests.length === 1)
  // What began when the caller did: the time of waiting in line.
  signals[0]?.abort()
  await assert.rejects(first, { code: 'timeout' })
  const second = make(server, { grant: refreshToken('start'), store }).client.getToken()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(sent(server), ['start'])
  gate.resolve()
  assert.equal(await second, 'token-1')
  assert.deepEqual(sent(server), ['start'])
})
