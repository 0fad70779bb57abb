import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What may befall a token request on its way. */
export type Fault =
  /** The server never hears of it. */
  | { kind: 'cut' }
  /** The server answers, and nobody hears of that. */
  | { kind: 'lose' }
  /** Nothing comes back at all. */
  | { kind: 'silence' }
  /** An answer in the server's place, as of a gateway or a limiter. */
  | { kind: 'answer'; status: number; body?: string; headers?: Record<string, string> }
  /** A server that quotes all that it was sent. */
  | { kind: 'quote' }

export const unavailable: Fault = { kind: 'answer', status: 503 }
export const garbage: Fault = { kind: 'answer', status: 200, body: '<html>Sign in to this network</html>' }
export const tooMany = (retryAfterSeconds: number): Fault => ({
  kind: 'answer',
  status: 429,
  headers: { 'retry-after': String(retryAfterSeconds) },
})

export interface TokenRequest {
  headers: IncomingMessage['headers']
  parameters: URLSearchParams
}

/** Stands between a client and a server of HTTP, and counts. */
export interface FaultProxy extends AsyncDisposable {
  url: string
  /** The token requests that came in so far. */
  tokenRequests: readonly TokenRequest[]
  forwardTo(url: string): void
  /** What befalls the token requests to come, in turn; the server answers those after them. */
  next(...faults: Fault[]): void
  /** Whether every request, also for metadata, is answered 503. */
  setDown(isDown: boolean): void
  /** Holds token requests back until the promise is fulfilled. */
  hold(until: Promise<unknown>): void
  /** Has each token request told of to which nothing comes back. */
  onSilence(tell: () => void): void
}

/** A proxy on loopback. `tokenPaths`: whatever is posted there is a token request. */
export async function startFaultProxy(tokenPaths: readonly string[]): Promise<FaultProxy> {
  const tokenRequests: TokenRequest[] = []
  const faults: Fault[] = []
  let target = new URL('http://127.0.0.1:9')
  let gate: Promise<unknown> = Promise.resolve()
  let isDown = false
  let tellSilence = () => {}

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(incoming)
    const { method, url = '/', headers } = incoming
    if (isDown) return answer(response, 503)
    const isToken = method === 'POST' && tokenPaths.includes(url)
    if (isToken) {
      tokenRequests.push({ headers, parameters: new URLSearchParams(body.toString()) })
      await gate
    }
    const fault = isToken ? faults.shift() : undefined
    if (fault?.kind === 'silence') return tellSilence()
    if (fault?.kind === 'cut') return void incoming.socket.destroy()
    if (fault?.kind === 'answer') return void answer(response, fault.status, fault.body, fault.headers)
    if (fault?.kind === 'quote') return void answer(response, 400, quote(headers, body))
    const far = await forward(target, incoming, body)
    if (fault?.kind === 'lose') return void incoming.socket.destroy()
    response.writeHead(far.status, far.headers).end(far.body)
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.writeHead(502).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokenRequests,
    forwardTo(url) {
      target = new URL(url)
    },
    next: (...more) => void faults.push(...more),
    setDown(isDownNow) {
      isDown = isDownNow
    },
    hold(until) {
      gate = until
    },
    onSilence(tell) {
      tellSilence = tell
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body = 'Service',
  headers: Record<string, string> = {},
): void {
  const type = body.startsWith('{') ? 'application/json' : 'text/html'
  response.writeHead(status, { 'content-type': type, ...headers }).end(body)
}

const quote = (headers: IncomingMessage['headers'], body: Buffer): string => {
  const said = [headers.authorization, body.toString(), ...new URLSearchParams(body.toString()).values()]
  return JSON.stringify({ error: 'invalid_request', error_description: said.join(' ') })
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Keeps the Host that the client sent: servers build their own URLs from it. */
async function forward(target: URL, { method, url, headers }: IncomingMessage, body: Buffer) {
  const { hostname, port } = target
  const outgoing = request({ hostname, port, path: url, method, headers, agent: false })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { 'transfer-encoding': _, connection: __, ...kept } = incoming.headers
  return { status: incoming.statusCode ?? 502, headers: kept, body: await readAll(incoming) }
}
