import type { Clock, UnixSeconds } from '../base/clock.ts'
import type { LimitStore } from '../store/limits.ts'
import { limitKey } from './limit.ts'
import { networkOf } from './network.ts'

/**
 * Attempts under one name at one place before the first wait: people mistype and try their other passwords, and a program
 * signs in several times at once.
 */
export const freeAttempts = 10
/** The first wait. Each one after it is twice as long. */
export const firstWaitSeconds = 15
/** The longest wait: some 100 guesses a day, and an owner who forgot their password is back after a cup of tea. */
export const longestWaitSeconds = 15 * 60
/** How long attempts under one name at one place are remembered. */
const attemptsWindowSeconds = 86_400

const hour = 3600
/** Failures from one network in an hour, whoever they are of: an office mistypes less, and a list of names is longer. */
export const maxFailuresOfNetwork = 100
/**
 * Failures under one name in an hour, from wherever. A person has two names at most, the username and the mail address, so
 * who guesses from many addresses gets some 600 guesses a day. They are not counted together: that would tell whoever
 * tries both that they are one person's.
 */
export const maxFailuresOfName = 12
/** When those that fill one of these two limits are still being looked at, a moment tells how they end. */
export const inFlightRetrySeconds = 5

/**
 * Attempts in an hour that nobody could look at, and so are no failures. An outage has fewer; a system that fails where it
 * should say that a password is wrong has more, and gives no guesses without end.
 */
export const maxOutagesOfName = 20
export const maxOutagesOfNetwork = 1_000

/** How long a place stays known to be a person's own after they signed in there. */
export const knownPlaceSeconds = 30 * 86_400

/** Where somebody is. */
export interface Whereabouts {
  /** An IP address; empty: unknown. */
  address: string
  /** The id of a browser, that nobody else knows; `undefined`: it is a program, or has none yet. */
  browserId?: string | undefined
}

/** Somebody who wants to try a password. */
export interface Trier extends Whereabouts {
  /** The name, as it was typed; whether there is such a person changes nothing. */
  username: string
  /** What stands for the person of this name and for nobody else; empty: there is none. */
  person: string
}

export type Admission =
  | {
      isAdmitted: true
      /** The password was right: this was no failure, and the places are known to be theirs from now on. */
      succeeded(): Promise<void>
      /** The password was wrong, which is counted already. */
      failed(): void
      /** Nobody could look at the password: nothing of this attempt is left, the wait that it began included. */
      withdrawn(): Promise<void>
    }
  | { isAdmitted: false; retryAfterSeconds: number }

export interface SignInLimits {
  /**
   * Asks to try a password. It is counted as a failure before anybody looks at it, so that of many at once no more get
   * through than one after another. Who is refused is not counted. Whoever is admitted must be told how it ended.
   */
  admit(trier: Trier): Promise<Admission>
  /** Somebody proved otherwise who they are, as by mail: what was guessed under their names no longer holds them up. */
  trust(owner: Whereabouts & { person: string; names: readonly string[] }): Promise<void>
}

/**
 * Slows down who guesses passwords, exact across processes. What it says depends on what was typed, never on who exists.
 *
 * An attempt is made at a place: a browser in which this person has signed in lately, else the network. Under each name
 * some attempts at a place are free, and each one more waits longer. At a place where this person has not signed in
 * lately two limits hold besides, of all failures of the network and of all under the name. So nobody else's guesses
 * hold a person up in a browser of theirs, and guesses from elsewhere not in a network of theirs.
 */
export function createSignInLimits({ limits, clock }: { limits: LimitStore; clock: Clock }): SignInLimits {
  const inFlight = createTally()

  /** Until when a limit that is shared is full; `undefined`: it is not. @param own whether this attempt is in the count */
  function fullUntil(
    { key, max }: SharedLimit,
    counted: Counted | undefined,
    own: 0 | 1,
    now: UnixSeconds,
  ): UnixSeconds | undefined {
    if (!counted || counted.count - own < max) return undefined
    const isDecided = counted.count - inFlight.of(key) >= max
    return isDecided ? counted.expiresAt : now + inFlightRetrySeconds
  }

  /** Counts an attempt at a place; of all that come when a wait is over, the first begins the next and is let through. */
  async function countAtPlace({ attempts, wait }: Place, now: UnixSeconds) {
    const { count } = await limits.count(attempts, attemptsWindowSeconds, now)
    if (count < freeAttempts) return { closedUntil: undefined, began: [] }
    const begun = await limits.count(wait, waitSeconds(count), now)
    return begun.count === 1
      ? { closedUntil: undefined, began: [wait] }
      : { closedUntil: begun.expiresAt, began: [] }
  }

  /** Counts a failure of all that share these limits, and says until when one of them is full. */
  async function countShared(shared: readonly SharedLimit[], now: UnixSeconds) {
    const counted = await Promise.all(shared.map(({ key }) => limits.count(key, hour, now)))
    return latest(shared.map((limit, index) => fullUntil(limit, counted[index], 1, now)))
  }

  /** Each by a statement of its own: two that lock several rows could wait for each other. */
  const clear = (keys: readonly string[]) => Promise.all(keys.map((key) => limits.clear([key])))
  const takeBack = (keys: readonly string[], now: UnixSeconds) =>
    Promise.all(keys.map((key) => limits.takeBack(key, now)))

  /** Begins a new window. */
  async function markKnown({ known }: Place, now: UnixSeconds): Promise<void> {
    await limits.clear([known])
    await limits.count(known, knownPlaceSeconds, now)
  }

  /** Whether attempts were so few lately that nobody looked at, that this may be another. */
  async function isOutage({ outages }: Keys, now: UnixSeconds): Promise<boolean> {
    const counts = await Promise.all(outages.map(({ key }) => limits.count(key, hour, now)))
    return outages.every(({ max }, index) => (counts[index]?.count ?? 0) <= max)
  }

  return {
    async admit(trier) {
      const now = clock()
      const keys = keysOf(trier)
      const found = await limits.read(keysToRead(keys), now)
      const place = keys.places.find(({ known }) => found.has(known)) ?? keys.network
      const shared = found.has(place.known) ? [] : keys.shared
      const isFull = shared.map((limit) => fullUntil(limit, found.get(limit.key), 0, now))
      const closedUntil = found.get(place.wait)?.expiresAt ?? latest(isFull)
      if (closedUntil !== undefined) return refused(closedUntil, now)

      const atPlace = await countAtPlace(place, now)
      if (atPlace.closedUntil !== undefined) {
        await takeBack([place.attempts], now)
        return refused(atPlace.closedUntil, now)
      }
      const sharedKeys = shared.map(({ key }) => key)
      const forget = () => Promise.all([takeBack([place.attempts, ...sharedKeys], now), clear(atPlace.began)])
      const leave = inFlight.enter(sharedKeys)
      const isFullUntil = await countShared(shared, now).catch((error: unknown) => {
        leave()
        throw error
      })
      if (isFullUntil !== undefined) {
        leave()
        await forget()
        return refused(isFullUntil, now)
      }
      return {
        isAdmitted: true,
        async succeeded() {
          leave()
          const stale = keys.places.filter(({ known }) => !isFresh(found.get(known), now))
          await Promise.all([
            takeBack(sharedKeys, now),
            clear([place.attempts, place.wait]),
            ...stale.map((one) => markKnown(one, now)),
          ])
        },
        failed: leave,
        async withdrawn() {
          leave()
          if (await isOutage(keys, now)) await forget()
        },
      }
    },

    async trust({ names, ...owner }) {
      const now = clock()
      const keysOfNames = names.map((username) => keysOf({ ...owner, username }))
      const held = keysOfNames.flatMap(({ places, failuresOfName }) => [
        failuresOfName,
        ...places.flatMap(({ attempts, wait }) => [attempts, wait]),
      ])
      await clear(held)
      const places = keysOfNames[0]?.places ?? []
      await Promise.all(places.map((place) => markKnown(place, now)))
    },
  }
}

type Counted = { count: number; expiresAt: UnixSeconds }
type SharedLimit = { key: string; max: number }
type Place = ReturnType<typeof placeOf>
type Keys = ReturnType<typeof keysOf>

function keysOf({ username, person, address, browserId }: Trier) {
  const name = foldName(username)
  const from = networkOf(address)
  const network = placeOf(`network ${from}`, name, person)
  const browser = browserId === undefined ? [] : [placeOf(`browser ${browserId}`, name, person)]
  const failuresOfName = limitKey('sign-in failures of name', name)
  return {
    network,
    /** The browser first: nobody else's guesses count there. */
    places: [...browser, network],
    failuresOfName,
    shared: [
      { key: limitKey('sign-in failures of network', from), max: maxFailuresOfNetwork },
      { key: failuresOfName, max: maxFailuresOfName },
    ],
    outages: [
      { key: limitKey('sign-in outages of name', name), max: maxOutagesOfName },
      { key: limitKey('sign-in outages of network', from), max: maxOutagesOfNetwork },
    ],
  }
}

/** Known to a person, not to a name: two people's names may count as one, and one must not make a place known to both. */
const placeOf = (place: string, name: string, person: string) => ({
  known: limitKey('sign-in known', `${place}\n${person}`),
  attempts: limitKey('sign-in attempts', `${place}\n${name}`),
  wait: limitKey('sign-in wait', `${place}\n${name}`),
})

const keysToRead = ({ places, shared }: Keys): string[] => [
  ...places.flatMap(({ known, wait }) => [known, wait]),
  ...shared.map(({ key }) => key),
]

/**
 * What a name counts as: without case, accents, spaces and unseen characters, for a system behind `people` may find one
 * person by all of these spellings.
 */
const foldName = (username: string): string =>
  username
    .normalize('NFKD')
    .toUpperCase()
    .toLowerCase()
    .replace(/[\p{M}\p{C}\p{Z}]/gu, '')

/** After so many attempts. */
const waitSeconds = (attempts: number): number =>
  Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** (attempts - freeAttempts))

/** Whether a known place was written down within the last day: that is near enough to the last success. */
const isFresh = (known: Counted | undefined, now: UnixSeconds): boolean =>
  known !== undefined && known.expiresAt > now + knownPlaceSeconds - 86_400

function latest(times: readonly (UnixSeconds | undefined)[]): UnixSeconds | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

const refused = (until: UnixSeconds, now: UnixSeconds): Admission => ({
  isAdmitted: false,
  retryAfterSeconds: Math.max(1, until - now),
})

/** How many attempts of this process are being looked at, by what they are counted under. */
function createTally() {
  const counts = new Map<string, number>()
  const of = (key: string): number => counts.get(key) ?? 0
  return {
    of,
    /** Returns what takes them out again. */
    enter(keys: readonly string[]): () => void {
      for (const key of keys) counts.set(key, of(key) + 1)
      return () => {
        for (const key of keys) {
          if (of(key) > 1) counts.set(key, of(key) - 1)
          else counts.delete(key)
        }
      }
    },
  }
}
