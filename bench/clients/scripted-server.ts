import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { createIssuer, type Issuer } from './issuer.ts'

/** An authorization server and an API on loopback that do what a scenario says, and see what a client does. */
export interface ScriptedServer extends AsyncDisposable {
  readonly issuer: Issuer
  readonly tokenEndpoint: string
  /** The API's address. Calls of `/late` below it are answered only when a renewal has been. */
  readonly api: string
  /** The bodies of POST requests to the API; `undefined`: it broke off. */
  readonly posted: readonly (string | undefined)[]
}

export const clientId = 'bench'
export const clientSecret = 'a-secret-of-the-bench'
/** Where a person would come back to; never called. */
export const redirectUri = 'http://127.0.0.1/callback'

/** As long as a token request takes on a near network, so that callers can meet in it. */
const tokenDelayMs = 30

/** How long after a renewal a late answer comes: its siblings have been served by then. */
const lateByMs = 150
const maxLateLooks = 100

export async function startScriptedServer(): Promise<ScriptedServer> {
  const issuer = createIssuer()
  const posted: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const answered =
      request.url === '/token' ? answerToken(request, issuer) : answerCall(request, issuer, posted)
    answered.then((answer) => send(response, answer)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    tokenEndpoint: `${origin}/token`,
    api: `${origin}/api`,
    posted,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Answer {
  status: number
  body: Record<string, unknown>
}

async function answerToken(request: IncomingMessage, issuer: Issuer): Promise<Answer> {
  const parameters = new URLSearchParams(await text(request))
  const answer = issuer.exchange(parameters)
  await delay(tokenDelayMs)
  return answer
}

async function answerCall(
  request: IncomingMessage,
  issuer: Issuer,
  posted: (string | undefined)[],
): Promise<Answer> {
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
  const isGood = issuer.accepts(token)
  const body = await text(request).catch(() => undefined)
  if (request.method === 'POST') posted.push(body)
  if (request.url === '/api/late' && !isGood) await afterRenewal(issuer)
  return isGood ? { status: 200, body: {} } : { status: 401, body: { error: 'invalid_token' } }
}

async function afterRenewal(issuer: Issuer): Promise<void> {
  const before = issuer.renewals
  for (let look = 0; issuer.renewals === before && look < maxLateLooks; look++) await delay(10)
  await delay(tokenDelayMs + lateByMs)
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...challenge,
  })
  response.end(JSON.stringify(body))
}
