import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createTokenClient } from './create-token-client.ts'
import { TokenError } from './errors.ts'
import { refreshToken } from './grants.ts'
import { memoryStore, type TokenStore } from './store.ts'
import { makeClock } from './testing/clock.ts'

/*
 * Several clients share one connection through one store, while requests, answers, reads, writes and locks fail by chance. The
 * server rotates each refresh token, and takes a spent one for stolen once the grace is over. Each round has a seed of its own, which decides all that is left to chance, the
 * client's jitter as well: an answer that all lose for longer than the grace ends a connection, and that may not be now and then.
 */
const rounds = 40
const graceMs = 30_000
const lifetimeMs = 3_600_000
const clients = 3

/** Chances of what fails. */
interface Faults {
  readonly store: number
  readonly refusal: number
  readonly lostRequest: number
  readonly lostAnswer: number
}

const none: Faults = { store: 0, refusal: 0, lostRequest: 0, lostAnswer: 0 }
const many: Faults = { store: 0.08, refusal: 0.1, lostRequest: 0.05, lostAnswer: 0.05 }

for (const [what, faults, hasLock] of [
  ['with a lock and many faults', many, true],
  ['without a lock, and with faults that lose no answer', { ...many, lostAnswer: 0 }, false],
  ['without a lock', none, false],
] as const) {
  test(`no connection ends and nobody gets a dead token: ${what}`, async ({ mock }) => {
    for (let seed = 1; seed <= rounds; seed++) {
      const jitter = mock.method(Math, 'random', makeChance(-seed))
      await play(seed, faults, hasLock)
      jitter.mock.restore()
    }
  })
}

async function play(seed: number, faults: Faults, hasLock: boolean): Promise<void> {
  const chance = makeChance(seed)
  const lag = async () => {
    for (let turns = Math.floor(chance() * 6); turns > 0; turns--) await turn()
  }
  const clock = makeClock()
  const server = makeServer(clock, faults, chance, lag)
  const store = makeStore(faults, chance, lag, hasLock)
  const all = Array.from({ length: clients }, () =>
    createTokenClient({
      tokenEndpoint: 'https://as.example.com/token',
      clientId: 'app',
      grant: refreshToken('refresh-0'),
      store,
      clock,
      fetch: server.fetch,
    }),
  )
  for (let step = 0; step < 12; step++) {
    const calls = all.flatMap((client) =>
      Array.from({ length: 1 + Math.floor(chance() * 3) }, () => client.getToken()),
    )
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'fulfilled')
        assert.ok(server.isAlive(outcome.value), `seed ${seed}: a dead token`)
      else assertPassing(outcome.reason, seed)
    }
    clock.advance(chance() < 0.5 ? 5_000 : lifetimeMs)
  }
}

function assertPassing(thrown: unknown, seed: number): void {
  assert.ok(thrown instanceof TokenError && thrown.isPassing, `seed ${seed}: ${thrown}`)
}

function makeServer(
  clock: { monotonicMs(): number },
  faults: Faults,
  chance: () => number,
  lag: () => Promise<void>,
) {
  const spentAt = new Map<string, number | undefined>([['refresh-0', undefined]])
  const diesAt = new Map<string, number>()
  let isEnded = false
  async function fetch(_: unknown, init?: RequestInit): Promise<Response> {
    await lag()
    if (chance() < faults.refusal) return new Response('', { status: 503 })
    if (chance() < faults.lostRequest) throw new TypeError('The connection was cut.')
    const token = new URLSearchParams(init?.body as URLSearchParams).get('refresh_token') ?? ''
    const now = clock.monotonicMs()
    const spent = spentAt.get(token)
    if (!spentAt.has(token) || (spent !== undefined && now - spent > graceMs)) isEnded = true
    if (isEnded) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    if (spent === undefined) spentAt.set(token, now)
    const generation = diesAt.size + 1
    spentAt.set(`refresh-${generation}`, undefined)
    diesAt.set(`token-${generation}`, now + lifetimeMs)
    await lag()
    if (chance() < faults.lostAnswer) throw new TypeError('The connection was cut.')
    const expires_in = lifetimeMs / 1000
    return Response.json({
      access_token: `token-${generation}`,
      refresh_token: `refresh-${generation}`,
      expires_in,
    })
  }
  return { fetch, isAlive: (token: string) => (diesAt.get(token) ?? 0) > clock.monotonicMs() }
}

/** Fails before it has done what it was asked, or after. */
function makeStore(
  faults: Faults,
  chance: () => number,
  lag: () => Promise<void>,
  hasLock: boolean,
): TokenStore {
  const kept = memoryStore()
  const mayFail = async () => {
    await lag()
    if (chance() < faults.store) throw new Error('The store is down.')
  }
  return {
    async get() {
      await mayFail()
      return kept.get()
    },
    async compareAndSet(expected, next) {
      await mayFail()
      const isWon = await kept.compareAndSet(expected, next)
      await mayFail()
      return isWon
    },
    ...(hasLock ? { lock: async (task) => mayFail().then(() => kept.lock?.(task) ?? task()) } : {}),
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
function makeChance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
