import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findFaults, shareFile } from './shared-file.ts'

/** `node tests/client/shared-file.ts` runs for a minute with each server. */
const seconds = 5

test('ten processes with one refresh token in one file lose no token and no connection and see no 401, though some are killed', async () => {
  const report = await shareFile('latchkey', seconds)
  assert.deepEqual(findFaults('latchkey', report), [], JSON.stringify(report))
})

test('nor do they where a refresh token that comes twice ends the connection', async () => {
  const report = await shareFile('strict', seconds)
  assert.deepEqual(findFaults('strict', report), [], JSON.stringify(report))
})
