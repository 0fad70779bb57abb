import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that the server got. */
export interface Seen {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** The body, read as a form. */
  readonly form: Readonly<Record<string, string>>
}

/** What it answers: `body` is sent as it is when it is a text, else as JSON. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** `silence`: no answer, ever. `cut`: the connection is closed. */
export type Answer = Reply | 'silence' | 'cut'

export type Respond = (request: Seen) => Answer | Promise<Answer>

export interface TokenServer extends AsyncDisposable {
  readonly url: string
  /** Its token endpoint. */
  readonly tokenEndpoint: string
  /** What a client of it must be told. */
  readonly options: { tokenEndpoint: string; clientId: string; clientSecret: string }
  /** What it got, one after another. */
  readonly requests: Seen[]
  /** What it answers next, one after another, before `respond` is asked. */
  readonly queue: Answer[]
  /** Told of each request to which it is silent. */
  onSilence: () => void
  /** What it answers otherwise: at first `token-1`, `token-2` … for an hour each, and a new refresh token to each of those. */
  respond: Respond
}

/** An answer with an access token, for an hour unless `more` says otherwise. */
export const granted = (accessToken: string, more: Record<string, unknown> = {}): Reply => ({
  body: { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, ...more },
})

export const refused = (error: string, status = 400, more: Record<string, unknown> = {}): Reply => ({
  status,
  body: { error, ...more },
})

/** Ends every connection of which a spent refresh token is sent again. */
export const detectingReuse = (): Respond => {
  let newest = 'start'
  let count = 0
  return ({ form }) => {
    if (form.refresh_token !== newest) newest = 'ended'
    if (newest === 'ended') return refused('invalid_grant')
    newest = `refresh-${++count}`
    return granted(`token-${count}`, { refresh_token: newest })
  }
}

/** An HTTP server on loopback that answers as it is told, and remembers what it was asked. */
export async function startTokenServer(): Promise<TokenServer> {
  let count = 0
  const http = createServer((request, response) => {
    take(server, request, response).catch(() => request.socket.destroy())
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const tokenEndpoint = `${url}/token`
  const server: TokenServer = {
    url,
    tokenEndpoint,
    options: { tokenEndpoint, clientId: 'app', clientSecret: 'a-secret-of-the-app' },
    requests: [],
    queue: [],
    onSilence: () => {},
    respond({ form }) {
      count++
      const isRefresh = form.grant_type === 'refresh_token'
      return granted(`token-${count}`, isRefresh ? { refresh_token: `refresh-${count}` } : {})
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  return server
}

async function take(server: TokenServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request)
  const { method = '', url: path = '', headers } = request
  const seen = { method, path, headers, body, form: Object.fromEntries(new URLSearchParams(body)) }
  server.requests.push(seen)
  const answer = server.queue.shift() ?? (await server.respond(seen))
  if (answer === 'silence') return server.onSilence()
  if (answer === 'cut') {
    request.socket.destroy()
    return
  }
  const isText = typeof answer.body === 'string'
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
  response.end(isText ? answer.body : JSON.stringify(answer.body))
}
