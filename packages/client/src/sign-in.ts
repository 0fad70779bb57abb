import { discover, endpointOf } from './discovery.ts'
import { base64url, sha256 } from './encoding.ts'
import { authorizationCode, type Grant } from './grants.ts'
import { isSecure } from './http.ts'

export interface SignInOptions {
  /** The authorization server, exactly as it calls itself. */
  issuer?: string | undefined
  /** Where people are sent to: no discovery then. With `issuer` beside it an answer's `iss` is still compared. */
  authorizationEndpoint?: string | undefined
  /** The app. `undefined`, as of a variable that is not set, is an error. */
  clientId: string | undefined
  /** Where people come back to, as it is registered. */
  redirectUri: string
  /** Scopes, separated by spaces. */
  scope?: string | undefined
  /** RFC 8707: the API that the token is for. Give it to `createTokenClient` as well. */
  resource?: string | readonly string[] | undefined
  /** More parameters of the authorization request, as in `{ prompt: 'consent' }`, or a `response_type` of the server's own. */
  parameters?: Readonly<Record<string, string>> | undefined
  /** Takes an http server that is not on loopback: for a private network that is trusted as a whole. Default: false. */
  allowInsecure?: boolean | undefined
  /** For the server's metadata. 100 to 10,000. Default: 4,000. */
  timeoutMs?: number | undefined
  /** How the server's metadata are reached. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined
}

/**
 * A sign-in on its way: plain data, which survives JSON. Keep it where only the browser that began it finds it again, such as
 * that browser's session on your server, and use it once. `codeVerifier` is secret.
 */
export interface PendingSignIn {
  /** Where to send the browser. */
  readonly url: string
  readonly state: string
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly issuer?: string | undefined
  /** The server said that its answers name it (RFC 9207): one that does not is not its own. */
  readonly isIssuerRequired: boolean
}

/** What kept a person from being signed in, for programs: these words never change. */
export type SignInErrorCode =
  /** The answer belongs to no sign-in of this browser: begin again. */
  | 'state_mismatch'
  /** The answer is another server's (RFC 9207). */
  | 'issuer_mismatch'
  /** The person said no. */
  | 'access_denied'
  /** The server is in trouble: the same may work later. */
  | 'server_unavailable'
  /** The server refused for another reason, such as `invalid_scope`; it is in `error`. */
  | 'request_refused'
  /** What came back is no answer to an authorization request. */
  | 'invalid_callback'

/** Why a person is not signed in. Holds no secret. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly code: SignInErrorCode
  /** The server's `error` (RFC 6749 §4.1.2.1). */
  readonly error: string | undefined
  /** The server's `error_description`, at most 300 characters. It came with the URL: show it as text. */
  readonly errorDescription: string | undefined

  constructor(
    code: SignInErrorCode,
    message: string,
    details: { error?: string | undefined; errorDescription?: string | undefined } = {},
  ) {
    super(message)
    this.code = code
    this.error = details.error
    this.errorDescription = details.errorDescription
  }
}

/**
 * Begins the authorization code flow (RFC 6749 §4.1) with PKCE, S256 (RFC 7636), and a random `state`. Keep what comes back
 * and send the browser to its `url`.
 *
 * @throws TypeError on a wrong option; TokenError when the server's metadata are not to be had.
 */
export async function beginSignIn(options: SignInOptions): Promise<PendingSignIn> {
  checkOptions(options)
  const { issuer, clientId = '', redirectUri, scope, resource = [], parameters } = options
  const { endpoint, isIssuerRequired } = await findEndpoint(options)
  const state = randomText()
  const codeVerifier = randomText()
  const query = {
    response_type: 'code',
    ...parameters,
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(scope ? { scope } : {}),
    state,
    code_challenge: await sha256(codeVerifier),
    code_challenge_method: 'S256',
  }
  // RFC 6749 §3.1: a query that the endpoint has stays.
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  for (const api of [resource].flat()) url.searchParams.append('resource', api)
  return { url: url.href, state, codeVerifier, redirectUri, issuer, isIssuerRequired }
}

/**
 * Reads what a person came back with, and gives the grant for `createTokenClient`.
 *
 * @param callback the URL that was called, whole or from its path on; or the form that was posted (`response_mode=form_post`).
 * @param pending what {@link beginSignIn} gave, out of this browser's session; `undefined` where the session holds none.
 * @throws SignInError
 */
export function finishSignIn(
  callback: string | URL | URLSearchParams,
  pending: PendingSignIn | undefined,
): Grant {
  const read = reader(callback, pending?.redirectUri)
  if (!pending?.state || read('state') !== pending.state)
    throw new SignInError('state_mismatch', 'This is no answer to a sign-in of this browser. Begin again.')
  checkIssuer(read('iss'), pending)
  const error = read('error')
  if (error !== undefined) throw refusal(error, read('error_description'))
  const code = read('code')
  if (!code) throw new SignInError('invalid_callback', 'The server sent neither a code nor an error.')
  return authorizationCode({ code, codeVerifier: pending.codeVerifier, redirectUri: pending.redirectUri })
}

/** What this library says itself: an option that says otherwise would be lost, or break what protects people. */
const ownParameters =
  'client_id redirect_uri scope resource state code_challenge code_challenge_method'.split(' ')

const optionNames =
  'issuer authorizationEndpoint clientId redirectUri scope resource parameters allowInsecure timeoutMs fetch'.split(
    ' ',
  )

function checkOptions(options: SignInOptions): void {
  const { issuer, authorizationEndpoint, clientId, redirectUri, parameters = {}, timeoutMs = 4_000 } = options
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined)
    throw wrong(`there is no option ${unknown}. The options are: ${optionNames.join(', ')}.`)
  if ((issuer ?? authorizationEndpoint) === undefined) throw wrong('give issuer or authorizationEndpoint.')
  for (const [name, url] of Object.entries({ issuer, authorizationEndpoint })) {
    if (url !== undefined && !isSecure(url, options.allowInsecure ?? false))
      throw wrong(`${name} is not an https URL. On a network that you trust, say allowInsecure: true.`)
  }
  if (!clientId) throw wrong('give clientId.')
  if (!URL.canParse(redirectUri) || redirectUri.includes('#'))
    throw wrong('redirectUri is a whole URL without a fragment, as in https://app.example.com/callback.')
  // Text, as of a variable of the environment, would compare as a number and be none.
  if (!(typeof timeoutMs === 'number' && timeoutMs >= 100 && timeoutMs <= 10_000))
    throw wrong('timeoutMs is a number from 100 to 10000.')
  const own = Object.keys(parameters).find((name) => ownParameters.includes(name))
  if (own !== undefined)
    throw wrong(`parameters may not hold ${own}. What can be chosen has an option of its own.`)
}

const wrong = (message: string): TypeError => new TypeError(`beginSignIn: ${message}`)

async function findEndpoint(options: SignInOptions) {
  const { issuer, authorizationEndpoint, allowInsecure = false, timeoutMs = 4_000 } = options
  if (authorizationEndpoint !== undefined || issuer === undefined)
    return { endpoint: authorizationEndpoint ?? '', isIssuerRequired: false }
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...call) => globalThis.fetch(...call))
  const transport = { fetch, timeoutMs, allowInsecure }
  const metadata = await discover(issuer, transport)
  const endpoint = endpointOf(metadata, 'authorization_endpoint', transport)
  return { endpoint, isIssuerRequired: metadata.authorization_response_iss_parameter_supported === true }
}

/** 256 bit: 43 characters, which a verifier must have at least (RFC 7636 §4.1). */
const randomText = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)))

/** Reads parameters, each of which may be there once (RFC 6749 §3.1). */
function reader(callback: string | URL | URLSearchParams, base: string | undefined) {
  const parameters = callback instanceof URLSearchParams ? callback : queryOf(callback, base)
  return (name: string): string | undefined => {
    const [value, ...more] = parameters.getAll(name)
    if (more.length > 0) throw new SignInError('invalid_callback', `The answer holds ${name} more than once.`)
    return value
  }
}

function queryOf(callback: string | URL, base = 'http://localhost'): URLSearchParams {
  const isUrl = typeof callback === 'string' || callback instanceof URL
  const url = isUrl && URL.canParse(callback, base) ? new URL(callback, base) : undefined
  if (url?.search) return url.searchParams
  throw new SignInError(
    'invalid_callback',
    'The callback is no URL with a query. Give the URL that was called, as in /callback?code=…, or a URLSearchParams.',
  )
}

/** RFC 9207 §2.4: an answer of another server would have us send its code, and our secret, to the wrong one. */
function checkIssuer(iss: string | undefined, { issuer, isIssuerRequired }: PendingSignIn): void {
  if (iss === undefined ? !isIssuerRequired : issuer === undefined || iss === issuer) return
  throw new SignInError('issuer_mismatch', `The answer does not come from ${issuer}.`)
}

/** The most of a server's words that is passed on, in characters. */
const maxWordsLength = 300

function refusal(error: string, description: string | undefined): SignInError {
  const details = { error: shorten(error), errorDescription: description && shorten(description) }
  if (error === 'access_denied')
    return new SignInError('access_denied', 'The person did not allow it.', details)
  const isPassing = error === 'server_error' || error === 'temporarily_unavailable'
  if (isPassing) return new SignInError('server_unavailable', 'The server cannot answer just now.', details)
  return new SignInError('request_refused', `The server refused (${details.error}).`, details)
}

const shorten = (text: string): string => text.replace(/\p{Cc}/gu, ' ').slice(0, maxWordsLength)
