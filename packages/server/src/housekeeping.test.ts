import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { pino } from 'pino'
import { eventually } from '../../../tests/support/eventually.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openTestStore } from './store/testing/databases.ts'
import {
  addPeopleAndClients,
  authorizationCode,
  connection,
  countRows,
  event,
  mailLink,
  now,
  opaqueToken,
  revokedToken,
} from './store/testing/rows.ts'

const growing = [
  'opaque_tokens',
  'authorization_codes',
  'connections',
  'sessions',
  'session_accounts',
  'mail_links',
  'limits',
  'revocations',
  'audit_events',
] as const

const yearSeconds = 366 * 86_400

test('within a minute, everything that expired is gone, however much it is, and what lives stays', async () => {
  await using at = await openTestStore('SQLite')
  const { store } = at
  await addPeopleAndClients(store)
  const addOne = async (id: string, from: number) => {
    const expires_at = from + 60
    await store.opaqueTokens.add(opaqueToken(id, { expires_at }))
    await store.authorizationCodes.add(authorizationCode(id, { expires_at }), { epoch: 0 })
    const lifetimes = { expires_at, absolute_expires_at: expires_at }
    await store.connections.open(connection(id, lifetimes), { epoch: 0 }, 'many', event(id, from))
    await store.mailLinks.add(mailLink(id, { expires_at }))
    await store.limits.count(id, 60, from)
    await store.revocations.revoke(revokedToken(id, { expires_at }), event(id, from))
    await store.sessions.signIn({
      sessionHash: undefined,
      newHash: id,
      user: { id: 'jane', epoch: 0 },
      idleLifetimeSeconds: 60,
      lifetimeSeconds: 60,
      event: event(id, from),
    })
  }
  const later = now + 2 * yearSeconds
  await addOne('expired', now)
  await Promise.all(Array.from({ length: 1_100 }, (_, index) => store.limits.count(`${index}`, 60, now)))
  await addOne('live', later)
  const left = () => Promise.all(growing.map((table) => countRows(store, table)))
  const alive = growing.map((table) => (table === 'audit_events' ? 3 : 1))

  mock.timers.enable({ apis: ['setInterval'] })
  const housekeeping = startHousekeeping({ store, clock: () => later, logger: pino({ level: 'silent' }) })
  try {
    mock.timers.tick(60_000)
    await eventually(async () => `${await left()}` === `${alive}`)
    assert.deepEqual(await left(), alive)
  } finally {
    housekeeping.stop()
    mock.timers.reset()
  }
})
