import { interleave, repeat } from './harness/repeat.ts'
import { isQuick, reportRates } from './harness/report.ts'
import { openServer } from './harness/server.ts'

await using server = await openServer({ accessTokenFormat: 'opaque' })

/** An opaque token is a row that is durable before its client has it; rows that come at once share one commit. */
const issue = (concurrency: number) => () =>
  repeat(() => server.token(), { concurrency, seconds: isQuick ? 0.5 : 3 })

reportRates(
  await interleave(
    { '1 at a time': issue(1), '8 at once': issue(8), '64 at once': issue(64) },
    isQuick ? 3 : 7,
  ),
)
