/**
 * Waits for `work` until the signal says to stop; the work itself goes on.
 *
 * @throws `reason`, by default the signal's own.
 */
export async function giveUpOn<Result>(
  signal: AbortSignal | null | undefined,
  work: Promise<Result>,
  reason?: Error,
): Promise<Result> {
  if (!signal) return work
  let onAbort = () => {}
  const givenUp = new Promise<never>((_, reject) => {
    onAbort = () => reject(reason ?? signal.reason)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
  return Promise.race([work, givenUp]).finally(() => signal.removeEventListener('abort', onAbort))
}
