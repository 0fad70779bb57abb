import type { Handler } from '../base/handler.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { HeadWatch } from '../store/watch.ts'
import { credentialResponse } from './endpoint.ts'
import { type AuthenticationContext, authenticateResourceServer } from './presented-client.ts'

export interface VerificationKeysEndpointContext extends AuthenticationContext {
  keys: KeyRing
  watch: HeadWatch
}

/** HS256 keys of the caller's own audience (docs/protocol.md); they are in no JWKS. */
export function verificationKeysEndpoint(context: VerificationKeysEndpointContext): Handler {
  return async (request, exchange) => {
    const { audience } = await authenticateResourceServer(request, exchange, context)
    // A guard asks anew when keys were revoked elsewhere: this process must not hand out what it had before.
    await context.watch.check()
    const symmetric = audience === null ? [] : context.keys.symmetricKeys(audience)
    const jwks = symmetric.map((key) => ({ kty: 'oct', alg: 'HS256', k: key.toString('base64url') }))
    return credentialResponse({ keys: jwks }, exchange)
  }
}
