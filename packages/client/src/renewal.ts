import { TokenError } from './errors.ts'
import { keptIn } from './kept.ts'
import type { Settings } from './options.ts'
import { pauseAfter } from './patience.ts'
import { createServer, type Parameters } from './server.ts'
import { isToken } from './token-answer.ts'
import { type Held, hold, holdStored, isAlive, isDue, readClocks, readTokens, type Tokens } from './tokens.ts'
import { giveUpOn, lostAfterMs } from './waiting.ts'

/** When the store is read again before a refusal is believed: without a lock the winner may not have written yet. */
const rereadPausesMs = [0, 200, 800]
/** Requests, and writes, that one renewal tries. */
const maxRounds = 5
/** After a failed renewal nobody asks for so long, up to twice, or as long as the server said. */
const coolDownSeconds = 2

export interface TokenRenewal {
  /** The token in memory, where it will do: it lives, is not the rejected one, and this caller need not renew it. */
  usable(rejected: string | undefined): string | undefined
  /** One renewal, however many ask. @throws TokenError */
  renew(rejected: string | undefined): Promise<string>
}

export function createRenewal(settings: Settings): TokenRenewal {
  const { clock, grant, owner, asked, onRenew, onError } = settings
  const server = createServer(settings)
  const store = keptIn(settings.store)
  let held: Held | undefined
  let running: Promise<() => string> | undefined
  /** What the first token is asked for with. `undefined`: there is nothing, or it is spent. */
  let start = grant.parameters
  /** Until the tokens of a new connection are saved: they go before what the store holds. */
  let { isNew } = grant
  let failure: TokenError | undefined
  let quietUntilMs = 0

  const isUsable = (candidate: Held | undefined, rejected?: string): candidate is Held =>
    isToken(candidate?.tokens.accessToken) &&
    candidate.tokens.accessToken !== rejected &&
    isAlive(candidate, clock)

  const isQuiet = () => clock.monotonicMs() < quietUntilMs

  /** Keeps a failing server from being asked with every call. */
  function coolDown(error: TokenError): void {
    const seconds = Math.max(coolDownSeconds * (1 + Math.random()), error.retryAfterSeconds ?? 0)
    failure = error
    quietUntilMs = clock.monotonicMs() + seconds * 1000
  }

  function usable(rejected?: string): string | undefined {
    const isEnough =
      isUsable(held, rejected) && (running || isQuiet() || (held.isSaved && !isDue(held, clock)))
    return isEnough ? held?.tokens.accessToken : undefined
  }

  /**
   * Each caller that joins waits on a timer of its own. A runtime that ends a request, as workerd does, ends what was begun in it:
   * that never settles, or fails by the runtime's own error. Then one of those who had joined begins anew.
   */
  async function renew(rejected?: string): Promise<string> {
    for (let joins = 0; running; joins++) {
      const joined = running
      const outcome = await giveUpOn(AbortSignal.timeout(lostAfterMs), joined).catch(() => undefined)
      if (running === joined) running = undefined
      const token = outcome?.()
      // Who began it may not have known that this token was refused.
      if (token !== undefined && (joins || token !== rejected)) return token
    }
    if (isQuiet() && !isUsable(held, rejected)) throw failure
    const own = outcomeOf(begin(rejected))
    running = own
    const outcome = await own
    if (running === own) running = undefined
    return outcome()
  }

  async function begin(rejected?: string): Promise<string> {
    try {
      await store.alone((over) => renewAlone(rejected, over))
    } catch (thrown) {
      const hasToken = isUsable(held, rejected)
      // An answer may be lost, and its refresh token forgiven for moments only: who takes the old token next asks again.
      if (!hasToken) held &&= { ...held, dueAtAgeMs: 0 }
      // Once a connection has ended, nobody is asked: there the store alone can bring news.
      if (thrown instanceof TokenError && (hasToken || !isEnd(thrown) || isUncertain(thrown)))
        coolDown(thrown)
      tell(thrown, false, hasToken)
      if (!hasToken) throw thrown
    }
    return (held as Held).tokens.accessToken
  }

  /** Reads what the store has; unless another user of it has renewed, asks the server, and saves what it answers. */
  async function renewAlone(rejected: string | undefined, over: AbortSignal): Promise<void> {
    let failures = 0
    for (let round = 0; round < maxRounds; round++) {
      // Before each request: while this process waited, or was stopped, another may have renewed.
      let text = await store.read()
      // Also where it does not count: it may be another client's, and then nothing is written over it.
      let stored = readTokens(text, owner, asked)
      // What could not be saved is newer than what was there before, and than nothing.
      if (held && !held.isSaved && (isNew || !text || held.text === text)) {
        held = await save(held)
        if (isUsable(held, rejected) && !isDue(held, clock)) return
        ;({ text, tokens: stored } = held)
      } else if (isNew) {
        stored = undefined
      } else if (stored && text !== held?.text) {
        const found = holdStored(stored, text, clock)
        if (isUsable(found, rejected)) {
          held = found
          if (!isDue(held, clock)) return told()
        }
      }
      const parameters = nextRequest(stored)
      try {
        // Before it is saved: who hangs there has it nevertheless.
        held = await ask(parameters, stored, text, over)
        held = await save(held, parameters.refresh_token)
        spendStart()
        return told(parameters.grant_type)
      } catch (thrown) {
        if (isOver(thrown, stored)) await afterRefusal(thrown, stored, text)
        else await pauseAfter(thrown, ++failures, clock, tell)
      }
    }
    throw new TokenError('store_failed', 'The store is busy.')
  }

  /** What to ask for next. @throws TokenError `connection_ended` where nothing is left to ask with. */
  function nextRequest(stored: Tokens | undefined): Parameters {
    if (stored?.refreshToken) return { grant_type: 'refresh_token', refresh_token: stored.refreshToken }
    if (start && (grant.isRepeatable || !stored)) return start
    throw new TokenError('connection_ended', 'There is no refresh token: connect again.')
  }

  function spendStart(): void {
    if (!grant.isRepeatable) start = undefined
  }

  async function ask(
    parameters: Parameters,
    before: Tokens | undefined,
    text: string | undefined,
    over: AbortSignal,
  ): Promise<Held> {
    const since = readClocks(clock)
    const {
      refreshToken = parameters.refresh_token,
      scope = before?.scope,
      ...answer
    } = await server.token(parameters, over)
    // RFC 6749 §6: what an answer leaves out goes on as it is.
    const tokens = { owner, asked, ...answer, refreshToken, scope, obtainedAtMs: since.wall }
    return hold(tokens, text, false, since)
  }

  /**
   * Saves over what was read; where another was faster, over what is spent or dead as well, but not over tokens that live and
   * are newer, unless these are of a new connection.
   */
  async function save(candidate: Held, spent?: string): Promise<Held> {
    let { tokens, text, isSaved } = candidate
    const next = JSON.stringify(tokens)
    let problem = new TokenError('store_failed', 'The store is busy.')
    for (let round = 0; round < maxRounds && !isSaved; round++)
      try {
        isSaved = await store.write(text, next)
        text = isSaved ? next : await store.read()
        const other = isSaved ? undefined : readTokens(text, owner, asked)
        const found = !isNew && other && other.refreshToken !== spent && holdStored(other, text, clock)
        if (found && isUsable(found)) return found
      } catch (thrown) {
        problem = thrown as TokenError
        // A foreign text is never written over.
        if (!problem.isPassing) break
      }
    if (isSaved) isNew = false
    else tell(problem, false, true)
    // What can be had for the asking need not be saved.
    isSaved ||= !tokens.refreshToken
    if (!isSaved) coolDown(problem)
    return { ...candidate, text, isSaved }
  }

  /** Whether what was sent is worth nothing more. What can be repeated is, rather than refreshed by a server that does not. */
  const isOver = (thrown: unknown, stored: Tokens | undefined) =>
    isEnd(thrown) || (grant.isRepeatable && stored?.refreshToken && Object(thrown).status === 400)

  /** The server said that it is over: another may have been faster, or the grant begins anew. @throws what was thrown */
  async function afterRefusal(thrown: unknown, stored: Tokens | undefined, text: string | undefined) {
    if (!isUncertain(thrown)) spendStart()
    for (const pauseMs of rereadPausesMs) {
      await clock.wait(pauseMs)
      if ((await store.read()) !== text) return
    }
    // A status alone gives up nothing that cannot be had again.
    if (!grant.isRepeatable && isUncertain(thrown)) throw thrown
    // What was refused need not be saved any more.
    held &&= { ...held, isSaved: true }
    if (stored && !isNew && !(await store.write(text, undefined))) return
    if (!(stored && start)) throw thrown
  }

  /** What is renewed counts at once, whatever becomes of who waits for it. */
  function told(grantType?: string): void {
    const { scope, lifetimeSeconds: expiresInSeconds } = (held as Held).tokens
    quietly(() => onRenew?.({ grantType, expiresInSeconds, scope }))
  }

  function tell(thrown: unknown, willRetry = true, hasToken = isUsable(held)): void {
    if (thrown instanceof TokenError) quietly(() => onError?.(thrown, { willRetry, hasToken }))
  }

  return { usable, renew }
}

const isEnd = (thrown: unknown): boolean => Object(thrown).code === 'connection_ended'

/** Where a status alone said that it is over, it may have been another thing, as a wrong secret. */
const isUncertain = (thrown: unknown): boolean => Object(thrown).status && !Object(thrown).error

/** Rejects by no failure of the work: what rejects it is the runtime. */
const outcomeOf = <Result>(work: Promise<Result>): Promise<() => Result> =>
  work.then(
    (result) => () => result,
    (thrown) => () => {
      throw thrown
    },
  )

/** A hook of the owner's fails by itself. */
async function quietly(hook: () => unknown): Promise<void> {
  try {
    await hook()
  } catch {}
}
