import { load } from '../harness/load.ts'
import type { ServerProcess } from '../harness/server-process.ts'
import { median } from '../harness/statistics.ts'
import type { Contender } from './contenders.ts'
import { body, checkAnswer, headers } from './workload.ts'

export interface Plan {
  rounds: number
  secondsEach: number
  warmUpSeconds: number
  connections: number
}

/** What one server did in one round. */
export interface Figures {
  requestsPerSecond: number
  /** The server's own user and system time, in microseconds. */
  cpuPerRequest: number
}

export interface Measured {
  name: string
  rounds: readonly Figures[]
}

/** What the first server does, as multiples of what another does; each the median over the rounds. */
export interface Comparison {
  throughput: number
  cpuPerRequest: number
}

interface Running extends Contender {
  server: ServerProcess
}

/**
 * Measures servers in turn, round by round, so that whatever else the machine does falls on all of them alike.
 *
 * @throws Error when one answers anything but a good token.
 */
export async function measure(contenders: readonly Contender[], plan: Plan): Promise<Measured[]> {
  await using stack = new AsyncDisposableStack()
  const running: Running[] = []
  for (const contender of contenders) {
    const server = stack.use(await contender.start())
    await checkAnswer(`http://127.0.0.1:${server.port}`, contender.path)
    running.push({ ...contender, server })
  }
  for (const contender of running) await runRound(contender, plan.connections, plan.warmUpSeconds)
  const measured = running.map(({ name }) => ({ name, rounds: [] as Figures[] }))
  for (let round = 0; round < plan.rounds; round++) {
    for (const [index, contender] of running.entries()) {
      measured[index]?.rounds.push(await runRound(contender, plan.connections, plan.secondsEach))
    }
  }
  return measured
}

/** Compares round by round, each with its neighbour in time, and only then takes the median. */
export function compare(first: Measured, other: Measured): Comparison {
  const ratios = (name: keyof Figures) =>
    first.rounds.map((figures, round) => figures[name] / (other.rounds[round]?.[name] ?? Number.NaN))
  return {
    throughput: median(ratios('requestsPerSecond')),
    cpuPerRequest: median(ratios('cpuPerRequest')),
  }
}

async function runRound({ server, path }: Running, connections: number, seconds: number): Promise<Figures> {
  const before = await server.cpuSeconds()
  const loaded = await load({ port: server.port, path, headers, body, connections, seconds })
  const used = (await server.cpuSeconds()) - before
  return {
    requestsPerSecond: loaded.requests / loaded.seconds,
    cpuPerRequest: (used * 1e6) / loaded.requests,
  }
}
