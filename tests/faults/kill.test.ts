import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { stopOwnPostgres } from '../support/postgres.ts'
import { databases } from './kept-database.ts'
import { killRounds } from './kill.ts'
import { killConnectionRounds } from './kill-connections.ts'

after(stopOwnPostgres)

/** `node tests/faults/kill.ts` runs 50. */
const rounds = 5
const connectionRounds = 3

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

  test(`${database}: no connection is lost, and none is half there, when the server is killed while apps connect and refresh`, async () => {
    const results = await killConnectionRounds(database, connectionRounds)
    assert.equal(results.length, connectionRounds)
    for (const { redeemed, refreshed, cutOff, faults } of results) {
      assert.ok(redeemed > 0 && refreshed > 0, 'too little was acknowledged before the kill')
      assert.ok(cutOff > 0, 'nothing was in flight at the kill')
      assert.deepEqual(faults, [])
    }
  })
}
