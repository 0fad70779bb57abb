import type { Contender } from './contender.ts'
import { leapingTime } from './leaping-time.ts'
import { type ScenarioName, scenarios } from './scenarios.ts'
import { startScriptedServer } from './scripted-server.ts'

/** A scenario that takes longer has a call that nobody answers. */
const scenarioTimeoutMs = 6000

/** Runs one scenario with an app of its own. What comes back is what went wrong; `undefined`: all is well. */
export async function runScenario(
  contender: Pick<Contender, 'open'>,
  name: ScenarioName,
  timeoutMs = scenarioTimeoutMs,
): Promise<string | undefined> {
  await using server = await startScriptedServer()
  using time = leapingTime()
  const stray = catchStrayErrors()
  try {
    const app = await contender.open(server)
    const status = await app.call()
    if (status !== 200) return `the first call: ${status}`
    const complaint = await withinTime(scenarios[name]({ app, server, time }), timeoutMs)
    return complaint ?? stray.first()
  } finally {
    stray[Symbol.dispose]()
  }
}

async function withinTime(
  running: Promise<string | undefined>,
  timeoutMs: number,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), timeoutMs)
  })
  try {
    return await Promise.race([running, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** A rejection that nobody handles would end the app's process. */
function catchStrayErrors() {
  const caught: string[] = []
  const listener = (reason: unknown) => caught.push(`a rejection that nobody handles: ${reason}`)
  process.on('unhandledRejection', listener)
  return {
    first: () => caught[0],
    [Symbol.dispose]: () => {
      process.off('unhandledRejection', listener)
    },
  }
}
