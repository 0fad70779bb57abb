import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { TokenError } from './errors.ts'
import {
  beginSignIn,
  finishSignIn,
  type PendingSignIn,
  SignInError,
  type SignInErrorCode,
  type SignInOptions,
} from './sign-in.ts'

const redirectUri = 'https://app.example.com/callback'
const issuer = 'https://auth.example.com'

const options = {
  authorizationEndpoint: `${issuer}/authorize`,
  clientId: 'app',
  redirectUri,
} satisfies SignInOptions

const begin = (more: Partial<SignInOptions> = {}) => beginSignIn({ ...options, ...more })

/** A server whose metadata add these to its own issuer. */
async function metadataServer(metadata: Record<string, unknown>) {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ issuer: origin, ...metadata }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    origin,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const back = (parameters: Record<string, string>): string =>
  `${redirectUri}?${new URLSearchParams(parameters)}`

function refuses(
  callback: string | URL | URLSearchParams,
  pending: PendingSignIn | undefined,
  code: SignInErrorCode,
): SignInError {
  try {
    finishSignIn(callback, pending)
  } catch (error) {
    assert.ok(error instanceof SignInError)
    assert.equal(error.code, code)
    return error
  }
  return assert.fail(`it was not refused as ${code}`)
}

test('the URL holds the whole request, and the challenge of the verifier that is kept', async () => {
  const pending = await begin({
    scope: 'read write',
    resource: ['https://api.example.com', 'https://files.example.com'],
    parameters: { prompt: 'consent' },
  })
  const { origin, pathname, searchParams } = new URL(pending.url)
  assert.equal(origin + pathname, options.authorizationEndpoint)
  assert.deepEqual(
    [...searchParams],
    [
      ['response_type', 'code'],
      ['prompt', 'consent'],
      ['client_id', 'app'],
      ['redirect_uri', redirectUri],
      ['scope', 'read write'],
      ['state', pending.state],
      ['code_challenge', createHash('sha256').update(pending.codeVerifier).digest('base64url')],
      ['code_challenge_method', 'S256'],
      ['resource', 'https://api.example.com'],
      ['resource', 'https://files.example.com'],
    ],
  )
})

test('state and verifier are 256 random bits, new for each sign-in', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => begin()))
  const texts = all.flatMap(({ state, codeVerifier }) => [state, codeVerifier])
  assert.equal(new Set(texts).size, 40)
  for (const text of texts) assert.match(text, /^[\w-]{43}$/)
})

test('an endpoint keeps the query that it has, and a server its own response type', async () => {
  const { url } = await begin({
    authorizationEndpoint: `${issuer}/authorize?tenant=7`,
    parameters: { response_type: 'authorization_code' },
  })
  const { searchParams } = new URL(url)
  assert.deepEqual(
    [searchParams.get('tenant'), searchParams.getAll('response_type')],
    ['7', ['authorization_code']],
  )
})

test('a pending sign-in comes back from JSON as it was, and gives the grant of its code', async () => {
  const pending = JSON.parse(JSON.stringify(await begin())) as PendingSignIn
  const { state, codeVerifier } = pending
  const callback = back({ code: 'the-code', state })
  const form = new URLSearchParams({ code: 'the-code', state })
  for (const way of [callback, new URL(callback), callback.slice('https://app.example.com'.length), form]) {
    assert.deepEqual(finishSignIn(way, pending).parameters, {
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    })
  }
})

test('an answer to no sign-in of this browser is refused, whatever else it says', async () => {
  const pending = await begin()
  const { state } = await begin()
  const error = refuses(back({ code: 'the-code', state }), pending, 'state_mismatch')
  assert.doesNotMatch(error.message, new RegExp(`${state}|${pending.state}|the-code`))
  refuses(back({ code: 'the-code' }), pending, 'state_mismatch')
  refuses(back({ code: 'the-code', state: '' }), pending, 'state_mismatch')
  refuses(back({ error: 'access_denied', state }), pending, 'state_mismatch')
  refuses(back({ code: 'the-code', state }), undefined, 'state_mismatch')
  for (const broken of [{}, { ...pending, state: '' }])
    for (const callback of [back({ code: 'the-code' }), back({ code: 'the-code', state: '' })])
      refuses(callback, broken as PendingSignIn, 'state_mismatch')
})

test('the answer of another server is refused, with a code or with an error', async () => {
  const pending = await begin({ issuer })
  const { state } = pending
  const iss = 'https://other.example.com'
  refuses(back({ code: 'the-code', state, iss }), pending, 'issuer_mismatch')
  refuses(back({ code: 'the-code', state, iss: `${issuer}/` }), pending, 'issuer_mismatch')
  refuses(back({ error: 'access_denied', state, iss }), pending, 'issuer_mismatch')
  assert.ok(finishSignIn(back({ code: 'the-code', state, iss: issuer }), pending))
})

test('a server that names itself in its answers must do so', async () => {
  for (const isSaid of [true, false]) {
    await using server = await metadataServer({
      authorization_endpoint: 'https://auth.example.com/authorize',
      authorization_response_iss_parameter_supported: isSaid,
    })
    const pending = await beginSignIn({ issuer: server.origin, clientId: 'app', redirectUri })
    const { state } = pending
    assert.ok(finishSignIn(back({ code: 'the-code', state, iss: server.origin }), pending))
    if (isSaid) refuses(back({ code: 'the-code', state }), pending, 'issuer_mismatch')
    else assert.ok(finishSignIn(back({ code: 'the-code', state }), pending))
  }
})

test('what the server says instead of a code has a code of its own, and its words are kept short', async () => {
  const pending = await begin()
  const { state } = pending
  const denied = refuses(
    back({ error: 'access_denied', error_description: `No.\r\n${'x'.repeat(400)}`, state }),
    pending,
    'access_denied',
  )
  assert.equal(denied.error, 'access_denied')
  assert.match(denied.errorDescription ?? '', /^No\. {2}x{295}$/)
  for (const error of ['server_error', 'temporarily_unavailable'])
    refuses(back({ error, state }), pending, 'server_unavailable')
  const refused = refuses(back({ error: 'invalid_scope', state }), pending, 'request_refused')
  assert.match(refused.message, /invalid_scope/)
})

test('an answer without a code, or with anything twice, is none', async () => {
  const pending = await begin()
  const { state } = pending
  refuses(back({ state }), pending, 'invalid_callback')
  refuses(back({ state, code: '' }), pending, 'invalid_callback')
  refuses(`${back({ state, code: 'the-code' })}&code=another`, pending, 'invalid_callback')
  refuses(`${back({ state, code: 'the-code' })}&state=${state}`, pending, 'invalid_callback')
  refuses('http://[', pending, 'invalid_callback')
})

test('what is no URL with a query is refused as that, with what to give', async () => {
  const pending = await begin()
  const answer = { code: 'the-code', state: pending.state }
  const bare = Object.assign(Object.create(null), answer)
  const text = new URLSearchParams(answer).toString()
  for (const wrong of [
    text,
    answer,
    bare,
    [text],
    redirectUri,
    `${redirectUri}#${text}`,
    '',
    undefined,
    null,
  ]) {
    const { message } = refuses(wrong as string, pending, 'invalid_callback')
    assert.match(message, /no URL with a query.*URLSearchParams/)
    assert.ok(!message.includes('the-code') && !message.includes(pending.state))
  }
  for (const way of [`?${text}`, `callback?${text}`, `/callback?${text}`])
    assert.equal(finishSignIn(way, pending).parameters?.code, 'the-code')
})

test('a wrong option is told before anybody is sent anywhere', async () => {
  const { authorizationEndpoint, ...without } = options
  const wrong: [SignInOptions, RegExp][] = [
    [without, /give issuer or authorizationEndpoint/],
    [{ ...options, clientId: '' }, /give clientId/],
    [{ ...options, clientId: undefined }, /give clientId/],
    [{ ...options, redirectUri: '/callback' }, /redirectUri is a whole URL/],
    [{ ...options, redirectUri: `${redirectUri}#there` }, /redirectUri is a whole URL/],
    [{ ...options, authorizationEndpoint: 'http://auth.example.com' }, /not an https URL.*allowInsecure/],
    [{ ...without, issuer: 'auth.example.com' }, /issuer is not an https URL/],
    [{ ...options, parameters: { state: 'mine' } }, /parameters may not hold state/],
    [{ ...options, timeoutMs: 0 }, /timeoutMs is a number from 100 to 10000/],
    [{ ...options, ...{ timeoutMs: '4000' as never } }, /timeoutMs is a number from 100 to 10000/],
    [{ ...options, ...{ clientSecret: 'secret' } }, /there is no option clientSecret/],
  ]
  for (const [given, message] of wrong)
    await assert.rejects(beginSignIn(given), (error) => {
      assert.ok(error instanceof TypeError)
      assert.match(error.message, message)
      return true
    })
  const insecure = { authorizationEndpoint: 'http://auth.internal/authorize', allowInsecure: true }
  assert.match((await begin(insecure)).url, /^http:\/\/auth\.internal\//)
})

test('metadata without an authorization endpoint, or of another issuer, send nobody anywhere', async () => {
  for (const metadata of [{}, { issuer }]) {
    await using server = await metadataServer(metadata)
    await assert.rejects(
      beginSignIn({ issuer: server.origin, clientId: 'app', redirectUri }),
      (error) => error instanceof TokenError && error.code === 'invalid_metadata',
    )
  }
})
