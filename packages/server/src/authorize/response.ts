import type { Wire } from '../dialects/compile.ts'
import type { AuthorizationError, ReturnAddress } from './authorization-error.ts'

/** What the browser is to bring to the client. */
export type AuthorizationResponse =
  | { kind: 'redirect'; url: string }
  | { kind: 'form_post'; action: string; fields: readonly (readonly [name: string, value: string])[] }

type Fields = Record<string, string | undefined>

/** RFC 6749 §4.1.2, with the issuer of RFC 9207 so that no client takes a code to another server. */
export const codeResponse = (returnTo: ReturnAddress, code: string, issuer: string): AuthorizationResponse =>
  respond(returnTo, { code, state: returnTo.state, iss: issuer })

/** RFC 6749 §4.1.2.1, and what the dialect says besides. */
export function errorResponse(
  { returnTo, error }: AuthorizationError,
  { toRedirectError }: Pick<Wire, 'toRedirectError'>,
  { issuer, errorPageUrl }: { issuer: string; errorPageUrl: string },
): AuthorizationResponse {
  const standard = { error: error.code, error_description: error.message }
  const inDialect = toRedirectError?.({
    ...standard,
    error_uri: `${errorPageUrl}#${error.code}`,
    status: error.status,
  })
  return respond(returnTo, { ...inDialect, ...standard, state: returnTo.state, iss: issuer })
}

function respond({ redirectUri, responseMode }: ReturnAddress, fields: Fields): AuthorizationResponse {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)
  return responseMode === 'form_post'
    ? { kind: 'form_post', action: redirectUri, fields: given }
    : { kind: 'redirect', url: addQuery(redirectUri, given) }
}

/** Keeps the query that the URI has, as it is (RFC 6749 §3.1.2). */
function addQuery(uri: string, fields: [string, string][]): string {
  const separator = uri.includes('?') ? (/[?&]$/.test(uri) ? '' : '&') : '?'
  return `${uri}${separator}${new URLSearchParams(fields)}`
}
