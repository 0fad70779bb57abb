import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createTokenClient, refreshToken, type TokenStore } from '@latchkey/client'
import { openSqlStores } from '../../examples/sql-store.ts'
import { systemClock as clock } from '../../packages/server/src/base/clock.ts'
import { addPerson, issueCode, redeem, registerCodeClient, tokensOf } from '../support/connection.ts'
import { eventually } from '../support/eventually.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'
import { startExample } from './support.ts'

after(stopOwnPostgres)

/** As many users of one database as `count`, each with connections of its own. */
async function open({ count, lockTimeoutMs }: { count: number; lockTimeoutMs?: number }) {
  const database = await temporaryDatabase()
  const opening = Array.from({ length: count }, () =>
    openSqlStores(database.url, lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
  )
  const users = await Promise.all(opening)
  return {
    url: database.url,
    users,
    shared: users.map(({ store }) => store('shared')),
    async [Symbol.asyncDispose]() {
      await Promise.all(users.map(({ close }) => close()))
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Runs a task under the lock that a store must have. */
const locked = <Result>(store: TokenStore | undefined, task: () => Promise<Result>): Promise<Result> =>
  store?.lock?.(task) ?? assert.fail('there is no lock')

test('a store keeps what it was asked to, when it held what was expected, each key for itself', async () => {
  await using scene = await open({ count: 1 })
  const [{ store } = assert.fail()] = scene.users
  const mine = store('person:1')
  const steps: [expected: string | undefined, next: string | undefined, isDone: boolean][] = [
    [undefined, undefined, true],
    ['a', 'b', false],
    ['a', undefined, false],
    [undefined, 'a', true],
    [undefined, undefined, false],
    [undefined, 'b', false],
    ['b', 'c', false],
    ['a', 'b', true],
    ['a', undefined, false],
    ['b', undefined, true],
  ]
  let kept: string | undefined
  for (const [expected, next, isDone] of steps) {
    assert.equal(await mine.compareAndSet(expected, next), isDone)
    if (isDone) kept = next
    assert.equal(await mine.get(), kept)
  }
  await mine.compareAndSet(undefined, 'mine')
  assert.equal(await store('person:2').get(), undefined)
})

test('of those who write at once one wins, be it the first text, another, or none', async () => {
  await using scene = await open({ count: 5 })
  let kept: string | undefined
  for (let round = 0; round < 12; round++) {
    const tries = scene.shared.flatMap((store, user) =>
      [0, 1, 2, 3].map(async (nth) => {
        const next = round % 4 === 3 ? undefined : `${round} ${user} ${nth}`
        return { next, hasWon: await store.compareAndSet(kept, next) }
      }),
    )
    const winners = (await Promise.all(tries)).filter(({ hasWon }) => hasWon)
    assert.equal(winners.length, 1)
    kept = winners[0]?.next
    for (const store of scene.shared) assert.equal(await store.get(), kept)
  }
})

test('one holds the lock at a time, and a task that throws lets go of it', async () => {
  await using scene = await open({ count: 5 })
  let [holders, done] = [0, 0]
  const work = async () => {
    assert.equal(++holders, 1)
    await delay(2)
    holders--
    done++
    if (done % 3 === 0) throw new Error('a task that fails')
  }
  const tasks = Array.from({ length: 40 }, (_, index) => locked(scene.shared[index % 5], work))
  const results = await Promise.allSettled(tasks)
  assert.equal(done, 40)
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 13)
})

test('those who hold different locks never wait for each other, however many there are', async () => {
  await using scene = await open({ count: 1 })
  const [{ store } = assert.fail()] = scene.users
  const keys = Array.from({ length: 40 }, (_, index) => `person:${index}`)
  await Promise.all(
    keys.map((key) =>
      locked(store(key), async () => {
        assert.equal(await store(key).get(), undefined)
        assert.equal(await store(key).compareAndSet(undefined, key), true)
      }),
    ),
  )
  for (const key of keys) assert.equal(await store(key).get(), key)
})

test('whoever finds as many holders as there are connections waits for one of them, longer than for an answer', async () => {
  await using scene = await open({ count: 1 })
  const [{ store } = assert.fail()] = scene.users
  // As many as may hold a lock at once, each for longer than the database may take to answer.
  const holders = Array.from({ length: 10 }, (_, index) =>
    locked(store(`person:${index}`), () => delay(5_500)),
  )
  const waiters = [10, 11, 12].map((index) => locked(store(`person:${index}`), async () => index))
  assert.deepEqual(await Promise.all(waiters), [10, 11, 12])
  await Promise.all(holders)
})

test('the lock of a process that is killed is free at once', async () => {
  await using scene = await open({ count: 1 })
  await using holder = startExample('../tests/examples/sql-store-holder.ts', { DATABASE_URL: scene.url })
  await eventually(() => holder.stdout() === 'held\n')
  let isTaken = false
  const taken = locked(scene.shared[0], async () => {
    isTaken = true
  })
  await delay(100)
  assert.equal(isTaken, false)
  await holder.end('SIGKILL')
  await taken
})

test('a holder that is silent for too long loses the lock, and its task ends all the same', async () => {
  // Long beside what passes between a BEGIN and the statement after it: that is a silence, too.
  await using scene = await open({ count: 2, lockTimeoutMs: 2_000 })
  const [slow, other] = scene.shared
  const release = Promise.withResolvers<string>()
  const held = Promise.withResolvers<void>()
  const first = locked(slow, () => {
    held.resolve()
    return release.promise
  })
  await held.promise
  await eventually(() =>
    locked(other, async () => true).catch((error) => {
      assert.match(String(error), /lock timeout/)
      return false
    }),
  )
  release.resolve('done')
  assert.equal(await first, 'done')
})

test('five clients of one connection refresh it once for all, time after time', async () => {
  await using scene = await open({ count: 5 })
  await using server = await startServer()
  const { store, config, urls } = server.latchkey
  const parts = { store, clock }
  const app = await registerCodeClient(parts)
  const code = await issueCode(parts, app, await addPerson(parts), { audience: config.audience })
  const start = tokensOf(await redeem(urls.token, app, code)).refreshToken
  let refreshes = 0
  const clients = scene.shared.map((shared) =>
    createTokenClient({
      issuer: server.url,
      clientId: app.id,
      clientSecret: app.secret,
      grant: refreshToken(start),
      store: shared,
      onRenew: ({ grantType }) => {
        if (grantType !== undefined) refreshes++
      },
    }),
  )
  let rejected: string | undefined
  for (let round = 1; round <= 8; round++) {
    const tokens = new Set(await Promise.all(clients.map((client) => client.getToken({ rejected }))))
    assert.equal(tokens.size, 1)
    assert.equal(tokens.has(rejected ?? ''), false)
    assert.equal(refreshes, round)
    rejected = [...tokens][0]
  }
})
