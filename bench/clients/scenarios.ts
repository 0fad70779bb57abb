import type { App, Call } from './app.ts'
import { lifetimeSeconds } from './issuer.ts'
import type { LeapingTime } from './leaping-time.ts'
import type { ScriptedServer } from './scripted-server.ts'

export interface Stage {
  readonly app: App
  readonly server: ScriptedServer
  readonly time: LeapingTime
}

export type ScenarioName = keyof typeof scenarios

/** Each starts with a token that is new and works. What comes back is what went wrong; `undefined`: all is well. */
export const scenarios = {
  'herd at expiry': herdAtExpiry,
  'late 401': late401,
  '503 at renewal': unavailableAtRenewal,
  'refresh token left out': refreshTokenLeftOut,
  'rotated token kept': rotatedTokenKept,
  'one-shot body': oneShotBody,
} satisfies Record<string, (stage: Stage) => Promise<string | undefined>>

export const scenarioNames = Object.keys(scenarios) as ScenarioName[]

const herdSize = 200
const siblings = 10

/** Hundreds of calls when the token has just expired: one renewal, and every call is served. */
async function herdAtExpiry({ app, server, time }: Stage): Promise<string | undefined> {
  await time.leap(lifetimeSeconds + 1)
  return complaint([served(await outcomes(app, herdSize)), renewedOnce(server)])
}

/** A token ends before its time. Calls meet a 401 together, one of them after the renewal: that one renews no more. */
async function late401({ app, server }: Stage): Promise<string | undefined> {
  server.issuer.revokeAccess()
  const late = outcome(app, { path: '/late' })
  const prompt = await outcomes(app, siblings - 1)
  return complaint([served([...prompt, await late]), renewedOnce(server)])
}

/** The token endpoint is away while the token still lives, and once more when it is dead: no call shows it. */
async function unavailableAtRenewal({ app, server, time }: Stage): Promise<string | undefined> {
  const { script } = server.issuer
  script.failures = Number.POSITIVE_INFINITY
  await time.leap(lifetimeSeconds - 30)
  const living = await outcomes(app, 1)
  script.failures = 1
  await time.leap(60)
  const dead = await outcomes(app, 1)
  script.failures = 0
  const later = await outcomes(app, 1)
  return complaint([
    served(living, 'before expiry: '),
    served(dead, 'after expiry and one 503: '),
    served(later, 'when the endpoint is back: '),
  ])
}

/** RFC 6749 §6: the answer to a refresh may leave the refresh token out, and then the old one goes on. */
async function refreshTokenLeftOut({ app, server, time }: Stage): Promise<string | undefined> {
  Object.assign(server.issuer.script, { rotates: false, givesRefreshToken: false })
  return complaint([await renewSeveralTimes({ app, server, time })])
}

/** Every renewal ends the refresh token before it: several in a row work, and the newest is what is kept. */
async function rotatedTokenKept({ app, server, time }: Stage): Promise<string | undefined> {
  const failed = await renewSeveralTimes({ app, server, time })
  const isKept = app.kept().includes(server.issuer.refreshToken)
  return complaint([failed, isKept ? undefined : 'what is kept is not the newest refresh token'])
}

const renewalsInARow = 3

async function renewSeveralTimes({ app, server, time }: Stage): Promise<string | undefined> {
  for (let round = 1; round <= renewalsInARow; round++) {
    await time.leap(lifetimeSeconds + 60)
    const failed = served(await outcomes(app, 1), `renewal ${round}: `)
    if (failed) return failed
    if (server.issuer.renewals < round) return `renewal ${round}: not asked for`
  }
  return undefined
}

const pieces = ['one '.repeat(4096), 'two '.repeat(4096), 'three'.repeat(4096)]

/**
 * A body that can be read once meets a 401. It is never sent in part; the caller sees the 401, or a 200 where all of it was
 * sent again; and the next call is served.
 */
async function oneShotBody({ app, server }: Stage): Promise<string | undefined> {
  server.issuer.revokeAccess()
  const first = await outcome(app, { pieces })
  const isWhole = server.posted.every((body) => body === pieces.join(''))
  const isServed = first === '200' || first === '401'
  return complaint([
    isWhole ? undefined : `sent again without its body, and the caller sees ${first}`,
    isServed ? undefined : `the caller sees ${first}`,
    served(await outcomes(app, 1), 'the next call: '),
  ])
}

function complaint(parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined)
  return said.length > 0 ? said.join('; ') : undefined
}

function renewedOnce({ issuer }: ScriptedServer): string | undefined {
  return issuer.renewals === 1 ? undefined : `${issuer.renewals} renewals`
}

/** `undefined` when all were answered 200. */
function served(all: readonly string[], when = ''): string | undefined {
  const others = all.filter((status) => status !== '200')
  if (others.length === 0) return undefined
  const kinds = [...new Set(others)].join(', ')
  return all.length === 1
    ? `${when}${kinds}`
    : `${when}${others.length} of ${all.length} calls failed (${kinds})`
}

const outcomes = (app: App, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => outcome(app)))

/** The status as text, or the error's message, cut to what fits a note. */
async function outcome(app: App, call?: Call): Promise<string> {
  try {
    return String(await app.call(call))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return `“${message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message}”`
  }
}

const maxMessageLength = 50
