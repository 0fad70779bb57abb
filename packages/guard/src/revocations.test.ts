import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RevocableToken, type RevocationEntry, RevocationSet, RevocationSetFull } from './index.ts'

const token: RevocableToken = {
  jti: 'token-1',
  clientId: 'client-1',
  clientEpoch: 2,
  subject: 'user-1',
  userEpoch: 2,
  epoch: 2,
  connectionId: 'connection-1',
  kid: 'key-1',
  apiKeyId: 'api-key-1',
}

const expires_at = 2_000
const tokenEntry = (id: string, client_id = 'client-1'): RevocationEntry => ({
  kind: 'token',
  id,
  client_id,
  expires_at,
})
const clientEntry = (epoch: number, id = 'client-1'): RevocationEntry => ({
  kind: 'client',
  id,
  epoch,
  expires_at,
})

const page = (
  entries: RevocationEntry[],
  rest: { snapshot?: boolean; more?: boolean; epoch?: number } = {},
) => ({
  snapshot: false,
  more: false,
  epoch: 0,
  entries,
  ...rest,
})

function makeSet(options: { maxEntries?: number } = {}) {
  const time = { now: 1_000 }
  return { time, set: new RevocationSet({ now: () => time.now, ...options }) }
}

test('an entry of each kind hits the token that it names, and no other', () => {
  const hits: RevocationEntry[] = [
    tokenEntry('token-1'),
    { kind: 'connection', id: 'connection-1', expires_at },
    clientEntry(3),
    { kind: 'user', id: 'user-1', epoch: 3, expires_at },
    { kind: 'signing_key', id: 'key-1', expires_at },
    { kind: 'api_key', id: 'api-key-1', expires_at },
  ]
  for (const entry of hits) {
    const { set } = makeSet()
    set.apply(page([{ ...entry, id: 'another' }]))
    assert.equal(set.isRevoked(token), false, entry.kind)
    set.apply(page([entry]))
    assert.equal(set.isRevoked(token), true, entry.kind)
  }
})

test('an epoch hits what was issued before it was raised, and nothing after', () => {
  const { set } = makeSet()
  set.apply(page([clientEntry(2), { kind: 'user', id: 'user-1', epoch: 2, expires_at }], { epoch: 2 }))
  assert.equal(set.isRevoked(token), false)
  for (const older of [{ clientEpoch: 1 }, { userEpoch: 1 }, { epoch: 1 }]) {
    assert.equal(set.isRevoked({ ...token, ...older }), true)
  }
  assert.equal(set.epoch, 2)
})

test('an older entry of the same subject does not lower its epoch', () => {
  const { set } = makeSet()
  set.apply(page([clientEntry(3), clientEntry(1)], { epoch: 2 }))
  set.apply(page([], { epoch: 1 }))
  assert.equal(set.isRevoked(token), true)
  assert.equal(set.epoch, 2)
})

test('a snapshot replaces the set in one step, when its last page has come', () => {
  const { set } = makeSet()
  set.apply(page([tokenEntry('token-1')], { epoch: 2 }))
  set.apply(page([tokenEntry('token-2')], { snapshot: true, more: true, epoch: 3 }))
  set.apply(page([tokenEntry('token-3')], { more: true, epoch: 3 }))
  assert.deepEqual([set.size, set.epoch, set.isRevoked(token)], [1, 2, true])
  set.apply(page([tokenEntry('token-4')], { epoch: 0 }))
  assert.deepEqual([set.size, set.epoch, set.isRevoked(token)], [3, 0, false])
  for (const jti of ['token-2', 'token-3', 'token-4']) assert.equal(set.isRevoked({ ...token, jti }), true)
})

test('a snapshot that begins again loses nothing', () => {
  const { set } = makeSet()
  set.apply(page([tokenEntry('token-1')], { snapshot: true, more: true }))
  set.apply(page([tokenEntry('token-2')], { snapshot: true, more: false }))
  assert.equal(set.isRevoked(token), true)
  set.apply(page([], { snapshot: true }))
  assert.equal(set.size, 0)
})

test('expired entries are forgotten little by little, after a margin for clocks, and their tokens have expired too', () => {
  const { set, time } = makeSet()
  set.apply(page(Array.from({ length: 5_000 }, (_, index) => tokenEntry(`token-${index}`))))
  time.now = expires_at + 299
  for (let index = 0; index < 20; index++) set.apply(page([]))
  assert.equal(set.size, 5_000)
  time.now = expires_at + 301
  for (let index = 0; index < 20; index++) set.apply(page([]))
  assert.equal(set.size, 0)
})

test("a client's new epoch takes the place of its earlier token entries, and of no later ones", () => {
  const { set } = makeSet()
  set.apply(page([tokenEntry('a'), tokenEntry('b'), tokenEntry('other', 'client-2')]))
  set.apply(page([clientEntry(1), tokenEntry('c')]))
  assert.equal(set.size, 3)
  assert.equal(set.isRevoked({ ...token, jti: 'a', clientEpoch: 0 }), true)
  assert.equal(set.isRevoked({ ...token, jti: 'c', clientEpoch: 1 }), true)
  assert.equal(set.isRevoked({ ...token, jti: 'other', clientId: 'client-2' }), true)
  set.apply(page([clientEntry(1)]))
  assert.equal(set.isRevoked({ ...token, jti: 'c', clientEpoch: 1 }), true)
})

test('a set that is full says so, and stays as it was', () => {
  const { set } = makeSet({ maxEntries: 3 })
  set.apply(page([tokenEntry('token-1'), tokenEntry('token-2')]))
  assert.throws(() => set.apply(page([tokenEntry('a'), tokenEntry('b')])), RevocationSetFull)
  assert.throws(() => {
    set.apply(page([tokenEntry('a'), tokenEntry('b')], { snapshot: true, more: true }))
    set.apply(page([tokenEntry('c'), tokenEntry('d')]))
  }, RevocationSetFull)
  assert.deepEqual([set.size, set.isRevoked(token)], [2, true])
  set.apply(page([tokenEntry('x')], { snapshot: true }))
  assert.equal(set.size, 1)
})

test('a full set makes room by forgetting what has expired', () => {
  const { set, time } = makeSet({ maxEntries: 3 })
  set.apply(page([tokenEntry('a'), tokenEntry('b'), tokenEntry('c')]))
  time.now = expires_at + 301
  set.apply(page([{ ...tokenEntry('d'), expires_at: 9_000 }]))
  assert.equal(set.size, 1)
})

test("a client's new epoch makes room for what it covers: its earlier tokens and connections, and no other's", () => {
  const { set } = makeSet()
  const connectionEntry = (id: string, client_id?: string): RevocationEntry => ({
    kind: 'connection',
    id,
    client_id,
    expires_at,
  })
  const earlier = [tokenEntry('a'), connectionEntry('b', 'client-1')]
  const others = [tokenEntry('c', 'client-2'), connectionEntry('d', 'client-2'), connectionEntry('e')]
  set.apply(page([...earlier, ...others]))
  set.apply(page([clientEntry(3), connectionEntry('connection-1', 'client-1')]))
  assert.equal(set.size, others.length + 2)
  assert.equal(set.isRevoked({ ...token, clientEpoch: 3 }), true, 'a connection that ended later')
  assert.equal(set.isRevoked({ ...token, clientEpoch: 3, connectionId: 'another' }), false)
  assert.equal(set.isRevoked({ ...token, clientId: 'client-2', connectionId: 'd' }), true)
})
