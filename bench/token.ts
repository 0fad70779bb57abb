import { parseArgs } from 'node:util'
import { median, table } from './harness/statistics.ts'
import { bare, hasOidcProvider, latchkey, oidcProvider } from './token/contenders.ts'
import { type Comparison, compare, type Measured, measure } from './token/measure.ts'

/** The least throughput of Latchkey, as a multiple of each of the others'. */
const targets: Readonly<Record<string, number>> = { [oidcProvider.name]: 1.25, [bare.name]: 0.75 }

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, assert: { type: 'boolean', default: false } },
})
const plan = options.quick
  ? { rounds: 3, secondsEach: 1, warmUpSeconds: 1, connections: 32 }
  : { rounds: 9, secondsEach: 4, warmUpSeconds: 4, connections: 32 }

if (!hasOidcProvider()) print('oidc-provider is not installed (npm ci in bench/): measured without it.\n')
const contenders = [latchkey, ...(hasOidcProvider() ? [oidcProvider] : []), bare]
const [own, ...others] = await measure(contenders, plan)
if (own) report(own, others)

function report(own: Measured, others: readonly Measured[]): void {
  print(rawFigures([own, ...others]))
  const compared = others.map((other) => ({ name: other.name, ...compare(own, other) }))
  print(ratios(compared))
  const missed = compared.filter(({ name, throughput }) => throughput < (targets[name] ?? 0))
  for (const { name } of missed) print(`Below the target beside ${name}.`)
  if (options.assert && missed.length > 0) process.exitCode = 1
}

function rawFigures(measured: readonly Measured[]): string {
  return `${table([
    ['server', 'requests/s', 'µs CPU/request', 'requests/s, each round'],
    ...measured.map(({ name, rounds }) => [
      name,
      median(rounds.map((round) => round.requestsPerSecond)).toFixed(0),
      median(rounds.map((round) => round.cpuPerRequest)).toFixed(1),
      rounds.map((round) => round.requestsPerSecond.toFixed(0)).join(' '),
    ]),
  ])}\n`
}

function ratios(compared: readonly (Comparison & { name: string })[]): string {
  return table([
    ['latchkey beside', 'throughput', 'target', 'CPU/request'],
    ...compared.map(({ name, throughput, cpuPerRequest }) => [
      name,
      `${throughput.toFixed(2)} ×`,
      `≥ ${targets[name]?.toFixed(2)} ×`,
      `${cpuPerRequest.toFixed(2)} ×`,
    ]),
  ])
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
