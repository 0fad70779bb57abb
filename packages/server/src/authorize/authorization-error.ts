import { OAuthError } from '../base/oauth-error.ts'
import type { RedirectUri } from '../clients/redirect-uri.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { ResponseMode } from './response-mode.ts'

/** Where a client wants its answer, and what it must find there. */
export interface ReturnAddress {
  client: Pick<ClientWithSecrets, 'id' | 'name'>
  redirectUri: RedirectUri
  responseMode: ResponseMode
  state: string | undefined
}

/** What is told to the client, by way of the person's browser (RFC 6749 §4.1.2.1). Its redirect URI has been checked. */
export class AuthorizationError extends Error {
  override readonly name = 'AuthorizationError'
  readonly returnTo: ReturnAddress
  readonly error: OAuthError

  constructor(returnTo: ReturnAddress, error: OAuthError) {
    super(error.message, { cause: error })
    this.returnTo = returnTo
    this.error = error
  }

  /** Runs checks whose OAuthError the client is told. */
  static during<Result>(returnTo: ReturnAddress, check: () => Result): Result {
    try {
      return check()
    } catch (error) {
      throw error instanceof OAuthError ? new AuthorizationError(returnTo, error) : error
    }
  }
}
