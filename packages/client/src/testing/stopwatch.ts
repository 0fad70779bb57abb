const tickMs = 20

/**
 * Counts milliseconds by a timer of this very process: whatever holds the machine up holds this up as well, so that it is
 * no slower process which is measured.
 */
export function startStopwatch(): Disposable & { passedMs(): number } {
  let ticks = 0
  const timer = setInterval(() => ticks++, tickMs)
  return { passedMs: () => ticks * tickMs, [Symbol.dispose]: () => clearInterval(timer) }
}
