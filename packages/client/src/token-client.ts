import type { Presentation } from './wire.ts'

export interface GetTokenOptions {
  /** A token that an API has just refused: what comes back is what follows it, renewed at most once however many ask. */
  rejected?: string | undefined
  /** Ends this caller's waiting. The renewal itself goes on: others may wait for it, and its answer must not be lost. */
  signal?: AbortSignal | null | undefined
}

/** What a request to an API must carry. */
export interface Credential extends Presentation {
  /** The access token itself: what to name as `rejected` when the API refuses it. */
  readonly token: string
}

export interface TokenClient {
  /**
   * An access token that lives, renewed ahead of its expiry. Fetched once however many ask, and kept.
   *
   * @throws TokenError when there is none to be had; the signal's reason when the caller gave up waiting.
   */
  getToken(options?: GetTokenOptions): Promise<string>

  /**
   * A drop-in `fetch`. Adds the credential to requests for the client's `origins`, and to no other, also not across a
   * redirect. A 401 gets one new token and one more try, unless the answer says that the token is not the matter
   * (`insufficient_scope`) or the body cannot be sent twice; {@link reasonOf} says which.
   *
   * @throws TokenError when there is no token to be had; otherwise whatever `fetch` throws.
   */
  readonly fetch: typeof globalThis.fetch

  /** For another HTTP library: what a request to `url` must carry. `undefined`: it is not for one of the `origins`. */
  credentialFor(url: string | URL, options?: GetTokenOptions): Promise<Credential | undefined>
}
