import {
  allowInsecureRequests,
  authorizationCodeGrant,
  Configuration,
  fetchProtectedResource,
  refreshTokenGrant,
} from 'openid-client'
import type { Contender } from '../contender.ts'
import { scenarioNames } from '../scenarios.ts'
import { clientId, clientSecret, redirectUri } from '../scripted-server.ts'
import { requestInit, statusOf } from './call-api.ts'

/** How long before its expiry this app renews a token. */
const windowSeconds = 60

/** It makes requests and keeps nothing: the few lines around `refreshTokenGrant` and `expiresIn()` are the app's. */
export const openidClient: Contender = {
  name: 'openid-client',
  package: 'openid-client',
  imports: `export {
    authorizationCodeGrant, Configuration, fetchProtectedResource, refreshTokenGrant,
  } from 'openid-client'`,
  platform: 'browser',
  leavesToApp: scenarioNames,
  async open({ tokenEndpoint, api, issuer }) {
    const server = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint }
    const configuration = new Configuration(server, clientId, clientSecret)
    allowInsecureRequests(configuration)
    let tokens = await authorizationCodeGrant(configuration, new URL(`${redirectUri}?code=${issuer.code}`))
    let kept = JSON.stringify(tokens)
    return {
      async call({ path = '', ...call } = {}) {
        if ((tokens.expiresIn() ?? 0) < windowSeconds) {
          tokens = await refreshTokenGrant(configuration, tokens.refresh_token ?? '')
          kept = JSON.stringify(tokens)
        }
        const url = new URL(api + path)
        const { method = 'GET', body } = requestInit(call)
        return statusOf(await fetchProtectedResource(configuration, tokens.access_token, url, method, body))
      },
      kept: () => kept,
    }
  },
}
