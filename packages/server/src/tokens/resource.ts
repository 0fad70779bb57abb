import { invalidGrant, OAuthError } from '../base/oauth-error.ts'
import type { Config } from '../config/config.ts'

/**
 * RFC 8707 §2: the resources that the client asks for, or the configured API when it asks for none.
 *
 * @param resource space separated where the parameter was repeated.
 * @throws OAuthError `invalid_target` for a resource that this server does not know, or for several that cannot share a token.
 */
export function readAudience(config: Config, resource: string | undefined): readonly [string, ...string[]] {
  if (resource === undefined) return [config.audience]
  const [first = config.audience, ...others] = new Set(resource.split(' '))
  for (const wanted of [first, ...others]) {
    if (wanted !== config.audience && !config.resources.includes(wanted)) {
      throw new OAuthError('invalid_target', 'This server issues no tokens for that resource.')
    }
  }
  if (others.length > 0 && config.signingAlgorithm === 'HS256') {
    // Each audience checks HS256 tokens with a key of its own, so no token can be for two.
    throw new OAuthError('invalid_target', 'Ask for one resource at a time.')
  }
  return [first, ...others]
}

/**
 * RFC 8707 §2.2: the resources, among those that were granted, that this access token is for. Without a word, all of them
 * that there still are; where they cannot share a token, the first.
 *
 * @param granted space separated, one at least.
 * @throws OAuthError `invalid_target` for a resource that was not granted; `invalid_grant` when none is left.
 */
export function narrowAudience(
  granted: string,
  resource: string | undefined,
  config: Config,
): readonly [string, ...string[]] {
  const known = granted.split(' ')
  if (resource === undefined) return whatIsLeft(known, config)
  const wanted = readAudience(config, resource)
  if (wanted.every((one) => known.includes(one))) return wanted
  throw new OAuthError('invalid_target', 'The person did not allow this resource.')
}

function whatIsLeft(
  granted: string[],
  { audience, resources, signingAlgorithm }: Config,
): readonly [string, ...string[]] {
  const [first, ...others] = granted.filter((one) => one === audience || resources.includes(one))
  if (first === undefined) throw invalidGrant('no resource of the connection is left')
  return signingAlgorithm === 'HS256' ? [first] : [first, ...others]
}
