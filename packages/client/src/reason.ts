/** Why a 401 was handed to the caller. */
export type UnauthorizedReason =
  /** The API says that the token is good and its scope is not: a new one would not do better. */
  | 'insufficient_scope'
  /** The request could be sent only once, or had been redirected. A new token was asked for: make the request anew. */
  | 'body_not_replayed'
  /** The API refused the new token as well. */
  | 'new_token_refused'

const reasons = new WeakMap<Response, UnauthorizedReason>()

/** Why `client.fetch` handed on this 401. `undefined`: the response is not one of those. */
export function reasonOf(response: Response): UnauthorizedReason | undefined {
  return reasons.get(response)
}

/** Remembers why, and hands the response on. */
export function giveReason(response: Response, reason: UnauthorizedReason): Response {
  reasons.set(response, reason)
  return response
}
