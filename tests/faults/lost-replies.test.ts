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

/** Processes of one app that began with the same refresh token, and of which each keeps the last that it received. */
const copies = 10
const rounds = 60
/** Of a hundred replies. */
const lostReplies = 40
/** The most that ask at the same moment. */
const maxAtOnce = 4

for (const kind of databaseKinds) {
  test(`39: ten copies of an app that lose replies and try again within the grace are never refused (${kind})`, async () => {
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

/** A token may be late: it was exchanged, by whichever copy, less than the grace ago. Time passes no further than that. */
async function liveThrough({ connect, wait, server, ...scene }: Scene, random: Random): Promise<void> {
  const grace = server.latchkey.config.refreshTokenGraceSeconds
  const { refreshToken } = await connect()
  const tokens = Array.from({ length: copies }, () => refreshToken)
  const exchangedAt = new Map<string, number>()
  const now = scene.parts.clock
  /** For how many seconds this copy may still wait. */
  const patienceOf = (token: string) => (exchangedAt.get(token) ?? now() + grace) + grace - 1 - now()

  for (let round = 0; round < rounds; round++) {
    wait(Math.min(random(grace), ...tokens.map(patienceOf)))
    const asking = tokens
      .map((token, copy) => ({ token, copy, isUrgent: patienceOf(token) === 0, place: random(1_000) }))
      .sort((one, other) => Number(other.isUrgent) - Number(one.isUrgent) || one.place - other.place)
      .slice(0, 1 + random(maxAtOnce))
    const answers = await Promise.all(
      asking.map(async ({ token, copy }) => ({
        copy,
        token,
        next: tokensOf(await refresh(scene.tokenUrl, scene.app, token)).refreshToken,
      })),
    )
    const current = answers.map(({ next }) => next).sort((one, other) => generationOf(other) - generationOf(one))
    for (const { token } of answers) exchangedAt.set(token, exchangedAt.get(token) ?? now())
    for (const next of current.slice(1)) {
      if (next !== current[0]) exchangedAt.set(next, exchangedAt.get(next) ?? now())
    }
    for (const { copy, next } of answers) if (random(100) >= lostReplies) tokens[copy] = next
  }
  assert.ok(generationOf(tokens.at(-1) ?? '') > rounds / 10, 'the chain hardly moved')
}

const generationOf = (token: string): number => Number(token.split('.')[2])

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
