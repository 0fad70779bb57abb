import { connect } from 'node:net'

/** One request, sent again and again over each connection as soon as its answer has come. */
export interface Job {
  port: number
  path: string
  headers: Readonly<Record<string, string>>
  body: string
  connections: number
  seconds: number
}

export interface Load {
  requests: number
  seconds: number
}

const headEnd = '\r\n\r\n'

/**
 * Loads a server over kept-alive connections, from this process. A raw socket is used because it costs this side least:
 * two cores are shared with the server.
 *
 * @throws Error on any answer but a whole 200, and on a connection that ends.
 */
export async function load(job: Job): Promise<Load> {
  const request = Buffer.from(writeRequest(job))
  const startedAt = performance.now()
  const deadline = startedAt + job.seconds * 1000
  const counts = await Promise.all(
    Array.from({ length: job.connections }, () => repeat(job.port, request, deadline)),
  )
  const requests = counts.reduce((sum, count) => sum + count, 0)
  return { requests, seconds: (performance.now() - startedAt) / 1000 }
}

function writeRequest({ port, path, headers, body }: Job): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}${headEnd}${body}`
}

/** Says how many answers one connection got until the deadline. */
function repeat(port: number, request: Buffer, deadline: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let answers = 0
    let rest: Buffer = Buffer.alloc(0)
    const end = (error?: Error) => {
      socket.destroy()
      if (error) reject(error)
      else resolve(answers)
    }
    socket.on('connect', () => socket.write(request))
    socket.on('error', end)
    socket.on('end', () => end(new Error('The server ended a connection that was to be kept.')))
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const length = wholeAnswer(rest)
      if (length instanceof Error) return end(length)
      if (length === undefined) return
      rest = rest.subarray(length)
      answers++
      if (performance.now() >= deadline) end()
      else socket.write(request)
    })
  })
}

/** How many bytes the answer at the start takes; `undefined` while it is not whole. */
function wholeAnswer(bytes: Buffer): number | undefined | Error {
  const headLength = bytes.indexOf(headEnd)
  if (headLength < 0) return undefined
  const head = bytes.toString('latin1', 0, headLength)
  if (!head.startsWith('HTTP/1.1 200 ')) return new Error(`The server answered: ${head.split('\r\n', 1)[0]}`)
  const bodyLength = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (bodyLength === undefined) return new Error('The server announced no content-length.')
  const length = headLength + headEnd.length + Number(bodyLength)
  return bytes.length >= length ? length : undefined
}
