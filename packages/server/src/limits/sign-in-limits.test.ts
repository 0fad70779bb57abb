import assert from 'node:assert/strict'
import type { Store } from '../store/store.ts'
import { overBothDatabases } from '../store/testing/databases.ts'
import {
  createSignInLimits,
  firstWaitSeconds,
  freeAttempts,
  inFlightRetrySeconds,
  knownPlaceSeconds,
  longestWaitSeconds,
  maxFailuresOfName,
  maxFailuresOfNetwork,
  maxOutagesOfName,
  maxOutagesOfNetwork,
  type SignInLimits,
  type Trier,
} from './sign-in-limits.ts'

const address = '192.0.2.1'
const jane: Trier = { username: 'jane', person: 'id-jane', address }
/** Jane in a browser of hers. */
const janeAtHers: Trier = { ...jane, browserId: 'a browser of hers' }
const elsewhere = (index: number) => `198.51.${index >> 8}.${index & 255}`

/** Limits, and a time that stands still until it is moved. */
function limitsAt(store: Store) {
  const time = { now: 1_800_000_000 }
  return { time, limits: createSignInLimits({ limits: store.limits, clock: () => time.now }) }
}

/** Wrong passwords, one after another; says how many anybody looked at. */
async function fail(limits: SignInLimits, times: number, trier = jane): Promise<number> {
  let looked = 0
  for (let index = 0; index < times; index++) {
    const admission = await limits.admit(trier)
    if (!admission.isAdmitted) continue
    admission.failed()
    looked++
  }
  return looked
}

/** Attempts that nobody can look at; says how many were admitted. */
async function withdraw(limits: SignInLimits, times: number, trier = jane): Promise<number> {
  let admitted = 0
  for (let index = 0; index < times; index++) {
    const admission = await limits.admit(trier)
    if (!admission.isAdmitted) continue
    await admission.withdrawn()
    admitted++
  }
  return admitted
}

/** Somebody guesses at Jane from as many networks as it takes. */
async function attackFromElsewhere(limits: SignInLimits): Promise<number> {
  let looked = 0
  for (let index = 0; index < maxFailuresOfName + 10; index++)
    looked += await fail(limits, 1, { ...jane, address: elsewhere(index) })
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
    await succeed(limits, janeAtHers)
    assert.equal(await fail(limits, freeAttempts + 5, janeAtHers), freeAttempts)
    const waits: number[] = []
    for (let round = 0; round < 9; round++) {
      const wait = await waitOf(limits, janeAtHers)
      waits.push(wait)
      time.now += wait - 1
      assert.equal(await fail(limits, 1, janeAtHers), 0)
      time.now += 1
      assert.equal(await fail(limits, 3, janeAtHers), 1)
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
          looked += await fail(limits, 1, {
            username: `${addressOf(0)} ${index}`,
            person: '',
            address: addressOf(index),
          })
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
      await succeed(limits, { username: `person ${index}`, person: `${index}`, address })
  })

  contract(
    '66: guesses from many addresses are held up, and the owner signs in from where they did before',
    async ({ store }) => {
      const { limits, time } = limitsAt(store)
      await succeed(limits)
      assert.equal(await attackFromElsewhere(limits), maxFailuresOfName)
      await fail(limits, 2)
      await succeed(limits)
      assert.ok((await waitOf(limits, { ...jane, address: elsewhere(999) })) <= 3600)
      time.now += 3600
      assert.equal(await fail(limits, 1, { ...jane, address: elsewhere(999) }), 1)
    },
  )

  contract(
    '66: a network that fails too often holds up nobody who signed in from it before',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      await succeed(limits)
      for (let index = 0; index < maxFailuresOfNetwork; index++)
        await fail(limits, 1, { username: `x${index}`, person: '', address })
      assert.equal(await fail(limits, 1, { username: 'john', person: 'id-john', address }), 0)
      await succeed(limits)
    },
  )

  contract(
    'a network is forgotten when nobody signed in from it for long, and kept when they did',
    async ({ store }) => {
      const { limits, time } = limitsAt(store)
      await succeed(limits)
      time.now += knownPlaceSeconds - 3600
      await succeed(limits)
      time.now += knownPlaceSeconds - 3600
      await attackFromElsewhere(limits)
      await succeed(limits)
      time.now += knownPlaceSeconds
      await attackFromElsewhere(limits)
      assert.equal(await fail(limits, 1), 0)
    },
  )

  contract('66: other spellings of a username and of an address are no other attempts', async ({ store }) => {
    const { limits } = limitsAt(store)
    const spellings = ['jane', 'JANE', ' jane ', 'ｊａｎｅ', 'jané', 'jan\u0117', 'ja\u00adne', 'ja\0ne']
    let looked = 0
    for (let index = 0; index < freeAttempts + 5; index++) {
      const username = spellings[index % spellings.length] ?? ''
      looked += await fail(limits, 1, {
        ...jane,
        username,
        address: index % 2 ? address : `::ffff:${address}`,
      })
    }
    assert.equal(looked, freeAttempts)
  })

  contract('66: callers whose address is unknown count as one', async ({ store }) => {
    const { limits } = limitsAt(store)
    assert.equal(await fail(limits, freeAttempts + 5, { ...jane, address: '' }), freeAttempts)
  })

  contract(
    '66: in a browser where they signed in, nobody else holds a person up, from the same network or from elsewhere',
    async ({ store }) => {
      const { limits, time } = limitsAt(store)
      await succeed(limits, janeAtHers)
      for (let round = 0; round < 30; round++) {
        // Whoever shares the network guesses as soon as each wait is over.
        await fail(limits, freeAttempts + 1)
        await attackFromElsewhere(limits)
        assert.equal(await fail(limits, 1, janeAtHers), 1)
        await succeed(limits, janeAtHers)
        time.now += longestWaitSeconds
      }
    },
  )

  contract('66: guesses in a browser where they signed in are held up there', async ({ store }) => {
    const { limits } = limitsAt(store)
    await succeed(limits, janeAtHers)
    assert.equal(await fail(limits, freeAttempts + 5, janeAtHers), freeAttempts)
    assert.equal(await waitOf(limits, janeAtHers), firstWaitSeconds)
    // Wherever it is carried.
    assert.equal(await fail(limits, 5, { ...janeAtHers, address: elsewhere(1) }), 0)
  })

  contract(
    '66: a browser is known to nobody by its id alone, however often it changes',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      let looked = 0
      for (let index = 0; index < freeAttempts + 5; index++)
        looked += await fail(limits, 1, { ...jane, browserId: `browser ${index}` })
      assert.equal(looked, freeAttempts)
    },
  )

  contract(
    '66: to sign in as one does not make a place known to another whose name counts as one',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      let looked = 0
      for (let index = 0; index < maxFailuresOfName + 5; index++) {
        const where = { address: elsewhere(index), browserId: `browser ${index}` }
        await succeed(limits, { ...where, username: 'jané', person: 'somebody else' })
        looked += await fail(limits, 1, { ...jane, ...where })
        if (looked === maxFailuresOfName) break
      }
      assert.equal(looked, maxFailuresOfName)
      const where = { address: elsewhere(0), browserId: 'browser 0' }
      assert.equal(await fail(limits, 1, { ...jane, ...where }), 0)
    },
  )

  contract(
    '66: who proved by mail who they are signs in, whatever was guessed before and is after',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      const names = ['jane', 'Jane@example.com']
      const guess = async () => {
        await fail(limits, freeAttempts + 5)
        await attackFromElsewhere(limits)
      }
      await guess()
      assert.equal(await fail(limits, 1, janeAtHers), 0)
      const { person, address, browserId } = janeAtHers
      await limits.trust({ person, address, browserId, names })
      // A program of theirs, from the same network.
      await succeed(limits)
      await guess()
      for (const username of names) await succeed(limits, { ...janeAtHers, username })
    },
  )

  contract(
    'what nobody could look at leaves no trace, not even the wait that it began',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      await fail(limits, freeAttempts - 1)
      assert.equal(await withdraw(limits, 3), 3)
      assert.equal(await fail(limits, 3), 1)
      assert.equal(await waitOf(limits), firstWaitSeconds)
      const others = { ...jane, address: elsewhere(1) }
      assert.equal(await withdraw(limits, maxOutagesOfName - 3, others), maxOutagesOfName - 3)
      assert.equal(await attackFromElsewhere(limits), maxFailuresOfName - freeAttempts)
    },
  )

  contract(
    '66: what fails again and again where it should say wrong gives no guesses without end',
    async ({ store }) => {
      const { limits, time } = limitsAt(store)
      assert.equal(await withdraw(limits, 100), maxOutagesOfName + freeAttempts)
      let admitted = 0
      for (let index = 0; index < maxOutagesOfNetwork + maxFailuresOfNetwork; index++)
        admitted += await withdraw(limits, 1, { username: `x${index}`, person: '', address: elsewhere(1) })
      assert.equal(admitted, maxOutagesOfNetwork + maxFailuresOfNetwork)
      assert.equal(await withdraw(limits, 1, { username: 'y', person: '', address: elsewhere(1) }), 0)
      time.now += longestWaitSeconds
      assert.equal(await withdraw(limits, 5), 1)
    },
  )

  contract(
    'of too many at once from one network the rest try again in a moment, and are let in',
    async ({ store }) => {
      const { limits } = limitsAt(store)
      const person = (index: number): Trier => ({ username: `person ${index}`, person: `${index}`, address })
      const admissions = await Promise.all(
        Array.from({ length: maxFailuresOfNetwork + 20 }, (_, index) => limits.admit(person(index))),
      )
      const admitted = admissions.filter((admission) => admission.isAdmitted)
      assert.equal(admitted.length, maxFailuresOfNetwork)
      for (const admission of admissions)
        if (!admission.isAdmitted) assert.equal(admission.retryAfterSeconds, inFlightRetrySeconds)
      assert.equal(await waitOf(limits, person(999)), inFlightRetrySeconds)
      await Promise.all(admitted.map((admission) => admission.succeeded()))
      await succeed(limits, person(999))
      await fail(limits, 1, person(1000))
      for (let index = 0; index < maxFailuresOfNetwork; index++) await fail(limits, 1, person(2000 + index))
      assert.equal(await waitOf(limits, person(1001)), 3600)
    },
  )
})
