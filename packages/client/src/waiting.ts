/** After which what is waited for is lost: a store is silent, or its runtime has ended the request that it belonged to. */
export const lostAfterMs = 45_000

/**
 * Waits for `work` until the signal says to stop; the work itself goes on.
 *
 * @throws `reason`, by default the signal's own.
 */
export const giveUpOn = <Result>(
  signal: AbortSignal | null | undefined,
  work: Promise<Result>,
  reason?: Error,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const onAbort = () => reject(reason ?? signal?.reason)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
    work.finally(() => signal?.removeEventListener('abort', onAbort)).then(resolve, reject)
  })
