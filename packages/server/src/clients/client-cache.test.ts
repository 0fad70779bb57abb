import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientStore } from '../store/clients.ts'
import { openTestStore } from '../store/testing/databases.ts'
import { client, event } from '../store/testing/rows.ts'
import { maxHeadAgeMs, watchHead } from '../store/watch.ts'
import { createClientDirectory } from './client-cache.ts'

const quietly = () => {}

test('a client that is in memory is found without asking the store, until anything about clients changes', async () => {
  await using at = await openTestStore('SQLite')
  const watch = await watchHead(at.store.revocations, quietly)
  let finds = 0
  const counting: ClientStore = {
    ...at.store.clients,
    find: (id) => {
      finds++
      return at.store.clients.find(id)
    },
  }
  await at.store.clients.add(client('app'), 'hash', event())
  const clients = createClientDirectory(counting, watch)
  await watch.check()
  for (let round = 0; round < 3; round++) assert.equal((await clients.find('app'))?.id, 'app')
  assert.equal(finds, 1)
  await at.store.clients.disable('app', event('client:app'))
  await watch.check()
  assert.notEqual((await clients.find('app'))?.disabled_at, null)
  assert.equal(finds, 2)
  watch.close()
})

test('a client that was read before a change and arrives after it is not kept', async () => {
  await using at = await openTestStore('SQLite')
  await at.store.clients.add(client('app'), 'hash', event())
  const watch = await watchHead(at.store.revocations, quietly)
  const gate = Promise.withResolvers<void>()
  const slow: ClientStore = {
    ...at.store.clients,
    async find(id) {
      const found = await at.store.clients.find(id)
      await gate.promise
      return found
    },
  }
  const clients = createClientDirectory(slow, watch)
  const early = clients.find('app')
  await new Promise((resolve) => setImmediate(resolve))
  await at.store.clients.disable('app', event('client:app'))
  await watch.check()
  gate.resolve()
  assert.equal((await early)?.disabled_at, null)
  assert.notEqual((await clients.find('app'))?.disabled_at, null)
  watch.close()
})

test('what is in memory is not relied on when the store has not answered for long', async () => {
  await using at = await openTestStore('SQLite')
  await at.store.clients.add(client('app'), 'hash', event())
  let now = 0
  const store = { ...at.store.revocations }
  const watch = await watchHead(store, quietly, () => now)
  watch.close()
  const clients = createClientDirectory(at.store.clients, watch)
  await clients.find('app')
  const answer = store.head
  store.head = () => Promise.reject(new Error('cut off'))
  now = maxHeadAgeMs - 1
  assert.equal((await clients.find('app'))?.id, 'app')
  now = maxHeadAgeMs
  await assert.rejects(async () => clients.find('app'), /cut off/)
  store.head = answer
  assert.equal((await clients.find('app'))?.id, 'app')
  assert.equal(watch.isFresh, true)
})
