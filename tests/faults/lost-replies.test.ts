import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, test } from 'node:test'
import { databaseKinds, emptyDatabase } from '../../packages/server/src/store/testing/databases.ts'
import { type Scene, setScene } from '../attacks/connection.ts'
import { refresh, tokensOf } from '../support/connection.ts'
import { stopOwnPostgres } from '../support/postgres.ts'

after(stopOwnPostgres)

/** Names the seed of a run that failed, to have it once more. */
const seedVariable = 'LATCHKEY_TEST_SEED'

/** Processes of one app that began with the same refresh token. Each keeps the one that reached it last. */
const copies = 10
const steps = 1_000
/** Of a hundred replies. */
const lostReplies = 30
/** Of a hundred replies; a late one may arrive after the reply to a later request, and take its place. */
const lateReplies = 20

for (const kind of databaseKinds) {
  test(`39: ten copies of an app whose replies are lost or late try again within the grace, and none is refused (${kind})`, async () => {
    const seed = Number(process.env[seedVariable] ?? randomInt(2 ** 31))
    await using database = await emptyDatabase(kind)
    await using scene = await setScene({ database: database.url })
    try {
      await liveThrough(scene, randomFrom(seed))
    } catch (error) {
      throw new Error(`${seedVariable}=${seed} has it once more`, { cause: error })
    }
  })
}

/**
 * Lets time pass, and copies ask, in any order. No token becomes older than promised: before time passes on, the copy
 * that holds one, or is about to, asks for the next.
 */
async function liveThrough({ server, parts, tokenUrl, app, connect, wait }: Scene, random: Random) {
  const grace = server.latchkey.config.refreshTokenGraceSeconds
  const { refreshToken } = await connect()
  const exchangedAt = new Map<string, number>()
  const copyOf = (_: unknown, copy: number): Held => ({ copy, token: refreshToken, isLate: false })
  let all = Array.from({ length: copies }, copyOf)

  for (let step = 0; step < steps; step++) {
    const secondsLeft = ({ token }: Held) => (exchangedAt.get(token) ?? parts.clock()) + grace - parts.clock()
    wait(Math.min(random(random(grace) + 1), ...all.map(secondsLeft)))
    const urgent = all.filter((one) => secondsLeft(one) === 0)
    const choice = urgent.length > 0 ? urgent : all
    const chosen = choice[random(choice.length)] as Held
    const { copy, token } = chosen
    if (chosen.isLate) {
      const others = all.filter((one) => one !== chosen)
      all = arrive(others, copy, token)
      continue
    }
    const next = tokensOf(await refresh(tokenUrl, app, token)).refreshToken
    if (!exchangedAt.has(token)) exchangedAt.set(token, parts.clock())
    const fate = random(100)
    if (fate < lostReplies) continue
    const isLate = fate < lostReplies + lateReplies
    all = isLate ? [...all, { copy, token: next, isLate }] : arrive(all, copy, next)
  }
  assert.ok(exchangedAt.size > steps / 100, `only ${exchangedAt.size} tokens were exchanged`)
}

/** A refresh token that a copy of the app holds, or that is on its way there. */
interface Held {
  copy: number
  token: string
  isLate: boolean
}

/** The copy holds this token from now on, in place of the one before. */
const arrive = (all: readonly Held[], copy: number, token: string): Held[] => [
  ...all.filter((one) => one.isLate || one.copy !== copy),
  { copy, token, isLate: false },
]

/** A whole number from 0 to below the limit. */
type Random = (limit: number) => number

/** Mulberry32: small, and the same numbers for the same seed everywhere. */
function randomFrom(seed: number): Random {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
