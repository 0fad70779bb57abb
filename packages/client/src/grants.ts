/** How a client gets its first token. What follows is refreshed, where the server gives a refresh token. */
export interface Grant {
  /** Parameters of the token request, `grant_type` among them. `undefined`: only what the store holds counts. */
  readonly parameters: Readonly<Record<string, string>> | undefined
  /** Whether it may be asked again: a code and a refresh token are spent by being used. */
  readonly isRepeatable?: boolean
  /** Whether it goes before what the store holds, and replaces it. */
  readonly isNew?: boolean
}

/** RFC 6749 §4.4: the client asks for itself. */
export const clientCredentials = (): Grant => ({
  parameters: { grant_type: 'client_credentials' },
  isRepeatable: true,
})

/** RFC 6749 §4.3, where a server still has it: a person's own name and password. */
export const password = ({ username, password }: { username: string; password: string }): Grant => ({
  parameters: { grant_type: 'password', username, password },
  isRepeatable: true,
})

/**
 * RFC 6749 §6: a connection that was made before. `token` counts while the store holds none; once it does, those go on.
 * Without `token` the store must hold one.
 */
export const refreshToken = (token?: string): Grant => ({
  parameters: token ? { grant_type: 'refresh_token', refresh_token: token } : undefined,
})

/** RFC 6749 §4.1.3, RFC 7636 §4.5: the code that a person came back with. Its tokens replace what the store holds. */
export function authorizationCode(answer: {
  code: string
  /** The verifier of the challenge that was sent; left out only where the server has no PKCE. */
  codeVerifier?: string | undefined
  /** The one of the authorization request. */
  redirectUri?: string | undefined
}): Grant {
  const { code, codeVerifier, redirectUri } = answer
  const parameters: Record<string, string> = { grant_type: 'authorization_code', code }
  if (redirectUri) parameters.redirect_uri = redirectUri
  if (codeVerifier) parameters.code_verifier = codeVerifier
  return { parameters, isNew: true }
}
