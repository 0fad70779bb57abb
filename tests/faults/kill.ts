import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { stopOwnPostgres } from '../support/postgres.ts'
import { postForm, testSecret } from '../support/server.ts'
import { type DatabaseName, databases, keptDatabase } from './kept-database.ts'
import { killConnectionRounds } from './kill-connections.ts'

/*
 * Kills a server while it issues opaque tokens, and looks after the restart whether every token that was answered is
 * still there. Run by itself, it does the same with connections:
 *
 *   node tests/faults/kill.ts --rounds 50 --database sqlite
 */

/** Requests in flight at once. */
const concurrency = 64
/** The kill comes at a random moment of this many milliseconds after the first answer. */
const killWindowMs = 250

export interface Round {
  /** Tokens whose answer arrived before the kill. */
  acknowledged: number
  /** Requests that the kill cut off. */
  cutOff: number
  /** Of the acknowledged ones, those that the restarted server does not know. */
  lost: number
}

/** Runs rounds of issue, SIGKILL, restart and check on one database. */
export async function killRounds(
  database: DatabaseName,
  rounds: number,
  report: (round: Round) => void = () => {},
): Promise<Round[]> {
  using folder = temporaryFolder()
  await using kept = await keptDatabase(database)
  const config = folder.file('latchkey.config.json')
  writeFileSync(config, JSON.stringify({ accessTokenFormat: 'opaque', logLevel: 'silent' }))
  const start = () =>
    startDev({
      database: kept.url,
      args: ['--config', config],
      env: { LATCHKEY_SECRET: testSecret },
    })

  const results: Round[] = []
  let dev = await start()
  try {
    for (let count = 0; count < rounds; count++) {
      const { tokens, cutOff } = await issueUntilKilled(dev)
      await dev[Symbol.asyncDispose]()
      dev = await start()
      const round = { acknowledged: tokens.length, cutOff, lost: await countLost(dev, tokens) }
      report(round)
      results.push(round)
    }
  } finally {
    await dev[Symbol.asyncDispose]()
  }
  return results
}

const clientOf = ({ description: { client } }: Dev) => ({
  id: client.client_id,
  secret: client.client_secret,
})

async function issueUntilKilled(dev: Dev): Promise<{ tokens: string[]; cutOff: number }> {
  const tokens: string[] = []
  let cutOff = 0
  const firstAnswer = Promise.withResolvers<void>()
  const issue = async () => {
    for (;;) {
      const token = await requestToken(dev)
      if (token === undefined) break
      tokens.push(token)
      firstAnswer.resolve()
    }
    cutOff++
    firstAnswer.resolve()
  }
  const issuing = Promise.all(Array.from({ length: concurrency }, issue))
  await firstAnswer.promise
  await delay(Math.random() * killWindowMs)
  await dev.end('SIGKILL')
  await issuing
  return { tokens, cutOff }
}

/** A token, once its answer has arrived whole; `undefined`: the connection was cut. */
async function requestToken(dev: Dev): Promise<string | undefined> {
  const url = dev.description.endpoints.token ?? ''
  let answer: { status: number; body: string }
  try {
    const response = await postForm(url, { grant_type: 'client_credentials' }, clientOf(dev))
    answer = { status: response.status, body: await response.text() }
  } catch {
    return undefined
  }
  if (answer.status !== 200) throw new Error(`The server refused: ${answer.status} ${answer.body}`)
  return JSON.parse(answer.body).access_token
}

async function countLost(dev: Dev, tokens: string[]): Promise<number> {
  const left = [...tokens]
  let lost = 0
  const check = async () => {
    for (let token = left.pop(); token !== undefined; token = left.pop()) {
      if (!(await isActive(dev, token))) lost++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, check))
  return lost
}

/** Asked by the client itself: the restarted API has another port, and so another audience. */
async function isActive(dev: Dev, token: string): Promise<boolean> {
  const response = await postForm(dev.description.endpoints.introspection ?? '', { token }, clientOf(dev))
  return ((await response.json()) as { active?: boolean }).active === true
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      database: { type: 'string', multiple: true, default: [...databases] },
    },
  })
  const rounds = Number(values.rounds)
  let faults = 0
  for (const database of databases.filter((name) => values.database.includes(name))) {
    faults += await reportTokens(database, rounds)
    faults += await reportConnections(database, rounds)
  }
  process.exitCode = faults === 0 ? 0 : 1
}

async function reportTokens(database: DatabaseName, count: number): Promise<number> {
  const rounds = await killRounds(database, count, (round) => say(database, JSON.stringify(round)))
  const sum = (member: keyof Round) => rounds.reduce((total, round) => total + round[member], 0)
  const counts = `${sum('acknowledged')} tokens acknowledged, ${sum('cutOff')} requests cut off, ${sum('lost')} lost`
  say(database, `${rounds.length} rounds, ${counts}`)
  return sum('lost')
}

async function reportConnections(database: DatabaseName, count: number): Promise<number> {
  const rounds = await killConnectionRounds(database, count, (round) => say(database, JSON.stringify(round)))
  const sum = (member: 'redeemed' | 'refreshed' | 'cutOff') =>
    rounds.reduce((total, round) => total + round[member], 0)
  const faults = rounds.flatMap((round) => round.faults).length
  const counts = `${sum('redeemed')} codes and ${sum('refreshed')} refreshes acknowledged, ${sum('cutOff')} requests cut off, ${faults} faults`
  say(database, `${rounds.length} rounds, ${counts}`)
  return faults
}

const say = (database: DatabaseName, words: string) => process.stdout.write(`${database}: ${words}\n`)

if (import.meta.main) await main().finally(stopOwnPostgres)
