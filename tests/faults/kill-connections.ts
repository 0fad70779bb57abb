import { setTimeout as delay } from 'node:timers/promises'
import { systemClock as clock } from '../../packages/server/src/base/clock.ts'
import { sha256 } from '../../packages/server/src/base/hash.ts'
import { openDatabase } from '../../packages/server/src/store/open.ts'
import { createStore, type Store } from '../../packages/server/src/store/store.ts'
import type { User } from '../../packages/server/src/store/users.ts'
import {
  addPerson,
  askFor,
  type Credentials,
  issueCode,
  redeem,
  refresh,
  registerCodeClient,
  type Tokens,
  tokensOf,
} from '../support/connection.ts'
import { type Serve, startServe } from '../support/serve.ts'
import { type DatabaseName, keptDatabase } from './kept-database.ts'

/*
 * Kills a server while apps redeem codes and refresh, and looks after the restart whether each app goes on with the
 * last tokens that it received. A reply that the kill took away may have been a later one.
 */

/** Requests in flight at once. */
const concurrency = 32
/** Codes that people give to apps in a round. Far fewer for each person and app than may be connected. */
const codesOfRound = 64
/** The apps that go on to the next round, the newest; one round's are too few to have old connections among them. */
const maxApps = 256
const peopleCount = 4
/** Answers before which nothing is killed: new and old connections should be among them. */
const answersBeforeKill = 100
/** The kill comes at a random moment of this many milliseconds after those. */
const killWindowMs = 250

const issuer = 'http://127.0.0.1:1'
const audience = 'https://api.example.com'

export interface ConnectionRound {
  /** Codes whose tokens arrived before the kill. */
  redeemed: number
  /** Refresh tokens that arrived before the kill in place of another. */
  refreshed: number
  /** Requests that the kill cut off. */
  cutOff: number
  /** What is wrong after the restart, in words. */
  faults: string[]
}

/** An app of one person, and what arrived there. */
interface App {
  client: Credentials
  code: string
  /** Whether the code was ever sent. */
  isSent: boolean
  /** The last that arrived. */
  tokens: Tokens | undefined
}

/** Runs rounds of redeeming and refreshing, SIGKILL, restart and check on one database. */
export async function killConnectionRounds(
  database: DatabaseName,
  rounds: number,
  report: (round: ConnectionRound) => void = () => {},
): Promise<ConnectionRound[]> {
  await using kept = await keptDatabase(database)
  const people = await withStore(kept.url, async (store) => {
    await store.database.migrate()
    return Promise.all(Array.from({ length: peopleCount }, () => addPerson({ store, clock })))
  })
  const start = () =>
    startServe({
      issuer,
      audience,
      database: kept.url,
      scopes: { read: 'Read', write: 'Write' },
      accessTokenFormat: 'opaque',
      // A slow machine takes a while to start again.
      refreshTokenGrace: '10m',
      logLevel: 'silent',
    })

  const results: ConnectionRound[] = []
  let apps: App[] = []
  let server = await start()
  try {
    for (let count = 0; count < rounds; count++) {
      apps = [...apps, ...(await withStore(kept.url, (store) => allowApps(store, people)))].slice(-maxApps)
      const before = new Set(apps.filter(({ tokens }) => tokens))
      const load = await askUntilKilled(server, apps)
      await server[Symbol.asyncDispose]()
      server = await start()
      const round = {
        ...load,
        faults: [...load.faults, ...(await findFaults(server, kept.url, apps, before))],
      }
      apps = apps.filter(({ isSent, tokens }) => tokens || !isSent)
      report(round)
      results.push(round)
    }
  } finally {
    await server[Symbol.asyncDispose]()
  }
  return results
}

/** Held open no longer than it is used: the server must be alone with what the kill left of a SQLite file. */
async function withStore<Result>(url: string, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = createStore(await openDatabase(url))
  try {
    return await work(store)
  } finally {
    await store.database.close()
  }
}

async function allowApps(store: Store, people: readonly User[]): Promise<App[]> {
  const parts = { store, clock }
  const client = await registerCodeClient(parts)
  const allow = async (_: unknown, index: number): Promise<App> => {
    const person = people[index % people.length] as User
    const code = await issueCode(parts, client, person, { audience, expires_at: clock() + 3_600 })
    return { client, code, isSent: false, tokens: undefined }
  }
  return Promise.all(Array.from({ length: codesOfRound }, allow))
}

async function askUntilKilled(server: Serve, apps: readonly App[]): Promise<ConnectionRound> {
  const round: ConnectionRound = { redeemed: 0, refreshed: 0, cutOff: 0, faults: [] }
  const idle = [...apps]
  const isUnderWay = Promise.withResolvers<void>()
  const work = async () => {
    for (;;) {
      const [app] = idle.splice(Math.floor(Math.random() * idle.length), 1)
      if (!app) throw new Error('There are fewer apps than requests at once.')
      const isFirst = !app.tokens
      const outcome = await takeNextStep(server, app)
      if (outcome === 'cut off') break
      if (outcome === 'refused') round.faults.push('an app was refused before the kill')
      else round[isFirst ? 'redeemed' : 'refreshed']++
      idle.push(app)
      const answers = round.redeemed + round.refreshed + round.faults.length
      if (answers >= answersBeforeKill) isUnderWay.resolve()
    }
    round.cutOff++
    isUnderWay.resolve()
  }
  const working = Promise.all(Array.from({ length: concurrency }, work))
  await isUnderWay.promise
  await delay(Math.random() * killWindowMs)
  await server.end('SIGKILL')
  await working
  return round
}

/** Redeems the code, or refreshes; what arrives is kept. */
async function takeNextStep({ url }: Serve, app: App): Promise<'done' | 'refused' | 'cut off'> {
  const { client, code, tokens } = app
  const tokenUrl = `${url}/token`
  app.isSent = true
  let answer: Awaited<ReturnType<typeof askFor>>
  try {
    answer = await (tokens ? refresh(tokenUrl, client, tokens.refreshToken) : redeem(tokenUrl, client, code))
  } catch {
    return 'cut off'
  }
  if (answer.status !== 200) return 'refused'
  app.tokens = tokensOf(answer)
  return 'done'
}

async function findFaults(
  server: Serve,
  database: string,
  apps: readonly App[],
  before: ReadonlySet<App>,
): Promise<string[]> {
  const { spentCodes, faults } = await withStore(database, (store) => readRows(store, apps))
  const left = [...apps]
  const check = async () => {
    for (let app = left.pop(); app; app = left.pop()) {
      if (app.tokens) faults.push(...(await goOn(server, app, !before.has(app))))
      else if (app.isSent) faults.push(...(await tryAgain(server, app, spentCodes.has(sha256(app.code)))))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, check))
  return faults
}

/** A code and its connection are written together or not at all, and what arrived at an app was written. */
async function readRows({ database: { kysely } }: Store, apps: readonly App[]) {
  const codes = await kysely
    .selectFrom('authorization_codes')
    .leftJoin('connections', 'connections.id', 'authorization_codes.connection_id')
    .select(['code_hash', 'spent_at', 'connections.id', 'generation'])
    .execute()
  const withoutCode = await kysely
    .selectFrom('connections')
    .leftJoin('authorization_codes', 'authorization_codes.connection_id', 'connections.id')
    .select('connections.id')
    .where('code_hash', 'is', null)
    .execute()
  const faults = withoutCode.map(() => 'a connection without a spent code')
  for (const { spent_at, id } of codes) {
    if (spent_at === null && id !== null) faults.push('a connection of a code that is not spent')
    if (spent_at !== null && id === null) faults.push('a spent code without a connection')
  }
  const generations = new Map(codes.map(({ code_hash, generation }) => [code_hash, generation]))
  for (const { code, tokens } of apps) {
    const generation = generations.get(sha256(code)) ?? -1
    if (tokens && generation < generationOf(tokens)) faults.push('an acknowledged rotation is undone')
  }
  const spentCodes = new Set(codes.filter(({ spent_at }) => spent_at !== null).map((row) => row.code_hash))
  return { spentCodes, faults }
}

const generationOf = ({ refreshToken }: Tokens): number => Number(refreshToken.split('.')[2])

/** Whose tokens arrived: they are good, the code is spent, and asking for it once more does no harm. */
async function goOn(server: Serve, app: App, isNew: boolean): Promise<string[]> {
  const { client, code, tokens } = app
  const faults: string[] = []
  const { body } = await askFor(`${server.url}/introspect`, client, { token: tokens?.accessToken ?? '' })
  if (body.active !== true) faults.push('an acknowledged access token is gone')
  if (isNew) {
    const { status, body } = await redeem(`${server.url}/token`, client, code)
    if (status !== 400 || body.error !== 'invalid_grant') faults.push(`a spent code gave ${status}`)
  }
  if ((await takeNextStep(server, app)) !== 'done') faults.push('an acknowledged connection is lost')
  return faults
}

/** Whose reply was cut off: the code is good still, or it is spent and the person connects once more. */
async function tryAgain(server: Serve, app: App, isSpent: boolean): Promise<string[]> {
  const outcome = await takeNextStep(server, app)
  if (outcome === (isSpent ? 'refused' : 'done')) return []
  return [`a ${isSpent ? 'spent' : 'good'} code whose reply was cut off is ${outcome}`]
}
