import type { Call } from '../app.ts'

interface Init {
  method?: 'POST'
  body?: ReadableStream
  duplex?: 'half'
}

/** A call as `fetch` takes it: a stream of the pieces, or a GET. */
export function requestInit({ pieces }: Call): Init {
  if (!pieces) return {}
  return { method: 'POST', body: ReadableStream.from(pieces.map(encode)), duplex: 'half' }
}

/** Reads the answer to its end, so that its connection is free again. */
export async function statusOf(response: Response): Promise<number> {
  await response.arrayBuffer()
  return response.status
}

const encode = (piece: string): Uint8Array => new TextEncoder().encode(piece)
