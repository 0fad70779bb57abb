import { TokenError } from './errors.ts'

/** The longest answer that is read, in characters. */
const maxAnswerLength = 262_144

/** The longest `Retry-After` that is believed. */
const maxRetryAfterSeconds = 60

/** How a server is asked. */
export interface Transport {
  readonly fetch: typeof globalThis.fetch
  /** For the answer, its body included. */
  readonly timeoutMs: number
  /** Takes http endpoints that are not on loopback. */
  readonly allowInsecure: boolean
}

export interface Answer {
  readonly status: number
  /** `undefined`: not JSON. */
  readonly body: unknown
  readonly retryAfterSeconds: number | undefined
}

/**
 * Asks for JSON, bounded in time and size. A redirect is not followed: it would carry credentials elsewhere.
 *
 * @throws TokenError `timeout`, `server_unavailable`, `request_refused`.
 */
export async function ask({ fetch, timeoutMs }: Transport, url: string, init: RequestInit): Promise<Answer> {
  const place = placeOf(url)
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    const { status } = response
    // Browsers give a redirect that was not followed the status 0.
    if (!/^[245]/.test(String(status)))
      throw new TokenError('request_refused', `${place} redirects: give its last address.`, { status })
    const seconds = Number(response.headers.get('retry-after'))
    return {
      status,
      body: parseJson(await readText(response)),
      // RFC 9110 §10.2.3; the form that is a date needs clocks that agree.
      retryAfterSeconds: seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) : undefined,
    }
  } catch (error) {
    if (error instanceof TokenError) throw error
    if (Object(error).name === 'TimeoutError')
      throw new TokenError('timeout', `${place} was silent for ${timeoutMs} ms.`)
    // Some causes quote the URL, and with it what may be in its query; or, as `data`, what went over the wire.
    const cause = place === url && !Object(Object(error).cause).data ? error : undefined
    throw new TokenError('server_unavailable', `${place} was not reached.`, {}, cause)
  }
}

async function readText({ body }: Response): Promise<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    text += value
    // Not awaited: what has too much to say may not hear us either. What is cut off is no JSON.
    if (text.length > maxAnswerLength) reader.cancel().catch(() => {})
  }
  return text
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Where a URL goes, without what may be secret in it. */
export const placeOf = (url: string): string => url.replace(/[?#].*/s, '')

/** Whether secrets may be sent there: https, or this machine; and whether there is none in it. */
export function isSecure(url: string, allowInsecure: boolean): boolean {
  const { protocol, hostname, username, password }: Partial<URL> = URL.canParse(url) ? new URL(url) : {}
  const isHere = /^(?:localhost|\[::1\]|127(?:\.\d+){3})$/.test(hostname ?? '')
  return (
    !(username || password) && (protocol === 'https:' || (protocol === 'http:' && (allowInsecure || isHere)))
  )
}
