import type { Reason, Rejection } from './rejection.ts'

/** An answer that refuses a request: pure data, for an adapter to send as it is. */
export interface Refusal {
  readonly ok: false
  readonly status: 400 | 401 | 403 | 503
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body: RefusalBody
  /** Why, for the owner's log and metrics: a closed set, and never sent. */
  readonly reason: Reason
}

export interface RefusalBody {
  readonly error:
    | 'unauthorized'
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'temporarily_unavailable'
  readonly error_description: string
  /** With `insufficient_scope`: all that the request needs, separated by spaces. */
  readonly scope?: string
}

/** What the answers of one guard have in common. */
export interface ChallengeContext {
  /** `Bearer`, or the scheme that the guard takes instead. */
  readonly scheme: string
  /** How to send a credential, in words. */
  readonly usage: string
  /** Where the API says which server gives its tokens (RFC 9728); without it the challenge names a realm. */
  readonly resourceMetadataUrl: string | undefined
  readonly realm: string
}

const unavailable = { status: 503, error: 'temporarily_unavailable' } as const
const invalidToken = { status: 401, error: 'invalid_token' } as const
const invalidRequest = { status: 400, error: 'invalid_request' } as const

/** The one place where a private reason becomes a public answer (RFC 6750 §3.1). */
const answers: Record<Reason, { readonly status: Refusal['status']; readonly error: RefusalBody['error'] }> =
  {
    'no-credential': { status: 401, error: 'unauthorized' },
    'two-credentials': invalidRequest,
    'token-in-url': invalidRequest,
    malformed: invalidToken,
    'algorithm-not-accepted': invalidToken,
    'wrong-type': invalidToken,
    'critical-header': invalidToken,
    'bad-claims': invalidToken,
    'wrong-issuer': invalidToken,
    'wrong-audience': invalidToken,
    expired: invalidToken,
    'not-yet-valid': invalidToken,
    'unknown-key': invalidToken,
    'bad-signature': invalidToken,
    'opaque-not-accepted': invalidToken,
    inactive: invalidToken,
    revoked: invalidToken,
    'insufficient-scope': { status: 403, error: 'insufficient_scope' },
    'keys-unreachable': unavailable,
    'introspection-unreachable': unavailable,
    'introspection-busy': unavailable,
    'own-credentials-refused': unavailable,
    'feed-not-loaded': unavailable,
    'feed-stale': unavailable,
    closed: unavailable,
  }

const defaultRetryAfterSeconds = 2

/** Turns a rejection into the answer that the caller gets. `scope`: what the request needs. */
export function refuse(rejection: Rejection, context: ChallengeContext, scope: readonly string[]): Refusal {
  const { reason, retryAfterSeconds = defaultRetryAfterSeconds } = rejection
  const { status, error } = answers[reason]
  const needed = error === 'insufficient_scope' ? { scope: printable(scope.join(' ')) } : {}
  const body = { error, error_description: describe(reason, error, context, needed.scope), ...needed }
  const extra = status === 503 ? retryAfter(retryAfterSeconds) : challenge(context, body)
  const headers = { 'cache-control': 'no-store', 'content-type': 'application/json', ...extra }
  return { ok: false, status, headers, body, reason }
}

const retryAfter = (seconds: number) => ({ 'retry-after': String(Math.max(1, Math.ceil(seconds))) })

/** RFC 6750 §3: who sent no credential is told no error, only where to find out how to get one. */
function challenge(context: ChallengeContext, body: RefusalBody) {
  const { error, error_description, scope } = body
  const { resourceMetadataUrl, realm } = context
  const where = resourceMetadataUrl ? { resource_metadata: resourceMetadataUrl } : { realm }
  const parameters = error === 'unauthorized' ? where : { ...where, error, error_description, scope }
  const text = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${printable(String(value))}"`)
  return { 'www-authenticate': `${context.scheme} ${text.join(', ')}` }
}

function describe(
  reason: Reason,
  error: RefusalBody['error'],
  { usage }: ChallengeContext,
  scope = '',
): string {
  if (reason === 'token-in-url')
    return `This API takes no token in the URL, where it is logged. Send it as ${usage}`
  switch (error) {
    case 'unauthorized':
      return `This request needs an access token. Send it as ${usage}`
    case 'invalid_request':
      return `The request carries more than one credential. Send one, once, as ${usage}`
    case 'invalid_token':
      return 'The token is expired, revoked, malformed or not meant for this API. Get a new one and try again.'
    case 'insufficient_scope':
      return `The token does not allow this. It needs the scope: ${scope}`
    case 'temporarily_unavailable':
      return 'Tokens cannot be checked at the moment. Keep the token and try again after the time in Retry-After.'
  }
}

/** RFC 6750 §3: a value holds printable ASCII without quote and backslash. A scope may come out of a URL. */
const printable = (text: string): string => text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
