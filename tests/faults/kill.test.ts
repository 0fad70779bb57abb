import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { stopOwnPostgres } from '../support/postgres.ts'
import { databases, killRounds } from './kill.ts'

after(stopOwnPostgres)

/** `node tests/faults/kill.ts` runs 50. */
const rounds = 5

for (const database of databases) {
  test(`${database}: no acknowledged token is lost when the server is killed while it issues`, async () => {
    const results = await killRounds(database, rounds)
    assert.equal(results.length, rounds)
    for (const { acknowledged, cutOff, lost } of results) {
      assert.ok(acknowledged > 0, 'nothing was acknowledged before the kill')
      assert.ok(cutOff > 0, 'nothing was in flight at the kill')
      assert.equal(lost, 0)
    }
  })
}
