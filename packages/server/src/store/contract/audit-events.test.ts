import assert from 'node:assert/strict'
import { overBothDatabases } from '../testing/databases.ts'
import { assertRows, event, now, revokedToken } from '../testing/rows.ts'

overBothDatabases((contract) => {
  contract('an event of the audit log is what was written, newest first', async ({ store }) => {
    for (const at of [now + 2, now, now + 1]) {
      await store.revocations.revoke(revokedToken(`${at}`), event(`token:${at}`, at))
    }
    assertRows(await store.auditEvents.list(2), [
      event(`token:${now + 2}`, now + 2),
      event(`token:${now + 1}`, now + 1),
    ])
  })

  contract('an event of the audit log is kept 400 days, and then goes in batches', async ({ store }) => {
    const retention = 400 * 86_400
    for (let index = 0; index < 5; index++) {
      await store.revocations.revoke(revokedToken(`${index}`), event(`token:${index}`, now + index))
    }
    assert.equal(await store.auditEvents.purge(now + retention - 1, 10), 0)
    assert.equal(await store.auditEvents.purge(now + retention + 3, 3), 3)
    assert.equal(await store.auditEvents.purge(now + retention + 3, 3), 1)
    assertRows(await store.auditEvents.list(10), [event('token:4', now + 4)])
  })
})
