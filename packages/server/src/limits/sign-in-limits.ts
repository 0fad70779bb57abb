import type { Clock, UnixSeconds } from '../base/clock.ts'
import type { LimitStore } from '../store/limits.ts'
import { limitKey } from './limit.ts'
import { networkOf } from './network.ts'

/**
 * Attempts of one person from one network before the first wait: people mistype and try their other passwords, and a
 * program signs in several times at once.
 */
export const freeAttempts = 10
/** The first wait. Each one after it is twice as long. */
export const firstWaitSeconds = 15
/** The longest wait: some 100 guesses a day, and an owner who forgot their password is back after a cup of tea. */
export const longestWaitSeconds = 15 * 60
/** How long attempts of one person from one network are remembered. */
const attemptsWindowSeconds = 86_400

/** Failures from one network in an hour, whoever they are of: an office mistypes less, and a list of names is longer. */
export const maxFailuresOfNetwork = 100
/**
 * Failures of one person in an hour from networks that they never signed in from: who guesses from many addresses gets
 * 480 guesses a day. People at home are not counted here, so nobody else's guesses keep them out.
 */
export const maxFailuresOfUser = 20
const failuresWindowSeconds = 3600

/** How long a network stays known to be a person's own after they signed in from it. */
export const knownNetworkSeconds = 30 * 86_400

/** Somebody who wants to try a password. */
export interface Trier {
  /** As it was typed; whether there is such a person changes nothing. */
  username: string
  /** An IP address; empty: unknown. */
  address: string
}

export type Admission =
  | {
      isAdmitted: true
      /** The password was right: this was no failure, and the network is known to be theirs from now on. */
      succeeded(): Promise<void>
    }
  | { isAdmitted: false; retryAfterSeconds: number }

export interface SignInLimits {
  /**
   * Asks to try a password. It is counted as a failure before anybody looks at it, so that of many at once no more get
   * through than one after another. Who is refused is not counted.
   */
  admit(trier: Trier): Promise<Admission>
}

/** Slows down who guesses passwords, exact across processes. What it says depends on what was typed, never on who exists. */
export function createSignInLimits(parts: { limits: LimitStore; clock: Clock }): SignInLimits {
  const { limits, clock } = parts
  return {
    async admit(trier) {
      const now = clock()
      const keys = keysOf(trier)
      const found = await limits.read(Object.values(keys), now)
      const known = found.get(keys.known)
      const closedUntil = whenOpen(found, keys)
      if (closedUntil !== undefined) return refused(closedUntil, now)

      const counted = [keys.attempts, keys.network, ...(known ? [] : [keys.user])]
      const refusedUntil = await countFailure(limits, keys, { isKnown: known !== undefined, now })
      if (refusedUntil !== undefined) {
        await Promise.all(counted.map((key) => limits.takeBack(key, now)))
        return refused(refusedUntil, now)
      }
      return {
        isAdmitted: true,
        async succeeded() {
          const notFailed = counted.filter((key) => key !== keys.attempts)
          await Promise.all([
            ...notFailed.map((key) => limits.takeBack(key, now)),
            limits.clear([keys.attempts]),
            limits.clear([keys.wait]),
            isFresh(known, now) ? undefined : renew(limits, keys.known, now),
          ])
        },
      }
    },
  }
}

type Keys = ReturnType<typeof keysOf>
type Counted = { count: number; expiresAt: UnixSeconds }

/** Each is a key of its own, written by statements of its own: two that lock several rows could wait for each other. */
function keysOf({ username, address }: Trier) {
  const user = username.normalize('NFKC').trim().toLowerCase()
  const network = networkOf(address)
  const both = `${network}\n${user}`
  return {
    attempts: limitKey('sign-in attempts', both),
    wait: limitKey('sign-in wait', both),
    known: limitKey('sign-in known', both),
    network: limitKey('sign-in network', network),
    user: limitKey('sign-in user', user),
  }
}

/** Until when nobody may try; `undefined`: they may. */
function whenOpen(found: ReadonlyMap<string, Counted>, keys: Keys): UnixSeconds | undefined {
  const wait = found.get(keys.wait)
  if (wait || found.has(keys.known)) return wait?.expiresAt
  const [network, user] = [found.get(keys.network), found.get(keys.user)]
  if (network && network.count >= maxFailuresOfNetwork) return network.expiresAt
  return user && user.count >= maxFailuresOfUser ? user.expiresAt : undefined
}

/** Counts, and says until when it is too much; `undefined`: it is not. */
async function countFailure(
  limits: LimitStore,
  keys: Keys,
  { isKnown, now }: { isKnown: boolean; now: UnixSeconds },
): Promise<UnixSeconds | undefined> {
  const [attempts, network, user] = await Promise.all([
    limits.count(keys.attempts, attemptsWindowSeconds, now),
    limits.count(keys.network, failuresWindowSeconds, now),
    isKnown ? undefined : limits.count(keys.user, failuresWindowSeconds, now),
  ])
  if (!isKnown && network.count > maxFailuresOfNetwork) return network.expiresAt
  if (user && user.count > maxFailuresOfUser) return user.expiresAt
  if (attempts.count < freeAttempts) return undefined
  // Of all that come when a wait is over, the first begins the next one and is let through.
  const wait = await limits.count(keys.wait, waitSeconds(attempts.count), now)
  return wait.count === 1 ? undefined : wait.expiresAt
}

/** After so many attempts. */
const waitSeconds = (attempts: number): number =>
  Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** (attempts - freeAttempts))

/** Whether a known network was written down within the last day: that is near enough to the last success. */
const isFresh = (known: Counted | undefined, now: UnixSeconds): boolean =>
  known !== undefined && known.expiresAt > now + knownNetworkSeconds - 86_400

/** Begins a new window. */
async function renew(limits: LimitStore, key: string, now: UnixSeconds): Promise<void> {
  await limits.clear([key])
  await limits.count(key, knownNetworkSeconds, now)
}

const refused = (until: UnixSeconds, now: UnixSeconds): Admission => ({
  isAdmitted: false,
  retryAfterSeconds: Math.max(1, until - now),
})
