import { OAuthError } from '../base/oauth-error.ts'
import { matchRedirectUri, type RedirectUri } from '../clients/redirect-uri.ts'
import type { ClientWithSecrets } from '../store/clients.ts'

/**
 * Where the answer goes (RFC 6749 §3.1.2.3): one of the app's own redirect URIs. It may be left out when there is one.
 *
 * @throws OAuthError `invalid_request`, for a page: nobody is sent to a URI that is not the app's.
 */
export function readRedirectUri(client: ClientWithSecrets, sent: string | undefined): RedirectUri {
  const registered = client.redirect_uris.split(' ').filter((uri) => uri !== '')
  if (sent === undefined && registered.length !== 1) {
    throw new OAuthError(
      'invalid_request',
      registered.length === 0
        ? 'This app has no redirect URI, so nobody can be sent back to it.'
        : 'The parameter redirect_uri is missing: this app has several.',
    )
  }
  const redirectUri = matchRedirectUri(registered, sent ?? registered[0] ?? '')
  if (redirectUri !== undefined) return redirectUri
  throw new OAuthError(
    'invalid_request',
    'The redirect_uri is not one of this app. It must be the same, character by character.',
  )
}
