import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { stopOwnPostgres } from '../../../../../tests/support/postgres.ts'
import type { Store } from '../store.ts'
import { openTestStore, overBothDatabases } from '../testing/databases.ts'
import { event, revokedToken } from '../testing/rows.ts'

after(stopOwnPostgres)

overBothDatabases((contract) => {
  contract('a reader that follows the head while others write misses nothing', async ({ store, open }) => {
    const other = await open()
    const reader = await open()
    const count = 150
    let isWriting = true
    const writing = Promise.all(
      Array.from({ length: count }, (_, index) =>
        (index % 2 ? store : other).revocations.revoke(revokedToken(`token-${index}`), event()),
      ),
    ).finally(() => {
      isWriting = false
    })
    const seen: number[] = []
    const follow = async () => {
      const head = await reader.revocations.head()
      const entries = await reader.revocations.after(seen.at(-1) ?? 0, 1_000)
      for (const { position } of entries) if (position <= head.position) seen.push(position)
    }
    while (isWriting) {
      await follow()
      await delay(1)
    }
    await writing
    await follow()
    assert.deepEqual(
      seen,
      Array.from({ length: count }, (_, index) => index + 1),
    )
  })
})

/** What the store does in `revoke`, by hand and not yet committed. */
async function holdOpen(url: string, subject: string): Promise<pg.Client> {
  const slow = new pg.Client({ connectionString: url })
  await slow.connect()
  await slow.query('BEGIN')
  const advance =
    'UPDATE feed_head SET position = position + 1, live_entries = live_entries + 1 RETURNING position'
  const { rows } = await slow.query(advance)
  await slow.query(
    "INSERT INTO revocations (position, kind, subject, client_id, expires_at) VALUES ($1, 'token', $2, 'app', 2000000000)",
    [rows[0].position, subject],
  )
  return slow
}

const isSettled = async (promise: Promise<unknown>, withinMs: number): Promise<boolean> =>
  await Promise.race([promise.then(() => true), delay(withinMs, false)])

const subjects = async ({ revocations }: Store, position: number) =>
  (await revocations.after(position, 10)).map((entry) => entry.subject)

test('PostgreSQL: no later position is seen before that of a slower commit', async () => {
  await using at = await openTestStore('PostgreSQL')
  const reader = await at.open()
  const before = await reader.revocations.head()
  const slow = await holdOpen(at.url, 'slow')
  try {
    const quick = at.store.revocations.revoke(revokedToken('quick'), event())
    assert.equal(await isSettled(quick, 300), false)
    assert.deepEqual(await reader.revocations.head(), before)
    assert.deepEqual(await subjects(reader, before.position), [])

    await slow.query('COMMIT')
    await quick
    assert.deepEqual(await subjects(reader, before.position), ['slow', 'quick'])
    assert.equal((await reader.revocations.head()).position, before.position + 2)
  } finally {
    await slow.end()
  }
})

test('PostgreSQL: a slower transaction that is undone leaves no gap that hides the next one', async () => {
  await using at = await openTestStore('PostgreSQL')
  const slow = await holdOpen(at.url, 'slow')
  try {
    const quick = at.store.revocations.revoke(revokedToken('quick'), event())
    await slow.query('ROLLBACK')
    await quick
    assert.deepEqual(await subjects(at.store, 0), ['quick'])
    assert.equal((await at.store.revocations.head()).position, 1)
  } finally {
    await slow.end()
  }
})
