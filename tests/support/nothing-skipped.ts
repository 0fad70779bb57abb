import type { TestEvent } from 'node:test/reporters'

/** A reporter for continuous integration: names each test that is skipped as it happens, and makes the run fail. */
export default async function* nothingSkipped(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' || event.data.skip === undefined) continue
    failRun()
    const reason = typeof event.data.skip === 'string' ? ` (${event.data.skip})` : ''
    yield `Skipped, and with CI set nothing may be: ${event.data.name}${reason}\n`
  }
}

/** The runner sets its own exit code last but for this. */
function failRun(): void {
  process.once('exit', () => {
    process.exitCode = 1
  })
}
