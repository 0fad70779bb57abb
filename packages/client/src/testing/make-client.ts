import {
  type ClientOptions,
  createTokenClient,
  type Failure,
  type TokenClient,
  type TokenError,
} from '../index.ts'
import { makeClock, type TestClock } from './clock.ts'
import type { TokenServer } from './token-server.ts'

/** The lifetime of a test server's tokens. */
export const hourMs = 3_600_000
/** The moment in it when a token lives and is due, whatever the jitter. */
export const dueMs = 3_550_000
/** The longest rest after a failure. */
export const maxCoolDownMs = 5_000

/** A client of a test server, on a clock that stands still, and what it told `onError`, in words. */
export function make(
  server: TokenServer,
  options: Partial<ClientOptions> = {},
): { client: TokenClient; clock: TestClock; told: string[] } {
  const clock = makeClock()
  const told: string[] = []
  const client = createTokenClient({
    ...server.options,
    clock,
    onError: (error: TokenError, { willRetry, hasToken }: Failure) =>
      told.push(`${error.code}${willRetry ? ' willRetry' : ''}${hasToken ? ' hasToken' : ''}`),
    ...options,
  })
  return { client, clock, told }
}

/** What a server was sent, one after another: refresh tokens and codes. */
export const sent = ({ requests }: TokenServer) => requests.map(({ form }) => form.refresh_token ?? form.code)
