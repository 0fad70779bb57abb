import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'

/** How long a client may take to send its headers, and its whole request, in milliseconds. */
export const headersTimeoutMs = 10_000
export const requestTimeoutMs = 15_000
/** How long an idle connection is kept, in milliseconds. */
const keepAliveTimeoutMs = 30_000
/** How long requests in flight have to end when the server stops, in milliseconds. */
const drainTimeoutMs = 10_000
/** How long clients on kept connections are told that these end, before idle ones are closed, in milliseconds. */
const lastRequestsMs = 100
/** Connections of one process. */
const maxConnections = 10_000

export interface Listener {
  port: number
  /** Serves from now on, those first who asked before. */
  serve(fetch: (request: Request, remoteAddress: string) => Promise<Response>): void
  /** Takes no new connection, and resolves when every request in flight was answered. */
  close(): Promise<void>
}

export interface ListenOptions {
  host: string
  /** 0 takes a free one. */
  port: number
  /** Defaults: {@link headersTimeoutMs}, {@link requestTimeoutMs}. */
  headersTimeoutMs?: number
  requestTimeoutMs?: number
}

/** Says that an address cannot be listened on, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/**
 * Opens a port. A client that sends slowly, or not at all, is cut off and holds nothing.
 *
 * @throws ListenError when the port is in use or may not be opened.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port } = options
  const server = createServer({
    headersTimeout: options.headersTimeoutMs ?? headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs ?? requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, options.headersTimeoutMs ?? headersTimeoutMs),
    keepAliveTimeout: keepAliveTimeoutMs,
  })
  server.maxConnections = maxConnections
  const waiting: [IncomingMessage, ServerResponse][] = []
  const wait: RequestListener = (...exchange) => void waiting.push(exchange)
  let answer = wait
  server.on('request', (request, response) => answer(request, response))
  await open(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    serve(fetch) {
      answer = getRequestListener((request, { incoming }) =>
        fetch(request, incoming.socket.remoteAddress ?? ''),
      )
      for (const [request, response] of waiting.splice(0)) answer(request, response)
    },
    close() {
      if (answer === wait) answer = refuse
      for (const [request, response] of waiting.splice(0)) refuse(request, response)
      return close(server)
    },
  }
}

const refuse: RequestListener = (_, response) => void response.writeHead(503, { 'retry-after': '1' }).end()

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, () => resolve())
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const address = `${host}:${port}`
  if (error.code === 'EADDRINUSE') {
    return new ListenError(
      `Port ${port} is in use. Stop what listens there, or choose another: --port for dev, port in the config (0 takes a free one).`,
    )
  }
  if (error.code === 'EACCES')
    return new ListenError(`${address} may not be opened by this user. Choose a port above 1023.`)
  return new ListenError(`${address} cannot be opened: ${error.message}.`)
}

/**
 * A request that a client sends on a kept connection while the server closes it would be lost. So every answer first says
 * that its connection ends (RFC 9112 §9.6), and only what then stays idle is closed.
 */
async function close(server: Server): Promise<void> {
  server.prependListener('request', (_, response: ServerResponse) =>
    response.setHeader('connection', 'close'),
  )
  if (server.listening && (await countConnections(server)) > 0) await setTimeout(lastRequestsMs)
  // A process that was held up meanwhile has not read yet what arrived in time: connections first, then requests on them.
  for (let turn = 0; turn < 2; turn++) await setImmediate()
  await new Promise<void>((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), 20)
    const deadline = globalThis.setTimeout(() => server.closeAllConnections(), drainTimeoutMs)
    server.close(() => {
      clearInterval(sweep)
      clearTimeout(deadline)
      resolve()
    })
  })
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count ?? 0)))
}
