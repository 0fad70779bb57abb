import { OAuthError } from '../base/oauth-error.ts'
import type { Config } from '../config/config.ts'

/**
 * RFC 8707 §2: the resources that the client asks for, or the configured API when it asks for none.
 *
 * @param resource space separated where the parameter was repeated.
 * @throws OAuthError `invalid_target` for a resource that this server does not know.
 */
export function readAudience(config: Config, resource: string | undefined): readonly [string, ...string[]] {
  if (resource === undefined) return [config.audience]
  const [first = config.audience, ...others] = new Set(resource.split(' '))
  for (const wanted of [first, ...others]) {
    if (wanted !== config.audience && !config.resources.includes(wanted)) {
      throw new OAuthError('invalid_target', 'This server issues no tokens for that resource.')
    }
  }
  return [first, ...others]
}
