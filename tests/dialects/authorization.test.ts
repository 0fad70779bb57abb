import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock as clock } from '../../packages/server/src/base/clock.ts'
import type { DialectInput } from '../../packages/server/src/dialects/dialect.ts'
import { addPerson, password, redirectUri, registerCodeClient } from '../support/connection.ts'
import { Person, signInAndAllow } from '../support/person.ts'
import { postForm, startServer } from '../support/server.ts'

type Routes = NonNullable<DialectInput['routes']>

const authorization: Routes[number] = { kind: 'authorization', method: 'GET', paths: ['/oauth/auth'] }

/** A server that speaks these routes, an app and a person; `send` goes the whole way with the app's own parameters. */
async function prepare(routes: Routes) {
  const resource = 'https://other.example.com'
  const server = await startServer({
    dialect: { name: 'own', routes },
    pkce: 'optional',
    resources: [resource],
  })
  const parts = { store: server.latchkey.store, clock }
  const app = await registerCodeClient(parts)
  const person = await addPerson(parts)
  const urlFor = (query: Record<string, string>) =>
    `${server.url}/oauth/auth?${new URLSearchParams({ redirect_uri: redirectUri, ...query })}`
  return {
    server,
    app: { id: app.id, secret: app.secret ?? '' },
    person,
    resource,
    urlFor,
    send: (query: Record<string, string>) =>
      signInAndAllow({ authorizationUrl: urlFor(query), username: person.username, password }),
    async exchange(back: URL) {
      const code = back.searchParams.get('code') ?? ''
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
      const response = await postForm(server.latchkey.urls.token, form, {
        id: app.id,
        secret: app.secret ?? '',
      })
      assert.equal(response.status, 200)
      return (await response.json()) as Record<string, unknown>
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())

test("an authorization request may have the dialect's names, values, defaults and separator", async () => {
  await using scene = await prepare([
    {
      ...authorization,
      request: {
        rename: { appid: 'client_id', scopes: 'scope', audience: 'resource' },
        values: { response_type: { authorization_code: 'code' } },
        defaults: { response_type: 'code' },
        scopeSeparator: ',',
      },
    },
  ])
  const back = await scene.send({
    appid: scene.app.id,
    scopes: 'read,write',
    audience: scene.resource,
    state: 'mine',
  })
  assert.equal(back.searchParams.get('state'), 'mine')
  const answer = await scene.exchange(back)
  assert.equal(answer.scope, 'read write')
  assert.equal(claimsOf(answer.access_token).aud, scene.resource)
  const other = await scene.send({
    appid: scene.app.id,
    scopes: 'read',
    response_type: 'authorization_code',
  })
  assert.equal((await scene.exchange(other)).scope, 'read')
})

test('what the server does not know in an authorization request is passed over', async () => {
  await using scene = await prepare([authorization])
  const back = await scene.send({
    client_id: scene.app.id,
    response_type: 'code',
    access_type: 'offline',
    approval_prompt: 'force',
    include_granted_scopes: 'true',
    prompt: 'consent',
  })
  assert.ok((await scene.exchange(back)).refresh_token)
})

test('an answer can say whose token it is, and how long its refresh token lives', async () => {
  const answer = {
    access_token: 'access_token',
    'user.id': 'user_id',
    refresh_until: { lifetime: 'refresh_expires_in', unit: 'seconds' },
  } as const
  await using scene = await prepare([authorization, { kind: 'token', method: 'POST', paths: ['/t'], answer }])
  const back = await scene.send({ client_id: scene.app.id, response_type: 'code' })
  const { access_token, ...rest } = await scene.exchange(back)
  assert.ok(access_token)
  assert.deepEqual(rest, { user: { id: scene.person.id }, refresh_until: 30 * 86_400 })
})

test('a refresh endpoint of its own renames, answers in its own way and refreshes alone', async () => {
  await using scene = await prepare([
    authorization,
    {
      kind: 'refresh',
      method: 'POST',
      paths: ['/session/refresh'],
      request: { from: ['json'], rename: { refreshToken: 'refresh_token' } },
      answer: { jwt: 'access_token', refreshToken: 'refresh_token' },
    },
  ])
  const { refresh_token } = await scene.exchange(
    await scene.send({ client_id: scene.app.id, response_type: 'code' }),
  )
  const post = (body: Record<string, unknown>) =>
    fetch(`${scene.server.url}/session/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: scene.app.id, client_secret: scene.app.secret, ...body }),
    })
  const response = await post({ refreshToken: refresh_token })
  assert.equal(response.status, 200)
  assert.deepEqual(Object.keys((await response.json()) as object), ['jwt', 'refreshToken'])
  assert.equal((await post({ grant_type: 'client_credentials' })).status, 400)
})

test('what a dialect adds to an error redirect stands beside the standard parameters', async () => {
  await using scene = await prepare([
    { ...authorization, redirectErrors: { 'error.message': '{error_description}', reason: '{error}' } },
  ])
  const query = { client_id: scene.app.id, response_type: 'token', state: 'mine' }
  const back = await new Person().open(scene.urlFor(query), (url) => url.href.startsWith(redirectUri))
  assert.ok(back instanceof URL)
  const { error, error_description, state, ...added } = Object.fromEntries(back.searchParams)
  assert.deepEqual([error, state], ['unsupported_response_type', 'mine'])
  assert.ok(error_description)
  assert.deepEqual(added, {
    'error.message': error_description,
    reason: error,
    iss: scene.server.url,
  })
})
