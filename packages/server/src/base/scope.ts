import { OAuthError } from './oauth-error.ts'

/** The longest `scope` parameter that is read, in characters. */
export const maxScopeLength = 2048

/** Scopes that an error names. */
const maxNamedScopes = 20

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Splits a scope string (RFC 6749 §3.3) into its distinct tokens, in the order given. */
export function parseScope(scope: string): string[] {
  return scope === '' ? [] : [...new Set(scope.split(' ').filter((token) => token !== ''))]
}

/** Whether the text may stand as one scope token (RFC 6749 §3.3). */
export const isScopeToken = (text: string): boolean => scopeToken.test(text)

/**
 * The scope that a request gets: what it asks for, or all that is allowed when it asks for nothing.
 *
 * @throws OAuthError `invalid_scope` when it asks for more than is allowed (RFC 6749 §3.3).
 */
export function narrowScope(requested: string | undefined, allowed: string): string {
  if (requested === undefined || requested === '' || requested === allowed) return allowed
  if (requested.length > maxScopeLength) {
    throw new OAuthError('invalid_scope', `The scope is longer than ${maxScopeLength} characters.`)
  }
  const permitted = new Set(parseScope(allowed))
  const wanted = parseScope(requested)
  if (!wanted.every((token) => permitted.has(token))) {
    throw new OAuthError('invalid_scope', `The client may not ask for this scope. ${describe(permitted)}`)
  }
  return wanted.join(' ')
}

/**
 * What is in both, in the order of the first.
 *
 * @param limit null: everything.
 */
export function intersectScope(scope: string, limit: string | null): string {
  if (limit === null) return scope
  const allowed = new Set(parseScope(limit))
  return parseScope(scope)
    .filter((token) => allowed.has(token))
    .join(' ')
}

/** Names what would do, never what was sent: a secret may have come in the wrong place. */
function describe(permitted: ReadonlySet<string>): string {
  const first = [...permitted].slice(0, maxNamedScopes).join(' ')
  const more = permitted.size > maxNamedScopes ? ' and others' : ''
  return first === '' ? 'It has none.' : `It may ask for: ${first}${more}.`
}
