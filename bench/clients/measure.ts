import type { Contender } from './contender.ts'
import { installed } from './installed.ts'
import { runScenario } from './run-scenario.ts'
import { type ScenarioName, scenarioNames } from './scenarios.ts'
import { type Sizes, sizesOf } from './size.ts'

export interface Measured {
  readonly contender: Contender
  readonly version: string
  /** What went wrong in each scenario; `undefined`: all went well. */
  readonly complaints: Readonly<Record<ScenarioName, string | undefined>>
  readonly sizes: Sizes
  readonly dependencyCount: number
}

/** Runs every scenario with a client, one after the other, and weighs it. */
export async function measure(contender: Contender): Promise<Measured> {
  const { version, dependencies } = installed(contender.package)
  return {
    contender,
    version,
    complaints: await complaintsOf(contender),
    sizes: await sizesOf(contender),
    dependencyCount: dependencies.length,
  }
}

export async function complaintsOf(contender: Contender): Promise<Measured['complaints']> {
  const complaints = {} as Record<ScenarioName, string | undefined>
  for (const name of scenarioNames) complaints[name] = await runScenario(contender, name)
  return complaints
}

/** Bytes; as in the README. */
const maxSize = 6000

/** What of the target a client misses: every scenario well, small, and nothing installed with it. */
export function missed({ complaints, sizes, dependencyCount }: Measured): string[] {
  const failed = scenarioNames.filter((name) => complaints[name] !== undefined)
  return [
    ...failed.map((name) => `${name}: ${complaints[name]}`),
    ...(sizes.entry < maxSize ? [] : [`size: ${sizes.entry} bytes are not less than ${maxSize}`]),
    ...(dependencyCount === 0 ? [] : [`dependencies: ${dependencyCount}`]),
  ]
}
