import { parseArgs } from 'node:util'
import type { Repeated } from './repeat.ts'
import { median, table } from './statistics.ts'

/** `--quick`: short rounds, for a look. */
export const { quick: isQuick } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  strict: false,
}).values

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A line for each operation: the medians, and its rate as a multiple of the first one's, round by round. */
export function reportRates(results: Readonly<Record<string, readonly Repeated[]>>): void {
  const [first] = Object.values(results)
  const rows = Object.entries(results).map(([name, rounds]) => [
    name,
    median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
    median(rounds.map(({ cpuEach }) => cpuEach)).toFixed(1),
    `${median(rounds.map(({ perSecond }, round) => perSecond / (first?.[round]?.perSecond ?? Number.NaN))).toFixed(2)} ×`,
  ])
  print(table([['operation', 'per second', 'µs CPU each', 'rate beside the first'], ...rows]))
}
