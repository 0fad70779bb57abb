/** What a request needs: one scope, several separated by spaces, or a list. All of them must have been granted. */
export type ScopeRequirement = string | readonly string[]

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The scopes that are meant. */
export function toScopeList(scope: ScopeRequirement = []): readonly string[] {
  if (typeof scope !== 'string') return scope
  return scope.includes(' ') || scope === '' ? scope.split(' ').filter((token) => token !== '') : [scope]
}

/** For a scope that is written in the code. @throws TypeError when it can never be granted (RFC 6749 §3.3). */
export function requireScopeList(scope: ScopeRequirement | undefined): readonly string[] {
  const list = toScopeList(scope)
  const wrong = list.find((token) => !scopeToken.test(token))
  if (wrong === undefined) return list
  throw new TypeError(`${JSON.stringify(wrong)} is not a scope: one holds no space, quote or backslash.`)
}
