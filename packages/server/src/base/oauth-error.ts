/**
 * The error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 8707 §2 and OpenID Connect Core
 * §3.1.2.6, with the status each answers.
 */
const statusOf = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  unsupported_response_type: 400,
  access_denied: 403,
  login_required: 400,
  account_selection_required: 400,
  consent_required: 400,
  interaction_required: 400,
  not_found: 404,
  method_not_allowed: 405,
  too_many_requests: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const

export type OAuthErrorCode = keyof typeof statusOf

/** Every code that an answer can carry; the docs page explains each. */
export const oauthErrorCodes = Object.keys(statusOf) as OAuthErrorCode[]

export interface OAuthErrorOptions {
  /** Why, for the log alone: it never reaches the caller. Holds no secret. */
  reason?: string
  /** Overrides the code's own status, for what HTTP says better (413, 415). */
  status?: number
  headers?: Record<string, string>
  cause?: unknown
}

/**
 * What a request did wrong, or what kept the server from answering it.
 *
 * `code` and `message` are public (`error`, `error_description`); `reason` and `cause` are for the log.
 */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly status: number
  readonly reason: string | undefined
  readonly headers: Record<string, string>

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, { cause: options.cause })
    this.code = code
    this.status = options.status ?? statusOf[code]
    this.reason = options.reason
    this.headers = options.headers ?? {}
  }
}

/** RFC 6749 §5.2 `invalid_client`. One answer for every cause: only the log learns which it was. */
export function invalidClient(reason: string): OAuthError {
  return new OAuthError('invalid_client', 'The client could not be authenticated: check its id and secret.', {
    reason,
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
  })
}

/** RFC 6749 §5.2 `invalid_grant`. From outside all causes look the same: only the log learns which it was. */
export function invalidGrant(
  reason: string,
  description = 'It is unknown, expired, used already, or belongs to another app.',
): OAuthError {
  return new OAuthError('invalid_grant', description, { reason })
}

/** 503 with `Retry-After`: the caller did nothing wrong and may try again. */
export function temporarilyUnavailable(reason: string, cause?: unknown): OAuthError {
  return new OAuthError(
    'temporarily_unavailable',
    'The server cannot answer just now. Try again in a moment.',
    {
      reason,
      headers: { 'retry-after': '1' },
      cause,
    },
  )
}

/** 429 with `Retry-After`: there was too much of it, and nobody looked at this one. */
export function tooManyRequests(retryAfterSeconds: number, reason: string): OAuthError {
  return new OAuthError(
    'too_many_requests',
    `Too many attempts. Try again in ${retryAfterSeconds} seconds.`,
    {
      reason,
      headers: { 'retry-after': String(retryAfterSeconds) },
    },
  )
}
