export type { Refusal, RefusalBody } from './challenge.ts'
export { type RevocableClaims, revocableOf } from './claims.ts'
export type { Clock } from './clock.ts'
export {
  bare,
  basic,
  bearer,
  type Credential,
  type GuardRequest,
  header,
  query,
  scheme,
} from './credentials.ts'
export { type CheckResult, createGuard, type FeedStatus, type Guard, type GuardStatus } from './guard.ts'
export type { Fetch } from './http.ts'
export type { GuardOptions } from './options.ts'
export type { Principal } from './principal.ts'
export type { Reason } from './rejection.ts'
export type { ResourceMetadata } from './resource-metadata.ts'
export {
  type RevocableToken,
  type RevocationEntry,
  type RevocationKind,
  type RevocationPage,
  RevocationSet,
  RevocationSetFull,
  type RevocationSetOptions,
} from './revocations.ts'
export type { ScopeRequirement } from './scope.ts'
export type { Algorithm } from './signature.ts'
