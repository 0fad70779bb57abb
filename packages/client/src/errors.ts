/** What went wrong, for programs: these words never change. */
export type TokenErrorCode =
  /** `invalid_grant` (RFC 6749 §5.2), and the store held nothing newer: the person must connect again. */
  | 'connection_ended'
  /** The server refused for another reason, such as `invalid_client`; it is in `error`. */
  | 'request_refused'
  /** The server's metadata are not those of the issuer, or lack what is needed (RFC 8414 §3.3). */
  | 'invalid_metadata'
  /** The store holds the tokens of another client or server. */
  | 'store_mismatch'
  /** 429: asked too often. See `retryAfterSeconds`. */
  | 'rate_limited'
  /** 5xx but 501, or the server was not reached. */
  | 'server_unavailable'
  /** The server, or the store, said nothing in time. */
  | 'timeout'
  /** What came back is not a token answer. */
  | 'invalid_response'
  /** The store could not be read, written or locked; why is in the message. */
  | 'store_failed'

/** With these the same call fails again until something is changed. */
const lasting: readonly string[] = [
  'connection_ended',
  'request_refused',
  'invalid_metadata',
  'store_mismatch',
] satisfies TokenErrorCode[]

export interface TokenErrorDetails {
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined
  /** The server's `error` (RFC 6749 §5.2). */
  readonly error?: string | undefined
  /** The server's `error_description`: at most 300 characters, and no secret of this client in them. */
  readonly errorDescription?: string | undefined
  /** The server's `error_uri`. */
  readonly errorUri?: string | undefined
  /** When it makes sense to ask again. */
  readonly retryAfterSeconds?: number | undefined
}

/** Why there is no token. Holds no secret. */
export class TokenError extends Error implements TokenErrorDetails {
  override readonly name = 'TokenError'
  readonly code: TokenErrorCode
  declare readonly status?: number
  declare readonly error?: string
  declare readonly errorDescription?: string
  declare readonly errorUri?: string
  declare readonly retryAfterSeconds?: number

  constructor(code: TokenErrorCode, message: string, details: TokenErrorDetails = {}) {
    super(message)
    this.code = code
    Object.assign(this, details)
  }

  /** Whether the same call may work later, with nothing changed. */
  get isPassing(): boolean {
    return !lasting.includes(this.code)
  }
}
