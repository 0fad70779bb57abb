import { createGuard } from '@latchkey/guard'
import { protect } from '@latchkey/guard/fetch'
import { systemClock } from '../../../packages/server/src/base/clock.ts'
import {
  addPerson,
  issueCode,
  redeem,
  redirectUri,
  registerCodeClient,
  tokensOf,
  verifier,
} from '../../support/connection.ts'
import { postForm, startServer, type TestServer } from '../../support/server.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { type Api, startApi } from './api.ts'
import { type AuthorizationServer, tokenLifetimeSeconds } from './authorization-server.ts'

/** What the apps may ask for. */
const scope = 'read'

/** Latchkey, and an API behind its guard. */
export async function startLatchkey(): Promise<AuthorizationServer> {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(await startFaultProxy(['/token']))
  const accessTokenLifetime = `${tokenLifetimeSeconds}s`
  const server = stack.use(await startServer({ issuer: proxy.url, accessTokenLifetime }))
  proxy.forwardTo(server.url)
  const api = await startGuardedApi(server, stack)
  const members = await register(server)
  const resources = stack.move()
  return {
    proxy,
    api,
    place: { issuer: proxy.url },
    rotates: true,
    afterLostAnswer: 'lives',
    ...members,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function startGuardedApi({ latchkey }: TestServer, stack: AsyncDisposableStack): Promise<Api> {
  const { audience, issuer } = latchkey.config
  const guard = createGuard({
    issuer,
    audience,
    fetch: latchkey.fetch,
    revocations: latchkey.revocations,
    clockToleranceSeconds: 0,
  })
  stack.defer(() => guard.close())
  const handlerOf = (scope: string) =>
    protect(guard, { scope }, (_, { subject }) => Response.json({ subject }))
  const [read, write] = [handlerOf('read'), handlerOf('write')]
  return stack.use(await startApi((request, needsWrite) => (needsWrite ? write : read)(request)))
}

/** The apps and a person. */
async function register({ latchkey, url }: TestServer) {
  const parts = { store: latchkey.store, clock: systemClock }
  const person = await addPerson(parts)
  const connecting = ['authorization_code', 'refresh_token']
  const app = await registerCodeClient(parts, { scope, grantTypes: ['client_credentials', ...connecting] })
  const publicApp = await registerCodeClient(parts, { scope, type: 'public', grantTypes: connecting })
  const credentials = { clientId: app.id, clientSecret: app.secret ?? '' }
  const { audience } = latchkey.config
  const revoke = async (token: string) => {
    await postForm(`${url}/revoke`, { token }, { id: app.id, secret: app.secret ?? '' })
  }
  return {
    app: credentials,
    postApp: credentials,
    publicApp: { clientId: publicApp.id },
    async connect(clientId: string) {
      const client = clientId === app.id ? app : publicApp
      const code = await issueCode(parts, client, person, { audience, scope })
      return tokensOf(await redeem(`${url}/token`, client, code)).refreshToken
    },
    async makeCode() {
      const code = await issueCode(parts, app, person, { audience, scope })
      return { code, codeVerifier: verifier, redirectUri }
    },
    revokeAccessToken: revoke,
    endConnection: revoke,
  }
}
