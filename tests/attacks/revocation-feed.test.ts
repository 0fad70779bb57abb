import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../packages/server/src/store/open.ts'
import type { RevocationStore } from '../../packages/server/src/store/revocations.ts'
import { createStore } from '../../packages/server/src/store/store.ts'
import { watchHead } from '../../packages/server/src/store/watch.ts'
import { openRevocationFeed } from '../../packages/server/src/tokens/revocation-feed.ts'
import { withinASecond } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { basic, getToken, postForm, startServer } from '../support/server.ts'
import { event } from './support.ts'

/** Longer than the test runs: who waits for it was not told. */
const foreverMs = 60_000

test('53: a revocation that comes while a guard is being answered is told at once, not at the next heartbeat', async () => {
  using folder = temporaryFolder()
  const database = await openDatabase(`sqlite:${folder.file('latchkey.db')}`)
  await database.migrate()
  const { revocations } = createStore(database)
  await revocations.initialize(3_600)
  const watch = await watchHead(revocations, () => {})
  let meanwhile: (() => Promise<void>) | undefined
  const slow: RevocationStore = {
    ...revocations,
    async after(position, limit) {
      const entries = await revocations.after(position, limit)
      const happens = meanwhile
      meanwhile = undefined
      await happens?.()
      return entries
    },
  }
  const feed = await openRevocationFeed(slow, watch)
  const controller = new AbortController()
  const first = await feed.page(undefined, 0, controller.signal)
  const ended = {
    kind: 'token',
    subject: 'jti',
    client_id: 'c',
    epoch: null,
    expires_at: 2_000_000_000,
  } as const
  meanwhile = async () => {
    await revocations.revoke(ended, event('token.revoked', 'token:jti'))
    await watch.check()
  }
  let isTold = false
  const told = feed.page(first?.cursor, foreverMs, controller.signal).finally(() => {
    isTold = true
  })
  await withinASecond(() => isTold)
  const page = await told
  assert.deepEqual(
    page?.entries.map(({ id }) => id),
    ['jti'],
  )
  watch.close()
  await database.close()
})

test('48: the feed is for resource servers alone', async () => {
  await using server = await startServer()
  const token = await getToken(server)
  await postForm(server.latchkey.urls.revocation, { token }, server.client)
  const callers = [
    undefined,
    basic(server.client.id, server.client.secret),
    basic(server.resourceServer.id, 'wrong'),
    `Bearer ${token}`,
  ]
  for (const path of ['/revocations', '/metrics']) {
    for (const authorization of callers) {
      const answer = await fetch(`${server.url}${path}`, { headers: authorization ? { authorization } : {} })
      assert.equal(answer.status, 401)
      assert.doesNotMatch(await answer.text(), /entries|latchkey_/)
    }
  }
})
