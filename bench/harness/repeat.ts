/** What an operation cost in this process. */
export interface Repeated {
  perSecond: number
  /** User and system time of all threads, in microseconds. */
  cpuEach: number
}

/** Runs an operation again and again, so many at once, for so long. */
export async function repeat(
  operation: (index: number) => Promise<unknown>,
  { concurrency, seconds }: { concurrency: number; seconds: number },
): Promise<Repeated> {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const deadline = startedAt + seconds * 1000
  let count = 0
  const lane = async () => {
    while (performance.now() < deadline) await operation(count++)
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  const { user, system } = process.cpuUsage(cpuBefore)
  return { perSecond: count / ((performance.now() - startedAt) / 1000), cpuEach: (user + system) / count }
}

/** Runs each operation in turn, round by round, so that whatever else the machine does falls on all of them alike. */
export async function interleave<Name extends string>(
  operations: Readonly<Record<Name, () => Promise<Repeated>>>,
  rounds: number,
): Promise<Record<Name, Repeated[]>> {
  const names = Object.keys(operations) as Name[]
  const results = {} as Record<Name, Repeated[]>
  for (const name of names) results[name] = []
  for (const name of names) await operations[name]()
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results[name].push(await operations[name]())
  }
  return results
}
