import type { Clock } from './clock.ts'
import { TokenError } from './errors.ts'
import { parseJson } from './http.ts'

/** What a store's text holds. */
export interface Tokens {
  /** Whose they are: the version of this format, the server and the client. */
  readonly owner: string
  /** What a grant that can be repeated asked for. */
  readonly asked?: string | undefined
  readonly accessToken: string
  readonly refreshToken?: string | undefined
  readonly scope?: string | undefined
  /** Of the access token. `undefined`: until an API refuses it. */
  readonly lifetimeSeconds?: number | undefined
  /** Unix milliseconds on the clock of who obtained them, which may be wrong. */
  readonly obtainedAtMs: number
}

/** What both clocks say, in milliseconds. */
export interface Reading {
  readonly wall: number
  readonly monotonic: number
}

/** Tokens in memory, with their age on this process's clocks. */
export interface Held {
  readonly tokens: Tokens
  /** The text that the store holds of them; of those that it does not hold yet, what it held before. */
  readonly text: string | undefined
  readonly isSaved: boolean
  /** What both clocks said when the access token's age was 0: before the server made it. */
  readonly since: Reading
  /** The age at which it is time to renew. */
  readonly dueAtAgeMs: number
}

/** Renewed ahead by 10 % of the lifetime, and by a minute at most; */
const aheadShare = 0.1
const maxAheadMs = 60_000
/** and by up to half as much more, so that many processes do not renew at one moment. */
const jitterShare = 0.5

export function hold(tokens: Tokens, text: string | undefined, isSaved: boolean, since: Reading): Held {
  const lifetimeMs = lifetimeMsOf(tokens)
  const aheadMs = Math.min(lifetimeMs * aheadShare, maxAheadMs) * (1 + jitterShare * Math.random())
  return { tokens, text, isSaved, since, dueAtAgeMs: lifetimeMs - aheadMs }
}

/** Holds what a store had. A moment that is still to come was written by a clock ahead of ours: the token counts as new. */
export function holdStored(tokens: Tokens, text: string | undefined, clock: Clock): Held {
  const { wall, monotonic } = readClocks(clock)
  const ageMs = Math.max(wall - tokens.obtainedAtMs, 0)
  return hold(tokens, text, true, { wall: wall - ageMs, monotonic: monotonic - ageMs })
}

export const readClocks = (clock: Clock): Reading => ({ wall: clock.nowMs(), monotonic: clock.monotonicMs() })

/**
 * Milliseconds until an age is reached; the larger of what two clocks say is how old it is. The monotonic one may stand
 * still while a laptop sleeps, the other may jump: a jump ahead costs one renewal, a jump back costs nothing.
 */
const msUntil = (atAgeMs: number, { since }: Held, clock: Clock): number =>
  atAgeMs - Math.max(clock.nowMs() - since.wall, clock.monotonicMs() - since.monotonic)

export const isAlive = (held: Held, clock: Clock): boolean =>
  msUntil(lifetimeMsOf(held.tokens), held, clock) > 0
export const isDue = (held: Held, clock: Clock): boolean => msUntil(held.dueAtAgeMs, held, clock) <= 0

const lifetimeMsOf = ({ lifetimeSeconds = 1e9 }: Tokens): number => lifetimeSeconds * 1000

/**
 * What a store's text holds. `undefined`: nothing, or not what is `asked` for now.
 *
 * @throws TokenError `store_mismatch` where it is not this client's: to overwrite it could lose another one's connection.
 */
export function readTokens(text: string | undefined, owner: string, asked?: string): Tokens | undefined {
  if (!text) return undefined
  const tokens: Tokens = Object(parseJson(text))
  if (tokens.owner !== owner || (asked && !tokens.asked))
    throw new TokenError('store_mismatch', 'The store is of another client: give each its own.')
  return tokens.asked === asked ? tokens : undefined
}
