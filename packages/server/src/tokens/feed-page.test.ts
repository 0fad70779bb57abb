import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expiryMarginSeconds } from '../store/revocations.ts'
import { openTestStore } from '../store/testing/databases.ts'
import { event, now, revokedToken } from '../store/testing/rows.ts'
import { readPage } from './feed-page.ts'

async function open() {
  const at = await openTestStore('SQLite')
  const { revocations } = at.store
  const revoke = (subject: string, expires_at = now + 600) =>
    revocations.revoke(revokedToken(subject, { expires_at }), event())
  const page = async (cursor?: string) => readPage(revocations, await revocations.head(), cursor)
  return { at, revocations, revoke, page }
}

const ids = (page: { entries: { id: string }[] }): string[] => page.entries.map(({ id }) => id)

test('the first page is a snapshot, and its cursor goes on with what came after it', async () => {
  const { at, revoke, page } = await open()
  await using _ = at
  await revoke('one')
  const first = await page()
  assert.deepEqual([first.snapshot, first.more, ids(first)], [true, false, ['one']])
  await revoke('two')
  const second = await page(first.cursor)
  assert.deepEqual([second.snapshot, second.more, ids(second)], [false, false, ['two']])
  assert.deepEqual(ids(await page(second.cursor)), [])
})

test('a feed that is purged to nothing goes on from its position, and who was below begins anew', async () => {
  const { at, revocations, revoke, page } = await open()
  await using _ = at
  const atStart = await page()
  await revoke('one', now)
  await revoke('two', now)
  const upToDate = await page(atStart.cursor)
  assert.equal(await revocations.purge(now + expiryMarginSeconds, 10), 2)
  const kept = await page(upToDate.cursor)
  assert.deepEqual([kept.snapshot, kept.cursor, ids(kept)], [false, upToDate.cursor, []])
  const behind = await page(atStart.cursor)
  assert.deepEqual([behind.snapshot, behind.cursor, ids(behind)], [true, upToDate.cursor, []])
  await revoke('three')
  assert.deepEqual(ids(await page(behind.cursor)), ['three'])
})

test('a cursor of another feed, of the future, or of no feed at all begins a snapshot', async () => {
  const { at, revocations, revoke, page } = await open()
  await using _ = at
  await revoke('one')
  const { cursor } = await page()
  const [feed, position] = cursor.split('.')
  const others = [
    `${'a'.repeat(26)}.${position}`,
    `${feed}.2`,
    `${feed}.-1`,
    `${feed}.1e9`,
    `${feed}`,
    '',
    '.',
    'x.1',
  ]
  for (const other of others) {
    const answer = await page(other)
    assert.deepEqual([other, answer.snapshot, ids(answer)], [other, true, ['one']])
  }
  await revocations.restart(event('server'))
  const anew = await page(cursor)
  assert.deepEqual([anew.snapshot, ids(anew), anew.epoch], [true, [], now])
})

test('a snapshot of several pages goes on below what is purged meanwhile, and misses nothing that lives', async () => {
  const { at, revocations, revoke, page } = await open()
  await using _ = at
  for (let index = 0; index < 1_500; index++) await revoke(`t${index}`, index < 1_200 ? now : now + 600)
  const first = await page()
  assert.deepEqual([first.snapshot, first.more, first.entries.length], [true, true, 1_000])
  await revocations.purge(now + expiryMarginSeconds, 2_000)
  const second = await page(first.cursor)
  assert.deepEqual([second.snapshot, second.more, second.entries.length], [false, false, 300])
})
