import { AuthorizationCode } from 'simple-oauth2'
import type { Contender } from '../contender.ts'
import { clientId, clientSecret, redirectUri } from '../scripted-server.ts'
import { requestInit, statusOf } from './call-api.ts'

/** The window of its documentation's example. */
const expirationWindowInSeconds = 300

/** `expired(window)` before each call and `refresh()` in a `try`, as its documentation shows; calls are the app's own. */
export const simpleOauth2: Contender = {
  name: 'simple-oauth2',
  package: 'simple-oauth2',
  imports: `export { AuthorizationCode } from 'simple-oauth2'`,
  platform: 'node',
  leavesToApp: ['herd at expiry', 'late 401', '503 at renewal', 'one-shot body'],
  async open({ tokenEndpoint, api, issuer }) {
    const client = new AuthorizationCode({
      client: { id: clientId, secret: clientSecret },
      auth: { tokenHost: new URL(tokenEndpoint).origin, tokenPath: '/token' },
    })
    let accessToken = await client.getToken({ code: issuer.code, redirect_uri: redirectUri })
    let kept = JSON.stringify(accessToken)
    const renewIfDue = async () => {
      if (!accessToken.expired(expirationWindowInSeconds)) return
      try {
        accessToken = await accessToken.refresh()
        kept = JSON.stringify(accessToken)
      } catch {
        // The example logs the error and goes on.
      }
    }
    return {
      async call({ path = '', ...call } = {}) {
        await renewIfDue()
        const headers = { authorization: `Bearer ${accessToken.token.access_token}` }
        return statusOf(await fetch(api + path, { ...requestInit(call), headers }))
      },
      kept: () => kept,
    }
  },
}
