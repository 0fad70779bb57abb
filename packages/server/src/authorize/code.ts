import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import { randomSecret } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import type { Grantable } from './next-step.ts'
import type { AuthorizationRequest } from './request.ts'

export interface CodeContext {
  config: Pick<Config, 'authorizationCodeLifetimeSeconds'>
  clock: Clock
  store: Pick<Store, 'authorizationCodes'>
}

/**
 * RFC 6749 §4.1.2: makes the code for what a person granted. It is kept as a hash. `undefined`: they were disabled or
 * signed out everywhere meanwhile.
 */
export async function issueCode(
  { config, clock, store }: CodeContext,
  request: AuthorizationRequest,
  { account, granted }: Pick<Grantable, 'account' | 'granted'>,
): Promise<string | undefined> {
  const code = randomSecret()
  const row = {
    code_hash: sha256(code),
    client_id: request.client.id,
    user_id: account.id,
    redirect_uri: request.redirectUri,
    is_redirect_uri_required: request.isRedirectUriSent ? 1 : 0,
    scope: granted,
    audience: request.audience.join(' '),
    code_challenge: request.codeChallenge ?? null,
    expires_at: clock() + config.authorizationCodeLifetimeSeconds,
  }
  return (await store.authorizationCodes.add(row, account)) ? code : undefined
}
