import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type ClientOptions,
  createTokenClient,
  type Failure,
  memoryStore,
  type Renewal,
  refreshToken,
  type TokenClient,
  TokenError,
  type TokenStore,
} from '@latchkey/client'
import { endTimeBySilence } from '../../../packages/client/src/testing/silence.ts'
import { type AuthorizationServer, tokenLifetimeSeconds } from '../servers/authorization-server.ts'

export type Start = () => Promise<AuthorizationServer>

/** A server, and clients of it whose every renewal and failure is kept. */
export interface Scene extends AsyncDisposable {
  server: AuthorizationServer
  renewals: Renewal[]
  failures: { error: TokenError; failure: Failure }[]
  /** A client of the server's app, for itself unless the options name another grant. */
  client(options?: Partial<ClientOptions>): TokenClient
  /** A client of the server's app with a connection of its own. */
  connected(options?: Partial<ClientOptions>): Promise<{ client: TokenClient; store: TokenStore }>
  /** Moves the clock of this process, which client, server and API read; it stands still otherwise. */
  pass(seconds: number): void
  /** How many token requests were sent since this was last asked. */
  requests(): number
}

/** The system's clocks, for a client that does not pause for long between two requests. */
const hastyClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  wait: async (milliseconds: number) => {
    await setTimeout(milliseconds / 20)
  },
}

/** Of clients that are to notice silence at once. */
export const hasty = { timeoutMs: 200 }

/** Of clients that are to wait for what is held back. */
export const patient = { timeoutMs: 10_000 }

/** The age at which a token is due, and lives. */
export const dueAtSeconds = tokenLifetimeSeconds - 45

export async function setScene(context: TestContext, start: Start): Promise<Scene> {
  const { timers } = context.mock
  timers.enable({ apis: ['Date'], now: Date.now() })
  const server = await start()
  server.proxy.onSilence(endTimeBySilence(context, hasty.timeoutMs))
  const { renewals, failures }: Pick<Scene, 'renewals' | 'failures'> = { renewals: [], failures: [] }
  let counted = 0
  const client = (options: Partial<ClientOptions> = {}) =>
    createTokenClient({
      ...server.place,
      ...server.app,
      scope: 'read',
      clock: hastyClock,
      origins: [server.api.origin],
      onRenew: (renewal) => void renewals.push(renewal),
      onError: (error, failure) => void failures.push({ error, failure }),
      ...options,
    })
  return {
    server,
    renewals,
    failures,
    client,
    async connected(options = {}) {
      const store = options.store ?? memoryStore()
      const grant = refreshToken(await server.connect(options.clientId ?? server.app.clientId))
      return { client: client({ grant, ...options, store }), store }
    },
    pass: (seconds) => timers.setTime(Date.now() + seconds * 1000),
    requests() {
      const before = counted
      counted = server.proxy.tokenRequests.length
      return counted - before
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The statuses of so many calls at once, each once. */
export async function callAtOnce(client: TokenClient, url: string, times: number): Promise<number[]> {
  const statuses = await Promise.all(Array.from({ length: times }, () => call(client, url)))
  return [...new Set(statuses)]
}

/** The status of one call, its body read. */
export async function call(client: TokenClient, url: string): Promise<number> {
  const response = await client.fetch(url)
  await response.arrayBuffer()
  return response.status
}

/** What a TokenError must hold, as `assert.rejects` takes it. */
export const failing = (code: TokenError['code'], more: Partial<TokenError> = {}) => ({
  name: 'TokenError',
  code,
  ...more,
})

/** What a promise is rejected with, which must be a TokenError. */
export async function failureOf(work: Promise<unknown>): Promise<TokenError> {
  const outcome = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(outcome instanceof TokenError, `it came to ${outcome}`)
  return outcome
}
