import { dialect } from '../../packages/client/src/dialect.ts'
import {
  type ClientOptions,
  createTokenClient,
  reasonOf,
  type TokenClient,
  TokenError,
} from '../../packages/client/src/index.ts'

/*
 * What a client does for its app, in whatever runtime this is run. It imports nothing but the client, and uses nothing but
 * the Web's own interfaces.
 */

/** Where everything is. */
export interface Setup {
  issuer: string
  clientId: string
  clientSecret: string
  revocationEndpoint: string
  /** The origin of the API. */
  api: string
  /** Another origin, which tells what it was sent. */
  stranger: string
  /** An origin where nobody listens. */
  closed: string
  /** Whether a request's body may be a stream: a browser sends one over HTTP/2 alone. */
  canStream: boolean
}

/** What happened, as JSON. */
export type Report = Record<string, unknown>

/** Longer than a token of the test's server lives, in milliseconds. */
const longerThanATokenMs = 3_700_000
const callsAtOnce = 50

export async function runScenario(setup: Setup): Promise<Report> {
  return {
    called: await call(setup),
    atExpiry: await callAtExpiry(setup),
    revoked: await callWithRevoked(setup),
    withBody: await sendText(setup),
    withStream: setup.canStream ? await sendStream(setup) : 'left out',
    scope: await callBeyondScope(setup),
    redirected: await followRedirects(setup),
    elsewhere: await callElsewhere(setup),
    failures: await fail(setup),
  }
}

/** Nothing but what every app writes: the clocks and the fetch are the runtime's own. */
function clientOf(setup: Setup, options: Partial<ClientOptions> = {}): TokenClient {
  const { issuer, clientId, clientSecret, api } = setup
  return createTokenClient({ issuer, clientId, clientSecret, scope: 'read', origins: [api], ...options })
}

async function call(setup: Setup) {
  const before = await countTokenRequests(setup)
  const client = clientOf(setup)
  const statuses = [await statusOf(client, setup), await statusOf(client, setup)]
  return { statuses, tokenRequests: (await countTokenRequests(setup)) - before }
}

async function callAtExpiry(setup: Setup) {
  let ahead = 0
  const clock = {
    nowMs: () => Date.now() + ahead,
    monotonicMs: () => performance.now() + ahead,
    wait: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
  }
  const client = clientOf(setup, { clock })
  await client.getToken()
  ahead = longerThanATokenMs
  const before = await countTokenRequests(setup)
  const statuses = await Promise.all(Array.from({ length: callsAtOnce }, () => statusOf(client, setup)))
  return { statuses: [...new Set(statuses)], tokenRequests: (await countTokenRequests(setup)) - before }
}

async function callWithRevoked(setup: Setup) {
  const client = clientOf(setup)
  await revoke(setup, await client.getToken())
  const before = await countTokenRequests(setup)
  const statuses = await Promise.all(Array.from({ length: callsAtOnce }, () => statusOf(client, setup)))
  return { statuses: [...new Set(statuses)], tokenRequests: (await countTokenRequests(setup)) - before }
}

/** A body that can be sent twice is, with the new token. */
async function sendText(setup: Setup) {
  const client = clientOf(setup)
  await revoke(setup, await client.getToken())
  const response = await client.fetch(`${setup.api}/echo`, { method: 'POST', body: 'a text' })
  return { status: response.status, text: await response.text() }
}

/** A body that is spent is not; the next one goes with the new token. */
async function sendStream(setup: Setup) {
  const client = clientOf(setup)
  await revoke(setup, await client.getToken())
  const send = () => client.fetch(`${setup.api}/echo`, streamOf('a stream'))
  const refused = await send()
  await refused.body?.cancel()
  const next = await send()
  return { status: refused.status, reason: reasonOf(refused), next: await next.text() }
}

function streamOf(text: string): RequestInit {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    },
  })
  return { method: 'POST', body, duplex: 'half' } as RequestInit
}

async function callBeyondScope(setup: Setup) {
  const response = await clientOf(setup).fetch(`${setup.api}/write`)
  await response.body?.cancel()
  return { status: response.status }
}

/** With a credential in `Authorization`, which runtimes keep from strangers, and with one in a header of the API's own. */
async function followRedirects(setup: Setup) {
  const plain = clientOf(setup)
  const own = clientOf(setup, { dialect: dialect({ credential: { header: 'x-token' } }) })
  return {
    away: await jsonFrom(plain, `${setup.api}/away`),
    awayByHeader: await jsonFrom(own, `${setup.api}/away`),
    around: await jsonFrom(plain, `${setup.api}/around`),
  }
}

async function callElsewhere(setup: Setup) {
  return jsonFrom(clientOf(setup), `${setup.stranger}/seen`)
}

async function fail(setup: Setup) {
  const { issuer, closed: nobody } = setup
  const silent = { issuer: undefined, tokenEndpoint: `${issuer}/silent`, timeoutMs: 100 }
  const closed = { issuer: undefined, tokenEndpoint: `${nobody}/token` }
  const reason = new Error('The caller gave up.')
  const controller = new AbortController()
  const givenUp = clientOf(setup)
    .getToken({ signal: controller.signal })
    .catch((thrown: unknown) => thrown)
  controller.abort(reason)
  return {
    wrongSecret: await failureOf(clientOf(setup, { clientSecret: 'wrong' }).getToken()),
    silent: await failureOf(clientOf(setup, silent).getToken()),
    closed: await failureOf(clientOf(setup, closed).getToken()),
    gaveUpForTheReason: (await givenUp) === reason,
  }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return 'none'
  } catch (error) {
    return error instanceof TokenError ? [error.code, error.error].join(' ').trim() : String(error)
  }
}

async function statusOf(client: TokenClient, setup: Setup): Promise<number> {
  const response = await client.fetch(`${setup.api}/info`)
  await response.body?.cancel()
  return response.status
}

async function jsonFrom(client: TokenClient, url: string): Promise<unknown> {
  try {
    const response = await client.fetch(url)
    const isRedirect = response.type === 'opaqueredirect' || response.headers.has('location')
    return isRedirect ? 'redirect' : await response.json()
  } catch (error) {
    return (error as Error).name
  }
}

/** As an administrator does it, unknown to the client. */
async function revoke({ revocationEndpoint, clientId, clientSecret }: Setup, token: string): Promise<void> {
  const response = await fetch(revocationEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ token }),
  })
  await response.body?.cancel()
}

async function countTokenRequests({ api }: Setup): Promise<number> {
  const response = await fetch(`${api}/token-requests`)
  return Number(await response.text())
}
