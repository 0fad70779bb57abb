import { TokenError } from './errors.ts'
import { giveUpOn } from './waiting.ts'

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
  readonly ok: boolean
  /** 0: a redirect, of which a browser tells no more. */
  readonly status: number
  /** `undefined`: not JSON. */
  readonly body: unknown
  readonly retryAfterSeconds: number | undefined
}

/**
 * Asks for JSON, bounded in time and size. A redirect is not followed: it would carry credentials elsewhere.
 *
 * @throws TokenError `timeout`, `server_unavailable`. Any status is an answer.
 */
export async function ask({ fetch, timeoutMs }: Transport, url: string, init: RequestInit): Promise<Answer> {
  const place = placeOf(url)
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await giveUpOn(signal, fetch(url, { ...init, redirect: 'manual', signal }))
    const read = (name: string) => response.headers.get(name) ?? ''
    const said = read('retry-after')
    // RFC 9110 §10.2.3: seconds, or a date, by the server's own clock.
    const seconds = Number(said) || (Date.parse(said) - Date.parse(read('date'))) / 1000
    return {
      ok: response.ok,
      status: response.status,
      body: parseJson(await readText(response)),
      retryAfterSeconds: seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) : undefined,
    }
  } catch (error) {
    if (Object(error).name === 'TimeoutError')
      throw new TokenError('timeout', `${place} was silent for ${timeoutMs} ms.`)
    const why = Object(Object(error).cause ?? error)
    // Some words quote the URL, and with it what may be in its query.
    throw new TokenError(
      'server_unavailable',
      `${place} was not reached (${why.code ?? (place === url ? why.message : 'unknown')}).`,
    )
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
  const isHere = /^(localhost|\[::1\]|127(\.\d+){3})$/.test(hostname ?? '')
  return (
    !(username || password) && (protocol === 'https:' || (protocol === 'http:' && (allowInsecure || isHere)))
  )
}
