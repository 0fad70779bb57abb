import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { median, percentile } from '../harness/statistics.ts'
import { checkAnswer, headers, body as tokenForm } from '../token/workload.ts'
import { password, startSignInServer, usernameOf } from './server.ts'

export interface Plan {
  rounds: number
  secondsEach: number
  /** Sign-ins that wait for their answer at any moment. */
  signIns: number
}

/** How long the token endpoint took, in milliseconds, while nobody signed in and while many did. */
export interface Round {
  idle: Latency
  busy: Latency
  /** Sign-ins that were answered meanwhile. */
  signIns: number
}

/** What half of the requests, and 99 in a hundred, did not exceed. */
export interface Latency {
  p50: number
  p99: number
}

/** How many times as long it took, the median over the rounds. */
export const slowdown = (rounds: readonly Round[], share: keyof Latency): number =>
  median(rounds.map(({ idle, busy }) => busy[share] / idle[share]))

/** Requests for tokens come one at a time, this long apart: what is measured is their waiting, not how many fit. */
const pauseMs = 4
/** A flood comes at once and then goes on; what is measured is how it goes on, once somebody was answered. */
const settleMs = 1_000

/**
 * Measures one server in turn while it does nothing else and while all its people sign in again and again.
 *
 * @throws Error on any answer but a token.
 */
export async function measureSignIns({ rounds, secondsEach, signIns }: Plan): Promise<Round[]> {
  await using server = await startSignInServer(signIns)
  await checkAnswer(`http://127.0.0.1:${server.port}`, '/token')
  await using asking = connectionsTo(server.port)
  await timeTokens(asking, secondsEach)
  const measured: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const idle = await timeTokens(asking, secondsEach)
    const flood = startFlood(asking, signIns)
    await Promise.all([delay(settleMs), flood.hasBegun])
    const busy = await timeTokens(asking, secondsEach)
    measured.push({ idle, busy, signIns: await flood.stop() })
  }
  return measured
}

type Connections = ReturnType<typeof connectionsTo>

/** Posts forms to the token endpoint over connections that are kept. */
function connectionsTo(port: number) {
  const agent = new Agent({ keepAlive: true })
  return {
    post: (body: string, more: Record<string, string> = {}) =>
      new Promise<number>((resolve, reject) => {
        const options = { port, agent, path: '/token', method: 'POST', headers: { ...headers, ...more } }
        request(options, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0))
        })
          .once('error', reject)
          .end(body)
      }),
    async [Symbol.asyncDispose]() {
      agent.destroy()
    },
  }
}

async function timeTokens({ post }: Connections, seconds: number): Promise<Latency> {
  const deadline = performance.now() + seconds * 1000
  const times: number[] = []
  while (performance.now() < deadline) {
    await delay(pauseMs)
    const startedAt = performance.now()
    const status = await post(tokenForm)
    times.push(performance.now() - startedAt)
    if (status !== 200) throw new Error(`The token endpoint answered ${status}.`)
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** Everybody signs in, each from an address of their own, and again as soon as they are answered. */
function startFlood({ post }: Connections, people: number) {
  let isOver = false
  let answered = 0
  const begun = Promise.withResolvers<void>()
  const lane = async (index: number) => {
    const form = new URLSearchParams({
      grant_type: 'password',
      username: usernameOf(index),
      password,
    }).toString()
    const from = { 'x-forwarded-for': `198.51.${index >> 8}.${index & 255}` }
    while (!isOver) {
      const status = await post(form, from)
      if (status !== 200) throw new Error(`A sign-in was answered ${status}.`)
      answered++
      begun.resolve()
    }
  }
  const lanes = Promise.all(Array.from({ length: people }, (_, index) => lane(index)))
  // A failure is told where the flood is stopped.
  lanes.catch(begun.reject)
  return {
    hasBegun: begun.promise,
    async stop(): Promise<number> {
      const count = answered
      isOver = true
      await lanes
      return count
    },
  }
}
