import { parseArgs } from 'node:util'
import { isQuick, print } from './harness/report.ts'
import { table } from './harness/statistics.ts'
import { measureSignIns, slowdown } from './sign-in/measure.ts'

/** The most that a flood of sign-ins may slow the token endpoint, as a multiple of the time when there is none. */
const maxRatio = 3

const { assert } = parseArgs({
  options: { assert: { type: 'boolean', default: false } },
  strict: false,
}).values

const plan = isQuick
  ? { rounds: 3, secondsEach: 2, signIns: 200 }
  : { rounds: 7, secondsEach: 4, signIns: 200 }
const rounds = await measureSignIns(plan)

print(
  table([
    ['round', 'idle p99, ms', 'p99 with sign-ins, ms', 'ratio', 'sign-ins answered'],
    ...rounds.map(({ idle, busy, signIns }, index) => [
      String(index + 1),
      idle.p99.toFixed(2),
      busy.p99.toFixed(2),
      `${(busy.p99 / idle.p99).toFixed(2)} ×`,
      String(signIns),
    ]),
  ]),
)
const ratio = slowdown(rounds, 'p99')
print(
  `\nWith ${plan.signIns} sign-ins waiting, a token takes ${ratio.toFixed(2)} × as long (p99; target ≤ ${maxRatio} ×).`,
)
if (assert && !(ratio <= maxRatio)) process.exitCode = 1
