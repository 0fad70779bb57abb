import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  authorizationCode,
  type ClientOptions,
  createTokenClient,
  memoryStore,
  none,
  password,
  post,
  type Renewal,
} from '@latchkey/client'
import { dialect } from '@latchkey/client/dialect'
import { listen } from '@latchkey/server'
import { createDemo } from '../../packages/server/src/cli/dev/demo.ts'
import { createSampleApi } from '../../packages/server/src/cli/dev/sample-api.ts'
import { seed } from '../../packages/server/src/cli/dev/seed.ts'
import { presets } from '../../packages/server/src/dialects/presets.ts'
import { signInAndAllow } from '../support/person.ts'
import { startServer, testSecret } from '../support/server.ts'
import { call, failing, failureOf } from './suite/scene.ts'

const redirectUri = 'http://127.0.0.1/callback'

/** A server that speaks a dialect, with the demo apps and the API of `latchkey dev`, and the clock of this process. */
async function setScene(context: TestContext, name: string) {
  await using stack = new AsyncDisposableStack()
  const { timers } = context.mock
  timers.enable({ apis: ['Date'], now: Date.now() })
  const scopes = presets[name]?.policy?.scopes ?? { read: 'Read', write: 'Write' }
  const server = stack.use(await startServer({ dialect: name, scopes }))
  const demo = createDemo(testSecret, true)
  await seed(server.latchkey, demo)
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  stack.defer(() => listener.close())
  listener.serve(createSampleApi(server.latchkey, server.resourceServer).fetch)
  const apiOrigin = `http://127.0.0.1:${listener.port}`
  const [user = { username: '', password: '' }] = demo.users
  const renewals: Renewal[] = []
  const resources = stack.move()
  return {
    api: (path: string) => `${apiOrigin}${path}`,
    at: (path: string) => `${server.url}${path}`,
    app: { clientId: demo.client.id, clientSecret: demo.client.secret },
    user: { username: user.username, password: user.password },
    renewals,
    client: (options: ClientOptions) =>
      createTokenClient({
        origins: [apiOrigin],
        onRenew: (renewal) => void renewals.push(renewal),
        ...options,
      }),
    /** A person goes to the link of the app and allows it. */
    async allow(path: string, query: Record<string, string>): Promise<string> {
      const search = new URLSearchParams({ client_id: demo.client.id, redirect_uri: redirectUri, ...query })
      const back = await signInAndAllow({ authorizationUrl: `${server.url}${path}?${search}`, ...user })
      return back.searchParams.get('code') ?? ''
    },
    pass: (seconds: number) => timers.setTime(Date.now() + seconds * 1000),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

type Scene = Awaited<ReturnType<typeof setScene>>

/** The API is called, and called again when the token has expired. */
async function assertLives(scene: Scene, options: ClientOptions, path: string, lifetimeSeconds: number) {
  const client = scene.client(options)
  const token = await client.getToken()
  assert.equal(await call(client, scene.api(path)), 200)
  assert.equal(scene.renewals.at(-1)?.expiresInSeconds, lifetimeSeconds)
  scene.pass(lifetimeSeconds - 1)
  assert.equal(await call(client, scene.api(path)), 200)
  assert.notEqual(await client.getToken(), token)
  scene.pass(lifetimeSeconds + 1)
  assert.equal(await call(client, scene.api(path)), 200)
  assert.equal(scene.renewals.length, 3)
}

const academy = {
  error: { error_description: 'error.message' },
  lifetimeUnit: 'minutes',
  invalidGrantStatus: 400,
} as const

test('make-academy, version 2: a code, lifetimes in minutes, secrets in the body, and an endpoint for refreshing', async (context) => {
  await using scene = await setScene(context, 'make-academy')
  const code = await scene.allow('/api/v2/authorize', { response_type: 'code', scope: 'connect' })
  const options = {
    ...scene.app,
    tokenEndpoint: scene.at('/api/v2/token'),
    auth: post(),
    grant: authorizationCode({ code, redirectUri }),
    dialect: dialect({ ...academy, refreshEndpoint: scene.at('/api/v2/refresh'), body: 'json' }),
  }
  await assertLives(scene, options, '/api/v2/whoami', 300)
  assert.deepEqual(
    scene.renewals.map(({ grantType }) => grantType),
    ['authorization_code', 'refresh_token', 'refresh_token'],
  )
})

test('make-academy, version 2: a second connection ends the first, which is told in the words of the server', async (context) => {
  await using scene = await setScene(context, 'make-academy')
  const connect = async () =>
    scene.client({
      ...scene.app,
      tokenEndpoint: scene.at('/api/v2/token'),
      auth: post(),
      grant: authorizationCode({
        code: await scene.allow('/api/v2/authorize', { response_type: 'code', scope: 'connect' }),
        redirectUri,
      }),
      dialect: dialect({ ...academy, refreshEndpoint: scene.at('/api/v2/refresh') }),
    })
  const first = await connect()
  await first.getToken()
  const second = await connect()
  await second.getToken()
  const error = await failureOf(first.fetch(scene.api('/api/v2/whoami')))
  assert.deepEqual([error.code, error.status], ['connection_ended', 400])
  assert.match(error.errorDescription ?? '', /unknown, expired, used already/)
  assert.equal(await call(second, scene.api('/api/v2/whoami')), 200)
})

test("make-academy, version 3: a person's password as JSON, without a client, and refreshes", async (context) => {
  await using scene = await setScene(context, 'make-academy')
  const options = {
    tokenEndpoint: scene.at('/api/v3/token'),
    auth: none(),
    grant: password(scene.user),
    dialect: dialect({ ...academy, body: 'json' }),
  }
  await assertLives(scene, options, '/api/v3/whoami', 300)
  assert.deepEqual(
    scene.renewals.map(({ grantType }) => grantType),
    ['password', 'refresh_token', 'refresh_token'],
  )
})

test("platform-login: a person's password, without a client, and a new sign-in at each expiry", async (context) => {
  await using scene = await setScene(context, 'platform-login')
  const options = { tokenEndpoint: scene.at('/authorization'), auth: none(), grant: password(scene.user) }
  await assertLives(scene, options, '/api/whoami', 3_600)
  assert.deepEqual(
    scene.renewals.map(({ grantType }) => grantType),
    ['password', 'password', 'password'],
  )
})

test('platform-login: only a username and a password, as the page says', async (context) => {
  await using scene = await setScene(context, 'platform-login')
  const client = scene.client({
    tokenEndpoint: scene.at('/authorization'),
    grant: password(scene.user),
    dialect: dialect({ parameters: { grant_type: null }, body: 'json' }),
  })
  assert.equal(await call(client, scene.api('/api/whoami')), 200)
})

test('platform-login: a wrong password is refused, and is no end of a connection', async (context) => {
  await using scene = await setScene(context, 'platform-login')
  const store = memoryStore()
  const client = scene.client({
    store,
    tokenEndpoint: scene.at('/authorization'),
    grant: password({ ...scene.user, password: 'wrong' }),
  })
  await assert.rejects(client.getToken(), failing('request_refused', { error: 'invalid_grant', status: 400 }))
  assert.equal(await store.get(), undefined)
})

test('realtyna: client credentials, and the token bare in Authorization', async (context) => {
  await using scene = await setScene(context, 'realtyna')
  const options = {
    ...scene.app,
    issuer: scene.at(''),
    dialect: dialect({ credential: { bare: true } }),
  }
  await assertLives(scene, options, '/api/whoami', 3_600)
  const { headers } = (await scene.client(options).credentialFor(scene.api('/api/whoami'))) ?? {}
  assert.doesNotMatch(headers?.authorization ?? ' ', / /)
})

test('makeprintable: a code without PKCE, redeemed at the endpoint of the page', async (context) => {
  await using scene = await setScene(context, 'makeprintable')
  const code = await scene.allow('/authorize', { response_type: 'authorization_code' })
  const grant = authorizationCode({ code, redirectUri })
  const options = { ...scene.app, tokenEndpoint: scene.at('/v1/token'), auth: post(), grant }
  await assertLives(scene, options, '/api/whoami', 3_600)
})

for (const path of ['/user/oauth2/token/', '/user/oath2/token/'])
  test(`makeleaps: client credentials at ${path}`, async (context) => {
    await using scene = await setScene(context, 'makeleaps')
    await assertLives(scene, { ...scene.app, tokenEndpoint: scene.at(path) }, '/api/whoami', 36_000)
  })

test('every dialect that is found by its issuer is spoken without naming an endpoint', async (context) => {
  for (const name of ['standard', 'makeleaps', 'makeprintable', 'realtyna']) {
    await using scene = await setScene(context, name)
    const client = scene.client({ ...scene.app, issuer: scene.at('') })
    assert.equal(await call(client, scene.api('/api/whoami')), 200, name)
    context.mock.timers.reset()
  }
})
