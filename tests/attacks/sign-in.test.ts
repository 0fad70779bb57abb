import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median } from '../../bench/harness/statistics.ts'
import type { VerifyPerson } from '../../packages/server/src/config/config.ts'
import {
  freeAttempts,
  longestWaitSeconds,
  maxFailuresOfName,
  maxFailuresOfNetwork,
  maxOutagesOfName,
} from '../../packages/server/src/limits/sign-in-limits.ts'
import { createPeople } from '../../packages/server/src/people/create-people.ts'
import { hashPassword } from '../../packages/server/src/people/password.ts'
import type { People, SignInResult } from '../../packages/server/src/people/people.ts'
import { openTestStore, type TestStore } from '../../packages/server/src/store/testing/databases.ts'
import type { User } from '../../packages/server/src/store/users.ts'

const password = 'correct horse battery'
const bcrypt = '$2b$06$abcdefghijklmnopqrstuu50eFBEC8vQwBnuFXMHE45jBnqvQ8xz.'
const event = (subject: string) => ({ at: 1_800_000_000, actor: 'test', action: 'thing.done', subject })

interface Setup extends AsyncDisposable {
  at: TestStore
  people: People
  time: { now: number }
  /** Each call from an address of its own, where none is named. */
  signIn(attempt: { username?: string; password?: string; address?: string }): Promise<SignInResult>
  add(username: string, change?: Partial<User>): Promise<void>
}

async function setUp(verify?: VerifyPerson): Promise<Setup> {
  const at = await openTestStore('SQLite')
  const time = { now: 1_800_000_000 }
  const config = { people: verify && { verify }, peopleSecret: undefined }
  const people = createPeople({ config, clock: () => time.now, store: at.store })
  const password_hash = await hashPassword(password)
  let calls = 0
  return {
    at,
    people,
    time,
    signIn: (attempt) => {
      calls++
      return people.signIn({ username: 'jane', password, address: addressOf(calls), ...attempt })
    },
    async add(username, change = {}) {
      const user = { id: `id-${username}`, username, name: 'Jane Black', password_hash, created_at: time.now }
      await at.store.users.add({ ...user, ...change }, event(user.id))
    },
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  }
}

const addressOf = (index: number): string => `198.51.${index >> 8}.${index & 255}`

test('the right password signs in, by username or mail address, and nothing else does', async () => {
  await using setup = await setUp()
  await setup.add('jane', { email: 'jane@example.com' })
  for (const username of ['jane', 'jane@example.com', ' Jane@Example.com ']) {
    const result = await setup.signIn({ username })
    assert.ok(result.kind === 'signed_in' && result.user.id === 'id-jane', username)
  }
  for (const wrong of [
    { password: '' },
    { password: `${password} ` },
    { username: '' },
    { username: 'jane\0' },
    { username: 'id-jane' },
  ])
    assert.deepEqual(await setup.signIn(wrong), { kind: 'refused' })
})

test('65: unknown, disabled, a wrong password and one that another system checks get one answer, for the same work', async () => {
  await using setup = await setUp()
  await setup.add('jane')
  await setup.add('disabled')
  await setup.at.store.users.disable('id-disabled', event('user:id-disabled'))
  await setup.add('external', { password_hash: '' })
  const attempts = {
    wrong: { username: 'jane', password: 'wrong' },
    unknown: { username: 'nobody', password: 'wrong' },
    disabled: { username: 'disabled', password },
    external: { username: 'external', password: '' },
  }
  type Name = keyof typeof attempts
  const names = Object.keys(attempts) as Name[]
  // In time of the processor, which others who are busy take none of.
  const works: Record<Name, number[]> = { wrong: [], unknown: [], disabled: [], external: [] }
  for (let round = 0; round < 15; round++) {
    for (const name of names) {
      const before = process.cpuUsage()
      assert.deepEqual(await setup.signIn(attempts[name]), { kind: 'refused' })
      const { user, system } = process.cpuUsage(before)
      works[name].push(user + system)
    }
    // Nobody is to be throttled here.
    setup.time.now += 3_600
  }
  for (const name of names) {
    // Without the work of a hash it would be a tenth at most.
    const ratio = median(works[name]) / median(works.wrong)
    assert.ok(
      ratio > 0.5 && ratio < 2,
      `${name} takes ${ratio.toFixed(2)} times the work of a wrong password`,
    )
  }
})

test('65: throttling says the same of somebody and of nobody', async () => {
  await using setup = await setUp()
  await setup.add('jane')
  const storm = async (username: string) => {
    const results: SignInResult[] = []
    for (let index = 0; index < freeAttempts + 3; index++)
      results.push(await setup.signIn({ username, password: 'wrong', address: '192.0.2.1' }))
    return results
  }
  assert.deepEqual(await storm('jane'), await storm('nobody'))
})

test('66: who guesses from one address is stopped, and the right password does not open during the wait', async () => {
  await using setup = await setUp()
  await setup.add('jane')
  await setup.add('john')
  const stopped = { jane: '192.0.2.1', john: '2001:db8::1' }
  for (const [username, address] of Object.entries(stopped)) {
    for (let index = 0; index < freeAttempts; index++)
      assert.equal((await setup.signIn({ username, password: `wrong ${index}`, address })).kind, 'refused')
    const result = await setup.signIn({ username, address })
    assert.ok(result.kind === 'throttled' && result.retryAfterSeconds > 0)
  }
  const john = (address: string) => setup.signIn({ username: 'john', address })
  assert.equal((await john('2001:db8::ffff:1')).kind, 'throttled')
  assert.equal((await john('2001:db8:0:1::1')).kind, 'signed_in')
  setup.time.now += longestWaitSeconds
  assert.equal((await setup.signIn({ address: stopped.jane })).kind, 'signed_in')
})

test('66: of 50 guesses at once no more are looked at than of guesses one after another', async () => {
  await using setup = await setUp()
  await setup.add('jane')
  const guesses = Array.from({ length: 50 }, (_, index) =>
    setup.signIn({ password: index === 49 ? password : `wrong ${index}`, address: '192.0.2.1' }),
  )
  const kinds = (await Promise.all(guesses)).map(({ kind }) => kind)
  assert.equal(kinds.filter((kind) => kind !== 'throttled').length, freeAttempts)
})

test('66: guesses from many addresses are stopped, and lock out nobody at an address of theirs', async () => {
  await using setup = await setUp()
  await setup.add('jane')
  const home = '203.0.113.7'
  assert.equal((await setup.signIn({ address: home })).kind, 'signed_in')
  let looked = 0
  for (let index = 0; index < maxFailuresOfName + 20; index++)
    if ((await setup.signIn({ password: `wrong ${index}` })).kind === 'refused') looked++
  assert.equal(looked, maxFailuresOfName)
  assert.equal((await setup.signIn({})).kind, 'throttled')
  assert.equal((await setup.signIn({ address: home, password: 'mistyped' })).kind, 'refused')
  assert.equal((await setup.signIn({ address: home })).kind, 'signed_in')
})

test('66: one password for many names from one address is stopped', async () => {
  const seen = new Set<string>()
  await using setup = await setUp(async (username) => {
    seen.add(username)
    return undefined
  })
  for (let index = 0; index < maxFailuresOfNetwork + 20; index++)
    await setup.signIn({ username: `name ${index}`, address: '192.0.2.1' })
  assert.equal(seen.size, maxFailuresOfNetwork)
})

test('66: what is throttled, too long or has too long a name is not shown to another system', async () => {
  let asked = 0
  await using setup = await setUp(async () => {
    asked++
    return undefined
  })
  assert.deepEqual(await setup.signIn({ password: 'x'.repeat(2 ** 20) }), { kind: 'refused' })
  assert.deepEqual(await setup.signIn({ username: 'x'.repeat(2 ** 20) }), { kind: 'refused' })
  assert.equal(asked, 0)
  for (let index = 0; index < freeAttempts + 5; index++) await setup.signIn({ address: '192.0.2.1' })
  assert.equal(asked, freeAttempts)
})

test('66: a system that throws where it should say nobody gives no free guesses', async () => {
  let asked = 0
  await using setup = await setUp(async () => {
    asked++
    throw new Error('wrong password')
  })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, () => setup.signIn({ address: '192.0.2.1' })),
  )
  assert.ok(asked <= freeAttempts + maxOutagesOfName, `${asked}`)
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, asked)
})

test('84: a password of a megabyte is refused for nearly no work', async () => {
  await using setup = await setUp()
  await setup.add('jane')
  const cpuOf = async (attempt: string) => {
    setup.time.now += 3_600
    const before = process.cpuUsage()
    for (let index = 0; index < 10; index++)
      assert.deepEqual(await setup.signIn({ password: attempt }), { kind: 'refused' })
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  await cpuOf('warm up')
  assert.ok(4 * (await cpuOf('x'.repeat(2 ** 20))) < (await cpuOf('wrong')))
})

test('a hash from another system becomes one of ours at the first sign-in, and the password stays good', async () => {
  await using setup = await setUp()
  await setup.add('jane', { password_hash: bcrypt })
  const stored = async () => (await setup.at.store.users.find('id-jane'))?.password_hash ?? ''
  await setup.signIn({ password: 'wrong' })
  assert.equal(await stored(), bcrypt)
  assert.equal((await setup.signIn({})).kind, 'signed_in')
  const upgraded = await stored()
  assert.match(upgraded, /^\$argon2id\$/)
  assert.equal((await setup.signIn({})).kind, 'signed_in')
  assert.equal(await stored(), upgraded)
})

test('a password whose end bcrypt overlooks is not kept in a better hash: its end may be wrong', async () => {
  await using setup = await setUp()
  const stored = '$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i'
  await setup.add('jane', { password_hash: stored })
  assert.equal((await setup.signIn({ password: `${'x'.repeat(72)} mistyped` })).kind, 'signed_in')
  assert.equal((await setup.at.store.users.find('id-jane'))?.password_hash, stored)
})

test('an outage of another system keeps nobody out once it is over', async () => {
  let isDown = true
  await using setup = await setUp(async () => {
    if (isDown) throw new Error('down')
    return { id: '42', name: 'Jane Black' }
  })
  const address = '192.0.2.1'
  for (let index = 0; index < freeAttempts + 5; index++)
    await assert.rejects(setup.signIn({ address }), { status: 503 })
  isDown = false
  assert.equal((await setup.signIn({ address })).kind, 'signed_in')
})

test('66: who set a new password by mail signs in, whatever others guess', async () => {
  await using setup = await setUp()
  await setup.add('jane', { email: 'jane@example.com' })
  const at = { address: '203.0.113.7', browserId: 'a browser of hers' }
  const attack = async () => {
    for (let index = 0; index < maxFailuresOfName + 5; index++) await setup.signIn({ password: 'wrong' })
  }
  await attack()
  assert.equal((await setup.people.signIn({ username: 'jane', password, ...at })).kind, 'throttled')
  await setup.people.trust({ id: 'id-jane', username: 'jane', email: 'jane@example.com' }, at)
  await attack()
  assert.equal((await setup.people.signIn({ username: 'jane', password, ...at })).kind, 'signed_in')
})
