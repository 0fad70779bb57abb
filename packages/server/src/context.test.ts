import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { createContext } from './context.ts'
import { compileRoutes } from './dialects/compile.ts'
import { revokeSigningKey } from './keys/key-ring.ts'
import { createSeal } from './keys/seal.ts'
import { resolveConfig } from './resolve-config.ts'
import { endpointUrls } from './routes.ts'
import type { Store } from './store/store.ts'
import { openTestStore } from './store/testing/databases.ts'
import { watchIntervalMs } from './store/watch.ts'

const secret = 'a secret of this test alone and of no other'
const now = 1_800_000_000
const clock = () => now

function start(store: Store) {
  const input = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
  const resolved = resolveConfig(input, { LATCHKEY_SECRET: secret })
  const wires = compileRoutes(resolved.dialect)
  const urls = endpointUrls({ config: resolved.config, wires, keepsOutbox: false })
  return createContext({
    ...resolved,
    wires,
    urls,
    demoUsers: [],
    keepsOutbox: false,
    clock,
    logger: pino({ level: 'silent' }),
    store,
    isStopping: () => false,
  })
}

test('a key that is revoked while a server starts is not one that it signs with', async () => {
  await using at = await openTestStore('SQLite')
  const first = await start(at.store)
  first.watch.close()
  const { kid } = first.keys.current()
  const { signingKeys } = at.store
  let isFirst = true
  const list = async () => {
    const keys = await signingKeys.list()
    if (!isFirst) return keys
    isFirst = false
    const seal = createSeal([secret])
    await revokeSigningKey(
      { store: signingKeys, seal, algorithm: 'ES256', clock, longestLifetimeSeconds: 60 },
      kid,
      'test',
    )
    // Long enough for the watch to see it, before anyone listens.
    await delay(2 * watchIntervalMs)
    return keys
  }
  const late = await start({ ...at.store, signingKeys: { ...signingKeys, list } })
  late.watch.close()
  assert.notEqual(late.keys.current().kid, kid)
  assert.equal(late.keys.find(kid), undefined)
})
