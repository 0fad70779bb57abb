import assert from 'node:assert/strict'
import type { Store } from '../store/store.ts'
import { overBothDatabases } from '../store/testing/databases.ts'
import {
  createSignInLimits,
  firstWaitSeconds,
  freeAttempts,
  knownNetworkSeconds,
  longestWaitSeconds,
  maxFailuresOfNetwork,
  maxFailuresOfUser,
  type SignInLimits,
} from './sign-in-limits.ts'

const address = '192.0.2.1'
const jane = { username: 'jane', address }
const elsewhere = (index: number) => `198.51.${index >> 8}.${index & 255}`

/** Limits, and a time that stands still until it is moved. */
function limitsAt(store: Store) {
  const time = { now: 1_800_000_000 }
  return { time, limits: createSignInLimits({ limits: store.limits, clock: () => time.now }) }
}

/** Wrong passwords, one after another; says how many anybody looked at. */
async function fail(limits: SignInLimits, times: number, trier = jane): Promise<number> {
  let looked = 0
  for (let index = 0; index < times; index++) if ((await limits.admit(trier)).isAdmitted) looked++
  return looked
}

async function succeed(limits: SignInLimits, trier = jane): Promise<void> {
  const admission = await limits.admit(trier)
  assert.ok(admission.isAdmitted)
  await admission.succeeded()
}

async function waitOf(limits: SignInLimits, trier = jane): Promise<number> {
  const admission = await limits.admit(trier)
  assert.ok(!admission.isAdmitted)
  return admission.retryAfterSeconds
}

overBothDatabases((contract) => {
  contract('66: after the free attempts each takes a longer wait, up to the longest', async ({ store }) => {
    const { limits, time } = limitsAt(store)
    assert.equal(await fail(limits, freeAttempts + 5), freeAttempts)
    const waits: number[] = []
    for (let round = 0; round < 9; round++) {
      const wait = await waitOf(limits)
      waits.push(wait)
      time.now += wait - 1
      assert.equal(await fail(limits, 1), 0)
      time.now += 1
      assert.equal(await fail(limits, 3), 1)
    }
    const expected = waits.map((_, round) => Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** round))
    assert.deepEqual(waits, expected)
    assert.equal(waits.at(-1), longestWaitSeconds)
  })

  contract('66: asking during a wait makes it no longer', async ({ store }) => {
    const { limits, time } = limitsAt(store)
    await fail(limits, freeAttempts + 50)
    time.now += firstWaitSeconds
    assert.equal(await fail(limits, 1), 1)
    assert.equal(await waitOf(limits), 2 * firstWaitSeconds)
  })

  contract(
    '66: of 50 guesses at once no more are looked at than one after another',
    async ({ store, open }) => {
      const { limits, time } = limitsAt(store)
      const other = createSignInLimits({ limits: (await open()).limits, clock: () => time.now })
      const burst = async () => {
        const admissions = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (index % 2 ? limits : other).admit(jane)),
        )
        return admissions.filter(({ isAdmitted }) => isAdmitted).length
      }
      assert.equal(await burst(), freeAttempts)
      time.now += longestWaitSeconds
      assert.equal(await burst(), 1)
    },
  )

  contract('a right password begins anew', async ({ store }) => {
    const { limits } = limitsAt(store)
    await fail(limits, freeAttempts - 1)
    await succeed(limits)
    assert.equal(await fail(limits, freeAttempts + 5), freeAttempts)
  })

  contract(
    '66: many names from one network, and from one /64, are held up, and other networks are not',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      const list = async (addressOf: (index: number) => string) => {
        let looked = 0
        for (let index = 0; index < maxFailuresOfNetwork + 10; index++)
          looked += await fail(limits, 1, { username: `${addressOf(0)} ${index}`, address: addressOf(index) })
        return looked
      }
      assert.equal(await list(() => address), maxFailuresOfNetwork)
      assert.equal(await list((index) => `2001:db8::${index.toString(16)}`), maxFailuresOfNetwork)
      assert.equal(await list(elsewhere), maxFailuresOfNetwork + 10)
    },
  )

  contract('right passwords do not use up what a network may fail', async ({ store }) => {
    const { limits } = limitsAt(store)
    for (let index = 0; index < maxFailuresOfNetwork + 5; index++)
      await succeed(limits, { username: `person ${index}`, address })
  })

  contract(
    '66: guesses from many addresses are held up, and the owner signs in from where they did before',
    async ({ store }) => {
      const { limits, time } = limitsAt(store)
      await succeed(limits)
      let looked = 0
      for (let index = 0; index < maxFailuresOfUser + 10; index++)
        looked += await fail(limits, 1, { username: 'jane', address: elsewhere(index) })
      assert.equal(looked, maxFailuresOfUser)
      await fail(limits, 2)
      await succeed(limits)
      assert.ok((await waitOf(limits, { username: 'jane', address: elsewhere(999) })) <= 3600)
      time.now += 3600
      assert.equal(await fail(limits, 1, { username: 'jane', address: elsewhere(999) }), 1)
    },
  )

  contract(
    '66: a network that fails too often holds up nobody who signed in from it before',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      await succeed(limits)
      for (let index = 0; index < maxFailuresOfNetwork; index++)
        await fail(limits, 1, { username: `x${index}`, address })
      assert.equal(await fail(limits, 1, { username: 'john', address }), 0)
      await succeed(limits)
    },
  )

  contract(
    'a network is forgotten when nobody signed in from it for long, and kept when they did',
    async ({ store }) => {
      const { limits, time } = limitsAt(store)
      const attack = async () => {
        for (let index = 0; index < maxFailuresOfUser; index++)
          await fail(limits, 1, { username: 'jane', address: elsewhere(index) })
      }
      await succeed(limits)
      time.now += knownNetworkSeconds - 3600
      await succeed(limits)
      time.now += knownNetworkSeconds - 3600
      await attack()
      await succeed(limits)
      time.now += knownNetworkSeconds
      await attack()
      assert.equal(await fail(limits, 1), 0)
    },
  )

  contract('66: other spellings of a username and of an address are no other attempts', async ({ store }) => {
    const { limits } = limitsAt(store)
    const spellings = ['jane', 'JANE', ' jane ', 'ｊａｎｅ']
    let looked = 0
    for (let index = 0; index < freeAttempts + 5; index++) {
      const username = spellings[index % spellings.length] ?? ''
      looked += await fail(limits, 1, { username, address: index % 2 ? address : `::ffff:${address}` })
    }
    assert.equal(looked, freeAttempts)
  })

  contract('66: callers whose address is unknown count as one', async ({ store }) => {
    const { limits } = limitsAt(store)
    assert.equal(await fail(limits, freeAttempts + 5, { username: 'jane', address: '' }), freeAttempts)
  })
})
