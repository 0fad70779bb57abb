import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { CompiledQuery } from 'kysely'
import { openDatabase } from '../../packages/server/src/store/open.ts'
import { createStore, type Store } from '../../packages/server/src/store/store.ts'
import { now, opaqueToken } from '../../packages/server/src/store/testing/rows.ts'
import { eventually } from '../support/eventually.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'

/** Not the run's own: other tests would lose their sessions too. */
let postgres: PostgresServer

before(async () => {
  postgres = await startPostgres()
})
after(() => postgres.stop())

test('no acknowledged token is lost when PostgreSQL crashes, and the store recovers with it', async () => {
  const store = createStore(await openDatabase(postgres.url))
  try {
    await store.database.migrate()
    await store.revocations.initialize(60)
    const { acknowledged, refusals } = await addUntilRecovered(store)
    assert.ok(refusals.length > 0, 'the crash came when nothing was in flight')
    assert.deepEqual(new Set(refusals), new Set(['StoreUnavailable']))
    for (const hash of acknowledged) assert.ok(await store.opaqueTokens.find(hash, now), `${hash} is lost`)
  } finally {
    await store.database.close()
  }
})

/** Adds tokens without a pause, lets the server crash in the middle, and goes on until it takes them again. */
async function addUntilRecovered(store: Store): Promise<{ acknowledged: string[]; refusals: string[] }> {
  const acknowledged: string[] = []
  const refusals: string[] = []
  let count = 0
  let isDone = false
  const add = async () => {
    while (!isDone) {
      const hash = `token-${count++}`
      const refusal = await store.opaqueTokens.add(opaqueToken(hash)).catch((error: Error) => error.name)
      if (refusal === undefined) acknowledged.push(hash)
      else {
        refusals.push(refusal)
        await delay(10)
      }
    }
  }
  const adding = Promise.all(Array.from({ length: 20 }, add))
  await eventually(() => acknowledged.length > 100)
  await crash(store)
  await eventually(() => refusals.length > 0)
  const before = acknowledged.length
  await eventually(() => acknowledged.length > before + 100)
  isDone = true
  await adding
  return { acknowledged, refusals }
}

/** A session that dies by SIGKILL makes the server end every other one and recover from its log. */
async function crash({ database }: Store): Promise<void> {
  const { rows } = await database.kysely.executeQuery<{ pid: number }>(
    CompiledQuery.raw('select pg_backend_pid() as pid'),
  )
  const pid = rows[0]?.pid
  assert.ok(pid)
  process.kill(pid, 'SIGKILL')
}
