import type { Handler } from '../base/handler.ts'
import { jwksMaxAgeSeconds, type KeyRing } from '../keys/key-ring.ts'
import { publicResponse } from './endpoint.ts'

/** RFC 7517 §5: the keys that access tokens are checked with, the next one included. */
export function jwksEndpoint(keys: KeyRing): Handler {
  return (_, exchange) => publicResponse(keys.jwks(), jwksMaxAgeSeconds, exchange)
}
