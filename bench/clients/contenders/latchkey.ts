import { authorizationCode, createTokenClient, memoryStore } from '@latchkey/client'
import type { Contender } from '../contender.ts'
import { clientId, clientSecret, redirectUri } from '../scripted-server.ts'
import { requestInit, statusOf } from './call-api.ts'

export const latchkey: Contender = {
  name: '@latchkey/client',
  package: '@latchkey/client',
  imports: `export { authorizationCode, createTokenClient } from '@latchkey/client'`,
  platform: 'browser',
  leavesToApp: [],
  async open({ tokenEndpoint, api, issuer }) {
    const store = memoryStore()
    const client = createTokenClient({
      tokenEndpoint,
      clientId,
      clientSecret,
      grant: authorizationCode({ code: issuer.code, redirectUri }),
      origins: [api],
      store,
    })
    return {
      call: async ({ path = '', ...call } = {}) =>
        statusOf(await client.fetch(api + path, requestInit(call))),
      kept: () => String(store.get()),
    }
  },
}
