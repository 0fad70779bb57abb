import { formEncode } from './authentication.ts'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { type Answer, placeOf } from './http.ts'
import type { Dialect, WireAnswer } from './wire.ts'

/** RFC 6749 §5.1. */
export interface TokenAnswer {
  readonly accessToken: string
  readonly refreshToken?: string | undefined
  /** `undefined`: nobody says. */
  readonly lifetimeSeconds?: number | undefined
  readonly scope?: string | undefined
}

/** @throws TokenError `invalid_response` where there is no token in it. */
export function readAnswer(
  { access_token, refresh_token, expires_in, scope }: WireAnswer,
  defaultLifetimeSeconds: number | undefined,
): TokenAnswer {
  if (!isToken(access_token)) throw new TokenError('invalid_response', 'The answer has no access token.')
  // Some servers write a number as a text. What is no lifetime counts as not said.
  const seconds = Number.parseFloat(expires_in as string)
  return {
    accessToken: access_token,
    refreshToken: textOf(refresh_token),
    lifetimeSeconds: Number.isFinite(seconds) ? seconds : defaultLifetimeSeconds,
    scope: textOf(scope),
  }
}

/** RFC 6749 A.12: what a header can hold. */
export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[ -~]+$/.test(value)

/** A text that is not empty. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value ? value : undefined

/** What a server answered that did not do what it was asked. */
export interface Refused extends Answer {
  readonly said: WireAnswer
  readonly url: string
  readonly grantType: string | null
  /** What was sent, and must not be in an error. */
  readonly secrets: readonly (string | undefined)[]
}

/** What a refusal means. The server's own words go along, without what is secret in them. */
export function refusal(refused: Refused, dialect: Dialect): TokenError {
  const { status, said, url, secrets, retryAfterSeconds } = refused
  const [error, errorDescription, errorUri] = [said.error, said.error_description, said.error_uri].map(
    (words) => quote(words, secrets),
  )
  const code = meaningOf(refused, dialect)
  const what = status < 400 && !said.error ? 'redirects: give its last address' : status
  const words = [error ?? what, errorDescription].filter(Boolean).join(': ')
  const details = { status, error, errorDescription, errorUri, retryAfterSeconds }
  return new TokenError(code, `${placeOf(url)}: ${code.replace('_', ' ')} (${words}).`, details)
}

/** RFC 6749 §5.2. A 501 does not pass. */
function meaningOf({ status, grantType, said: { error } }: Refused, dialect: Dialect): TokenErrorCode {
  const isOver = error === 'invalid_grant' || (!textOf(error) && dialect.isInvalidGrant?.(status))
  if (isOver && /^(refresh_token|authorization_code)$/.test(String(grantType))) return 'connection_ended'
  if (status === 429) return 'rate_limited'
  return status >= 500 && status !== 501 ? 'server_unavailable' : 'request_refused'
}

/** The most of a server's words that is passed on, in characters. */
const maxWordsLength = 300

/** Servers may quote what they were sent. */
function quote(words: unknown, secrets: Refused['secrets']): string | undefined {
  return secrets
    .reduce(
      (text, secret) => (secret ? text?.replaceAll(secret, '…').replaceAll(formEncode(secret), '…') : text),
      textOf(words),
    )
    ?.replace(/\p{Cc}/gu, ' ')
    .slice(0, maxWordsLength)
}
