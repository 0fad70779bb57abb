import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  basic,
  type ClientAuthentication,
  type ClientOptions,
  createTokenClient,
  none,
  post,
} from './index.ts'
import { startTokenServer } from './testing/token-server.ts'

/** What a server gets of a client that proves who it is so. */
async function sent(options: Partial<ClientOptions>) {
  await using server = await startTokenServer()
  await createTokenClient({ tokenEndpoint: server.tokenEndpoint, ...options }).getToken()
  const [request] = server.requests
  assert.ok(request)
  const { grant_type, ...form } = request.form
  assert.equal(grant_type, 'client_credentials')
  return { authorization: request.headers.authorization, form }
}

const pairOf = (authorization = '') =>
  Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('latin1')

for (const [secret, written] of [
  ['plain', 'plain'],
  ['a:b%c+d e', 'a%3Ab%25c%2Bd+e'],
  ['pässwörd €', 'p%C3%A4ssw%C3%B6rd+%E2%82%AC'],
  ['&=/?#', '%26%3D%2F%3F%23'],
] satisfies [string, string][]) {
  test(`Basic form-encodes id and secret first: ${secret}`, async () => {
    const { authorization, form } = await sent({ clientId: secret, clientSecret: secret, auth: basic() })
    assert.match(String(authorization), /^Basic [\w+/]+=*$/)
    assert.equal(pairOf(authorization), `${written}:${written}`)
    assert.deepEqual(form, {})
  })

  test(`a secret in the body arrives as it is: ${secret}`, async () => {
    const { authorization, form } = await sent({ clientId: 'app', clientSecret: secret, auth: post() })
    assert.equal(authorization, undefined)
    assert.deepEqual(form, { client_id: 'app', client_secret: secret })
  })
}

test('a public client names itself and proves nothing', async () => {
  for (const auth of [undefined, none()]) {
    const { authorization, form } = await sent({ clientId: 'app', auth })
    assert.equal(authorization, undefined)
    assert.deepEqual(form, { client_id: 'app' })
  }
})

test('a client without an id does not even name itself', async () => {
  for (const auth of [undefined, none()]) {
    assert.deepEqual(await sent({ auth }), { authorization: undefined, form: {} })
  }
})

test('none() keeps a secret that is there to itself', async () => {
  const { authorization, form } = await sent({ clientId: 'app', clientSecret: 'hush', auth: none() })
  assert.equal(authorization, undefined)
  assert.deepEqual(form, { client_id: 'app' })
})

test('a function of one’s own adds what it likes, and is awaited', async () => {
  const auth: ClientAuthentication = async ({ headers, parameters, url, clientId }) => {
    await Promise.resolve()
    headers.set('authorization', `Mine ${clientId}`)
    parameters.set('proof', new URL(url).pathname)
  }
  const { authorization, form } = await sent({ clientId: 'app', auth })
  assert.equal(authorization, 'Mine app')
  assert.deepEqual(form, { proof: '/token' })
})

test('what a function of one’s own throws reaches every caller as it is', async () => {
  const broken = new Error('no key')
  let calls = 0
  const auth = () => {
    calls++
    throw broken
  }
  const client = createTokenClient({ tokenEndpoint: 'https://as.example.com/token', auth })
  const all = Array.from({ length: 200 }, () =>
    assert.rejects(client.getToken(), (thrown) => thrown === broken),
  )
  await Promise.all(all)
  assert.ok(calls <= 2, `${calls} calls for 200 that ask at once`)
})
