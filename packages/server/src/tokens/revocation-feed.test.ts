import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openTestStore } from '../store/testing/databases.ts'
import { event, revokedToken } from '../store/testing/rows.ts'
import { watchHead } from '../store/watch.ts'
import { openRevocationFeed } from './revocation-feed.ts'

const quietly = () => {}
const token = (jti: string) => ({
  jti,
  clientId: 'app',
  clientEpoch: 0,
  subject: 'app',
  userEpoch: 0,
  epoch: 0,
})

test('entries that arrive while a page is read, more than a page holds, are taken in one after another', async () => {
  await using at = await openTestStore('SQLite')
  const real = at.store.revocations
  const names = Array.from({ length: 1_200 }, (_, index) => `token-${index}`)
  let isFirst = true
  const store: typeof real = {
    ...real,
    async after(position, limit) {
      if (isFirst) {
        isFirst = false
        await Promise.all(names.map((name) => real.revoke(revokedToken(name), event())))
      }
      return real.after(position, limit)
    },
  }
  const watch = await watchHead(store, quietly)
  const feed = await openRevocationFeed(store, watch)
  for (const name of names) assert.ok(feed.revocations.isRevoked(token(name)), name)
  watch.close()
})

test('the set says how old it is by when the last look began', async () => {
  await using at = await openTestStore('SQLite')
  let lookMs = 0
  const store = {
    ...at.store.revocations,
    async head() {
      const startedAt = performance.now()
      await delay(20)
      const head = await at.store.revocations.head()
      lookMs = performance.now() - startedAt
      return head
    },
  }
  const watch = await watchHead(store, quietly)
  watch.close()
  const feed = await openRevocationFeed(store, watch)
  assert.ok((feed.revocations.ageSeconds ?? 0) * 1000 >= lookMs)
})
