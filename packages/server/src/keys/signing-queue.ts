/** Signatures that one turn of the event loop makes at most: then whoever came meanwhile is heard first. */
const maxBatch = 64

interface Job {
  sign: () => string
  resolve(token: string): void
  reject(error: unknown): void
}

/**
 * Signs in batches: what the requests of one turn ask for is signed one right after the other, and only then do they go
 * on. A signature that follows another finds its code and tables in the processor's caches; between two requests it
 * does not (docs/decisions/0005-signatures-in-batches.md).
 */
export function createSigningQueue(): (sign: () => string) => Promise<string> {
  let queue: Job[] = []

  function flush(): void {
    const batch = queue.slice(0, maxBatch)
    queue = queue.slice(maxBatch)
    if (queue.length > 0) setImmediate(flush)
    for (const settle of batch.map(attempt)) settle()
  }

  return (sign) =>
    new Promise((resolve, reject) => {
      queue.push({ sign, resolve, reject })
      if (queue.length === 1) setImmediate(flush)
    })
}

/** Signs now; what comes of it is said later. */
function attempt({ sign, resolve, reject }: Job): () => void {
  try {
    const token = sign()
    return () => resolve(token)
  } catch (error) {
    return () => reject(error)
  }
}
