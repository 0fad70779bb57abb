/** What an answer of the token endpoint says, under the standard's names. Each may be missing, or of any kind. */
export interface WireAnswer {
  readonly access_token?: unknown
  readonly refresh_token?: unknown
  /** Seconds. */
  readonly expires_in?: unknown
  readonly scope?: unknown
  readonly error?: unknown
  readonly error_description?: unknown
  readonly error_uri?: unknown
}

/** What a request to an API carries its token in. */
export interface Presentation {
  /** The URL to call: the one asked for, with the token in it where the API takes it so. */
  readonly url: string
  /** Headers to add, in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** How a server is spoken to, and how its API takes a token. `dialect()` of `@latchkey/client/dialect` makes one from data. */
export interface Dialect {
  /** Where refresh tokens are exchanged, when not at the token endpoint. */
  readonly refreshEndpoint?: string | undefined
  /** Writes a request: `parameters` have their standard names, `headers` may be added to. */
  write(url: string, headers: Headers, parameters: URLSearchParams): [url: string, init: RequestInit]
  /** Reads the JSON of an answer, good or bad; `undefined` where it was none. */
  read(body: unknown, nowMs: number): WireAnswer
  /** Whether this status refuses a refresh token or a code, of a server that says no `error` in words. */
  isInvalidGrant?(status: number): boolean
  /** Puts a token into a request to the API. Redirects are followed only where that is by `authorization` and nothing else. */
  present(token: string, url: URL): Presentation
}

/** RFC 6749 §4 and §5, RFC 6750 §2.1. */
export const standard: Dialect = {
  // The type that fetch gives such a body is application/x-www-form-urlencoded.
  write: (url, headers, body) => [url, { method: 'POST', headers, body }],
  read: (body) => Object(body),
  present: (token, { href }) => ({ url: href, headers: { authorization: `Bearer ${token}` } }),
}
