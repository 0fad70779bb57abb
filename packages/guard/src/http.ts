import { isRecord } from './json.ts'

/** How a guard reaches the authorization server. In one process with it: the server's own `fetch`. */
export type Fetch = (request: Request) => Promise<Response>

export interface JsonRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
  /** For the answer, its body included. */
  readonly timeoutMs: number
  /** The longest body that is read. */
  readonly maxBytes: number
  /** Ends the request early. */
  readonly signal?: AbortSignal
}

/** The authorization server could not be asked. Says nothing about the token: the answer is 503, never 401. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  readonly credentialsRefused: boolean
  readonly retryAfterSeconds: number

  constructor(message: string, options: { credentialsRefused?: boolean; retryAfterSeconds?: number } = {}) {
    super(message)
    this.credentialsRefused = options.credentialsRefused ?? false
    this.retryAfterSeconds = options.retryAfterSeconds ?? defaultRetryAfterSeconds
  }
}

export const defaultRetryAfterSeconds = 2
const maxRetryAfterSeconds = 60

/**
 * Asks for JSON and returns the object in the answer. Bounded in time and size; redirects are errors, because a
 * redirect would carry the guard's credentials elsewhere.
 *
 * @throws Unavailable on everything but a 200 with a JSON object.
 */
export async function requestJson(fetch: Fetch, wanted: JsonRequest): Promise<Record<string, unknown>> {
  const text = await withDeadline(wanted, async (signal) => {
    const response = await sendTwice(fetch, wanted, signal)
    if (response.status !== 200) {
      await response.body?.cancel()
      throw statusProblem(wanted, response)
    }
    return readText(response, wanted)
  })
  return parseObject(text, wanted)
}

/** A kept-alive connection may be closed while we write to it: one more try is right, because nothing here has effects. */
async function sendTwice(fetch: Fetch, wanted: JsonRequest, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(toRequest(wanted, signal))
  } catch (error) {
    if (signal.aborted || !isReset(error)) throw connectionProblem(wanted, error)
  }
  try {
    return await fetch(toRequest(wanted, signal))
  } catch (error) {
    throw connectionProblem(wanted, error)
  }
}

function toRequest({ url, method = 'GET', headers = {}, body }: JsonRequest, signal: AbortSignal): Request {
  const init = {
    method,
    headers: { accept: 'application/json', ...headers },
    signal,
    redirect: 'error' as const,
  }
  return new Request(url, body === undefined ? init : { ...init, body })
}

/** Runs the work until it is done, time is up, or the caller ends it, whether the work heeds its signal or not. */
async function withDeadline<Result>(
  wanted: JsonRequest,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const cut = Promise.withResolvers<never>()
  const stop = (why: string) => {
    cut.reject(new Unavailable(`${pathOf(wanted)}: ${why}`))
    controller.abort()
  }
  const onAbort = () => stop('the guard was closed')
  const timer = setTimeout(stop, wanted.timeoutMs, `no answer within ${wanted.timeoutMs} ms`)
  timer.unref()
  wanted.signal?.addEventListener('abort', onAbort, { once: true })
  if (wanted.signal?.aborted) onAbort()
  try {
    return await Promise.race([cut.promise, work(controller.signal)])
  } finally {
    clearTimeout(timer)
    wanted.signal?.removeEventListener('abort', onAbort)
  }
}

async function readText(response: Response, wanted: JsonRequest): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > wanted.maxBytes)
      throw new Unavailable(`${pathOf(wanted)}: more than ${wanted.maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseObject(text: string, wanted: JsonRequest): Record<string, unknown> {
  const value = parseJson(text)
  if (isRecord(value)) return value
  throw new Unavailable(`${pathOf(wanted)}: the answer is not a JSON object`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function statusProblem(wanted: JsonRequest, response: Response): Unavailable {
  const credentialsRefused = response.status === 401 || response.status === 403
  const advice = credentialsRefused ? ': clientId and clientSecret were refused' : ''
  return new Unavailable(`${pathOf(wanted)}: status ${response.status}${advice}`, {
    credentialsRefused,
    retryAfterSeconds: readRetryAfter(response),
  })
}

function readRetryAfter(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? defaultRetryAfterSeconds)
  if (!Number.isInteger(seconds) || seconds < 1) return defaultRetryAfterSeconds
  return Math.min(seconds, maxRetryAfterSeconds)
}

/** Names the cause by its code only (`ECONNREFUSED`): messages of others may quote what they were given. */
function connectionProblem(wanted: JsonRequest, error: unknown): Unavailable {
  if (error instanceof Unavailable) return error
  return new Unavailable(`${pathOf(wanted)}: not reached (${codeOf(error) ?? 'connection failed'})`)
}

const resetCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const isReset = (error: unknown): boolean => resetCodes.has(codeOf(error) ?? '')

function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return isRecord(cause) && typeof cause.code === 'string' ? cause.code : undefined
}

const pathOf = (wanted: JsonRequest): string => new URL(wanted.url).pathname
