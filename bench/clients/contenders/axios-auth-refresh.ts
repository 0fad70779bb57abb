import { Readable } from 'node:stream'
import axios, { type AxiosInstance, isAxiosError } from 'axios'
import { createAuthRefresh } from 'axios-auth-refresh'
import type { Call } from '../app.ts'
import type { Contender } from '../contender.ts'
import { clientId, clientSecret, redirectUri } from '../scripted-server.ts'

/**
 * Its interceptor, an app's function that refreshes, and the request interceptor of its documentation. Its options are the
 * defaults, which it recommends; `deduplicateRefresh: false` changes no cell.
 */
export const axiosAuthRefresh: Contender = {
  name: 'axios-auth-refresh',
  package: 'axios-auth-refresh',
  imports: `export { createAuthRefresh } from 'axios-auth-refresh'`,
  platform: 'browser',
  beside: ['axios'],
  leavesToApp: ['503 at renewal', 'refresh token left out', 'rotated token kept'],
  async open({ tokenEndpoint, api, issuer }) {
    const askForTokens = async (parameters: Record<string, string>) =>
      (
        await axios.post(tokenEndpoint, new URLSearchParams(parameters), {
          auth: { username: clientId, password: clientSecret },
        })
      ).data
    let tokens = await askForTokens({
      grant_type: 'authorization_code',
      code: issuer.code,
      redirect_uri: redirectUri,
    })
    const http = axios.create()
    http.interceptors.request.use((request) => {
      request.headers.Authorization = `Bearer ${tokens.access_token}`
      return request
    })
    createAuthRefresh(asItsOwnTypes(http), async (failedRequest) => {
      const { refresh_token } = tokens
      tokens = { ...tokens, ...(await askForTokens({ grant_type: 'refresh_token', refresh_token })) }
      failedRequest.response.config.headers.Authorization = `Bearer ${tokens.access_token}`
    })
    return {
      call: ({ path = '', ...call } = {}) => send(http, api + path, call),
      kept: () => JSON.stringify(tokens),
    }
  },
}

/** It is typed with what axios gives to CommonJS, which TypeScript holds for something else. */
const asItsOwnTypes = (http: AxiosInstance) => http as unknown as Parameters<typeof createAuthRefresh>[0]

/** What an app sees: axios throws for a status that is not 2xx. */
async function send(http: AxiosInstance, url: string, { pieces }: Call): Promise<number> {
  try {
    const { status } = await (pieces ? http.post(url, Readable.from(pieces)) : http.get(url))
    return status
  } catch (error) {
    if (isAxiosError(error) && error.response) return error.response.status
    throw error
  }
}
