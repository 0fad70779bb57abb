export {
  basic,
  type ClientAuthentication,
  none,
  post,
  type TokenRequest,
} from './authentication.ts'
export type { Clock } from './clock.ts'
export { createTokenClient } from './create-token-client.ts'
export { TokenError, type TokenErrorCode, type TokenErrorDetails } from './errors.ts'
export { authorizationCode, clientCredentials, type Grant, password, refreshToken } from './grants.ts'
export type { ClientOptions, Failure, Renewal } from './options.ts'
export { reasonOf, type UnauthorizedReason } from './reason.ts'
export { memoryStore, type TokenStore } from './store.ts'
export type { Credential, GetTokenOptions, TokenClient } from './token-client.ts'
export type { Dialect, Presentation, WireAnswer } from './wire.ts'
