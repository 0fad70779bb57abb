/**
 * A signal that comes this soon after the first, in milliseconds, is the same one twice: a terminal sends Ctrl+C to npm
 * and to this process, and npm passes it on.
 */
const echoMs = 500

/** How often a process that ends with its parent looks for it, in milliseconds. */
const parentIntervalMs = 500

/**
 * Resolves at SIGINT or SIGTERM, from the call on. A second signal ends the process at once.
 *
 * @param withParent also resolve when the parent is gone: npm passes a signal to its shell, which dies and tells nobody.
 */
export function untilStopped(withParent = false): Promise<void> {
  return new Promise((resolve) => {
    const parent = process.ppid
    if (withParent) setInterval(() => process.ppid !== parent && resolve(), parentIntervalMs).unref()
    let firstAt: number | undefined
    const onSignal = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        resolve()
        return
      }
      if (performance.now() - firstAt < echoMs) return
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      process.kill(process.pid, signal)
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  })
}
