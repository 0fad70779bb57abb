import type { Context } from './context.ts'

/** How often expired rows are looked for, in milliseconds. */
const intervalMs = 60_000
/** Rows that one transaction deletes at most, so that none holds the others up. */
const batchSize = 500

/** Deletes what has expired, in small batches, for as long as the server runs. */
export function startHousekeeping({ store, clock, logger }: Pick<Context, 'store' | 'clock' | 'logger'>): {
  stop(): void
} {
  let isStopped = false
  const timer = setInterval(
    () => sweep().catch((error) => logger.warn({ err: error }, 'housekeeping failed')),
    intervalMs,
  )
  timer.unref()

  async function sweep(): Promise<void> {
    const now = clock()
    const { opaqueTokens, authorizationCodes, connections, sessions, mailLinks, limits } = store
    const growing = [opaqueTokens, authorizationCodes, connections, sessions, mailLinks, limits]
    for (const table of [...growing, store.revocations, store.auditEvents]) {
      await drain(() => table.purge(now, batchSize))
    }
    await store.signingKeys.purge(now)
  }

  async function drain(purge: () => Promise<number>): Promise<void> {
    while (!isStopped && (await purge()) === batchSize);
  }

  return {
    stop() {
      isStopped = true
      clearInterval(timer)
    },
  }
}
