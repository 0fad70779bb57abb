import { OAuthError } from '../base/oauth-error.ts'
import { intersectScope, parseScope } from '../base/scope.ts'
import type { Config } from '../config/config.ts'
import type { SignedInAccount } from '../store/sessions.ts'
import type { AuthorizationRequest } from './request.ts'

/** What of the requested scope a person may grant, and what not; space separated. */
export interface Permission {
  granted: string
  withheld: string
}

/**
 * Nobody grants what they may not do themselves.
 *
 * @throws OAuthError `access_denied` when nothing would be left, or not what this API needs to connect an app.
 */
export function findPermission(
  { requiredScope }: Pick<Config, 'requiredScope'>,
  { scope }: AuthorizationRequest,
  account: Pick<SignedInAccount, 'scope'>,
): Permission {
  const granted = intersectScope(scope, account.scope)
  const kept = parseScope(granted)
  const withheld = parseScope(scope).filter((token) => !kept.includes(token))
  const isLacking = requiredScope !== undefined && !kept.includes(requiredScope)
  if (isLacking || (kept.length === 0 && withheld.length > 0)) {
    throw new OAuthError('access_denied', 'This person may not grant what the app asks for.')
  }
  return { granted, withheld: withheld.join(' ') }
}
