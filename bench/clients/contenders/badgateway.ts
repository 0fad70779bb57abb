import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'
import type { Contender } from '../contender.ts'
import { clientId, clientSecret, redirectUri } from '../scripted-server.ts'
import { requestInit, statusOf } from './call-api.ts'

/** `OAuth2Fetch`, its wrapper that renews by itself, with `storeToken`. */
export const badgateway: Contender = {
  name: '@badgateway/oauth2-client',
  package: '@badgateway/oauth2-client',
  imports: `export { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'`,
  platform: 'browser',
  leavesToApp: [],
  async open({ tokenEndpoint, api, issuer }) {
    const client = new OAuth2Client({ tokenEndpoint, clientId, clientSecret })
    const first = await client.authorizationCode.getToken({ code: issuer.code, redirectUri })
    let kept = JSON.stringify(first)
    const wrapper = new OAuth2Fetch({
      client,
      getStoredToken: () => JSON.parse(kept),
      storeToken: (token) => {
        kept = JSON.stringify(token)
      },
      // “You may want to do this when a user needs to be redirected back to the authorization_code endpoints.”
      getNewToken: () => null,
    })
    return {
      call: async ({ path = '', ...call } = {}) =>
        statusOf(await wrapper.fetch(api + path, requestInit(call))),
      kept: () => kept,
    }
  },
}
