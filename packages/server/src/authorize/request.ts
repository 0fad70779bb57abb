import { OAuthError } from '../base/oauth-error.ts'
import { narrowScope, parseScope } from '../base/scope.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { RedirectUri } from '../clients/redirect-uri.ts'
import type { Config } from '../config/config.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import { readAudience } from '../tokens/resource.ts'
import { AuthorizationError } from './authorization-error.ts'
import { findClient } from './client.ts'
import { readCodeChallenge } from './code-challenge.ts'
import { type Prompt, readMaxAge, readPrompts } from './prompt.ts'
import { readRedirectUri } from './redirect-uri.ts'
import { type ResponseMode, readResponseMode } from './response-mode.ts'

/** An authorization request that may be put to a person: all that it says was checked (RFC 6749 §4.1.1). */
export interface AuthorizationRequest {
  client: ClientWithSecrets
  redirectUri: RedirectUri
  /** Whether the request named it: then the token request must name it too (RFC 6749 §4.1.3). */
  isRedirectUriSent: boolean
  responseMode: ResponseMode
  state: string | undefined
  /** By S256 (RFC 7636 §4.3). */
  codeChallenge: string | undefined
  /** What is asked for, space separated. */
  scope: string
  /** RFC 8707. */
  audience: readonly [string, ...string[]]
  prompts: ReadonlySet<Prompt>
  /** How long ago the person may have signed in; `undefined`: any time. */
  maxAgeSeconds: number | undefined
  loginHint: string | undefined
}

export interface RequestContext {
  config: Config
  clients: ClientDirectory
}

/**
 * Checks an authorization request, before anybody is asked anything.
 *
 * @throws OAuthError when the client or the redirect URI is not right: the person is told, and sent nowhere
 *   (RFC 6749 §4.1.2.1).
 * @throws AuthorizationError for whatever else is wrong: the client is told.
 */
export async function readAuthorizationRequest(
  { config, clients }: RequestContext,
  parameters: ReadonlyMap<string, string>,
): Promise<AuthorizationRequest> {
  const client = await findClient(clients, parameters.get('client_id'))
  const redirectUri = readRedirectUri(client, parameters.get('redirect_uri'))
  const state = parameters.get('state')
  const responseMode = readResponseMode(parameters.get('response_mode')) ?? 'query'

  return AuthorizationError.during({ client, redirectUri, responseMode, state }, () => {
    checkGrantType(client)
    checkResponseType(parameters.get('response_type'))
    checkResponseMode(parameters.get('response_mode'))
    return {
      client,
      redirectUri,
      isRedirectUriSent: parameters.has('redirect_uri'),
      responseMode,
      state,
      codeChallenge: readCodeChallenge(config, client, parameters),
      scope: readScope(config, client, parameters.get('scope')),
      audience: readAudience(config, parameters.get('resource')),
      prompts: readPrompts(parameters.get('prompt')),
      maxAgeSeconds: readMaxAge(parameters.get('max_age')),
      loginHint: parameters.get('login_hint'),
    }
  })
}

function checkGrantType({ grant_types }: ClientWithSecrets): void {
  if (grant_types.split(' ').includes('authorization_code')) return
  throw new OAuthError('unauthorized_client', 'This client may not use the grant type authorization_code.')
}

/** RFC 6749 §3.1.1. */
function checkResponseType(responseType: string | undefined): void {
  if (responseType === 'code') return
  if (responseType === undefined)
    throw new OAuthError('invalid_request', 'The parameter response_type is missing.')
  throw new OAuthError('unsupported_response_type', 'This server knows the response type code.')
}

/** OAuth 2.0 Multiple Response Type Encoding Practices §2.1. */
function checkResponseMode(responseMode: string | undefined): void {
  if (responseMode === undefined || readResponseMode(responseMode) !== undefined) return
  throw new OAuthError('invalid_request', 'This server knows the response modes query and form_post.')
}

/** RFC 6749 §3.3, and the scope without which this API connects no app. */
function readScope(config: Config, client: ClientWithSecrets, requested: string | undefined): string {
  const { requiredScope } = config
  const scope = narrowScope(requested, client.scope)
  // Where one scope is a must, it must be asked for in so many words.
  if (requiredScope === undefined || parseScope(requested ?? '').includes(requiredScope)) return scope
  throw new OAuthError('invalid_scope', `This API connects an app only with the scope ${requiredScope}.`)
}
