import { randomBytes } from 'node:crypto'
import type { ClientOptions } from '@latchkey/client'
import type { FaultProxy } from '../fault-proxy.ts'
import type { Api } from './api.ts'

/** How long an access token of every server here lives, in seconds. */
export const tokenLifetimeSeconds = 600

/** A server of tokens with an API that takes them, as the suite uses it; its clients reach it through the proxy. */
export interface AuthorizationServer extends AsyncDisposable {
  proxy: FaultProxy
  api: Api
  /** How a client finds it: by its issuer, or by its token endpoint where it has no metadata. */
  place: Pick<ClientOptions, 'issuer' | 'tokenEndpoint'>
  /** May use every grant, and proves itself by Basic. */
  app: AppCredentials
  /** The same by `client_secret_post`. */
  postApp: AppCredentials
  /** A public client with connections. */
  publicApp: { clientId: string }
  /** Makes a connection of a person and a client. @returns its refresh token. */
  connect(clientId: string): Promise<string>
  /** A code, as a person comes back with it to `app`. */
  makeCode(): Promise<{ code: string; codeVerifier: string; redirectUri: string }>
  /** Ends one access token before its time. */
  revokeAccessToken(token: string): Promise<void>
  /** Ends a connection. */
  endConnection(refreshToken: string): Promise<void>
  /** Whether each refresh gives a new refresh token. */
  rotates: boolean
  /** What becomes of a connection whose refresh was answered and whose answer was lost. */
  afterLostAnswer: 'lives' | 'ends'
}

export interface AppCredentials {
  clientId: string
  clientSecret: string
}

/** For secrets and codes. */
export const randomText = (): string => randomBytes(24).toString('base64url')
