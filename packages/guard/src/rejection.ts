/**
 * Why a request is refused: for the owner's log and metrics (a closed set, so it is safe as a label). The caller sees
 * only what `challenge.ts` makes of it: unknown, expired, foreign and revoked tokens look the same from outside.
 */
export type Reason =
  | 'no-credential'
  | 'two-credentials'
  | 'token-in-url'
  | 'malformed'
  | 'algorithm-not-accepted'
  | 'wrong-type'
  | 'critical-header'
  | 'bad-claims'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'expired'
  | 'not-yet-valid'
  | 'unknown-key'
  | 'bad-signature'
  | 'opaque-not-accepted'
  | 'inactive'
  | 'revoked'
  | 'insufficient-scope'
  | 'keys-unreachable'
  | 'introspection-unreachable'
  | 'introspection-busy'
  | 'own-credentials-refused'
  | 'feed-not-loaded'
  | 'feed-stale'
  | 'closed'

/** A check that ended in a refusal. */
export interface Rejection {
  readonly reason: Reason
  /** When asking again makes sense, in seconds; only with reasons that are nobody's fault but ours. */
  readonly retryAfterSeconds?: number
}

/** Whether the outcome of a check is a refusal. */
export const isRejection = (outcome: object): outcome is Rejection => 'reason' in outcome
