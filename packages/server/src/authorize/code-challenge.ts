import { OAuthError } from '../base/oauth-error.ts'
import { isCodeChallenge } from '../base/pkce.ts'
import type { Config } from '../config/config.ts'
import type { ClientWithSecrets } from '../store/clients.ts'

/**
 * RFC 7636 §4.3, by S256 alone (RFC 9700 §2.1.1). A public client must send one; others too, unless the owner says
 * otherwise.
 *
 * @throws OAuthError `invalid_request`
 */
export function readCodeChallenge(
  { pkce }: Pick<Config, 'pkce'>,
  { type }: Pick<ClientWithSecrets, 'type'>,
  parameters: ReadonlyMap<string, string>,
): string | undefined {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    if (pkce === 'optional' && type !== 'public' && method === undefined) return undefined
    throw new OAuthError(
      'invalid_request',
      'The parameter code_challenge is missing: use PKCE with S256 (RFC 7636).',
    )
  }
  if (method !== 'S256') throw new OAuthError('invalid_request', 'The code_challenge_method must be S256.')
  if (isCodeChallenge(challenge)) return challenge
  throw new OAuthError(
    'invalid_request',
    'The code_challenge must be the base64url of a SHA-256, 43 characters.',
  )
}
