import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  codeChallenge,
  redeem,
  redirectUri,
  refresh,
  registerCodeClient,
  tokensOf,
  verifier,
} from '../support/connection.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { type Scene, setScene } from './connection.ts'

/** The request is refused with this code, and nothing at all changed. */
async function assertNothingHappens(
  scene: Scene,
  attempt: () => Promise<{ status: number; body: Record<string, unknown> }>,
  error = 'invalid_grant',
): Promise<void> {
  const before = await scene.rows()
  const { status, body } = await attempt()
  assert.deepEqual([status, body.error], [400, error], JSON.stringify(body))
  assert.equal(body.access_token, undefined)
  assert.deepEqual(await scene.rows(), before)
}

test('19: another or no redirect_uri at the token endpoint is refused, and the code is good still', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const code = await scene.code()
  for (const redirect_uri of ['https://app.example.com/callback/', 'https://evil.example/callback', '']) {
    await assertNothingHappens(scene, () => redeem(tokenUrl, app, code, { redirect_uri }))
  }
  tokensOf(await redeem(tokenUrl, app, code))
})

test('19: a redirect_uri that was left out at the authorization endpoint may be left out here', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const code = () => scene.code({ is_redirect_uri_required: 0 })
  tokensOf(await redeem(tokenUrl, app, await code(), { redirect_uri: '' }))
  tokensOf(await redeem(tokenUrl, app, await code()))
  const wrong = await code()
  await assertNothingHappens(scene, () =>
    redeem(tokenUrl, app, wrong, { redirect_uri: 'https://app.example.com/other' }),
  )
})

for (const accessTokenFormat of ['jwt', 'opaque'] as const) {
  test(`21: a code that comes again after the grace ends what it gave (${accessTokenFormat})`, async () => {
    await using scene = await setScene({ accessTokenFormat })
    const { tokenUrl, app, server } = scene
    using guard = guardOf(server, { revocations: server.latchkey.revocations, clock: clockOf(scene) })
    const code = await scene.code({ expires_at: scene.parts.clock() + 600 })
    const tokens = tokensOf(await redeem(tokenUrl, app, code))
    assert.equal(await statusFor(guard, tokens.accessToken), 200)
    scene.wait(server.latchkey.config.refreshTokenGraceSeconds)
    const replay = await redeem(tokenUrl, app, code)
    assert.deepEqual([replay.status, replay.body.error], [400, 'invalid_grant'])
    assert.equal(await statusFor(guard, tokens.accessToken), 401)
    assert.equal((await refresh(tokenUrl, app, tokens.refreshToken)).body.error, 'invalid_grant')
  })
}

/** A guard's clock that goes with the scene's. */
const clockOf = ({ parts }: Scene) => ({ now: () => parts.clock(), monotonicMs: () => performance.now() })

test('21: within the grace a repeated code is the loser of a race, and ends nothing', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const code = await scene.code()
  const tokens = tokensOf(await redeem(tokenUrl, app, code))
  await assertNothingHappens(scene, () => redeem(tokenUrl, app, code))
  tokensOf(await refresh(tokenUrl, app, tokens.refreshToken))
})

for (const [who, change] of [
  ['another client', {}],
  ['its own client with another verifier', { code_verifier: `another-${verifier}` }],
] as const) {
  test(`21, 23: a spent code that ${who} sends ends what it gave at once`, async () => {
    await using scene = await setScene()
    const { tokenUrl, app, parts } = scene
    const sender = who === 'another client' ? await registerCodeClient(parts) : app
    const code = await scene.code()
    const tokens = tokensOf(await redeem(tokenUrl, app, code))
    const replay = await redeem(tokenUrl, sender, code, change)
    assert.deepEqual([replay.status, replay.body.error], [400, 'invalid_grant'])
    assert.equal((await refresh(tokenUrl, app, tokens.refreshToken)).body.error, 'invalid_grant')
  })
}

test('22: of fifty that redeem one code at once, one wins', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const code = await scene.code()
  const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(tokenUrl, app, code)))
  const won = answers.filter(({ status }) => status === 200)
  assert.equal(won.length, 1)
  assert.ok(answers.every(({ status, body }) => status === 200 || body.error === 'invalid_grant'))
  const connections = await scene.server.latchkey.store.connections.listOf(scene.user.id, scene.parts.clock())
  assert.equal(connections.length, 1)
  for (const answer of won) tokensOf(await refresh(tokenUrl, app, tokensOf(answer).refreshToken))
})

test('23: another client cannot redeem a code, and its own still can', async () => {
  await using scene = await setScene()
  const { tokenUrl, app, parts } = scene
  const other = await registerCodeClient(parts)
  const code = await scene.code()
  await assertNothingHappens(scene, () => redeem(tokenUrl, other, code))
  tokensOf(await redeem(tokenUrl, app, code))
})

test('24: an expired code is refused', async () => {
  await using scene = await setScene()
  const code = await scene.code()
  scene.wait(60)
  await assertNothingHappens(scene, () => redeem(scene.tokenUrl, scene.app, code))
})

test('25: a code is no refresh token, and a refresh token no code', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const { accessToken, refreshToken } = await scene.connect()
  const code = await scene.code()
  for (const wrong of [code, accessToken]) {
    await assertNothingHappens(scene, () => refresh(tokenUrl, app, wrong))
  }
  for (const wrong of [refreshToken, accessToken, 'x', 'a'.repeat(10_000)]) {
    await assertNothingHappens(scene, () => redeem(tokenUrl, app, wrong))
  }
})

test('26: neither a code nor a token is in the log, whatever happens to it', async () => {
  await using scene = await setScene({ logLevel: 'debug' })
  const { tokenUrl, app, server } = scene
  const code = await scene.code()
  const { accessToken, refreshToken } = tokensOf(await redeem(tokenUrl, app, code))
  await redeem(tokenUrl, app, code)
  await refresh(tokenUrl, app, refreshToken)
  await refresh(tokenUrl, app, `${refreshToken.slice(0, -1)}a`)
  assert.match(server.log(), /answered/)
  for (const secret of [code, accessToken, refreshToken, app.secret ?? '', verifier]) {
    assert.ok(!server.log().includes(secret))
  }
})

test('27: a verifier that is left out is refused where there was a challenge', async () => {
  await using scene = await setScene()
  const code = await scene.code()
  await assertNothingHappens(scene, () => redeem(scene.tokenUrl, scene.app, code, { code_verifier: '' }))
})

test('28: a verifier is refused where there was no challenge', async () => {
  await using scene = await setScene({ pkce: 'optional' })
  const { tokenUrl, app } = scene
  const code = await scene.code({ code_challenge: null })
  await assertNothingHappens(scene, () => redeem(tokenUrl, app, code))
  tokensOf(await redeem(tokenUrl, app, code, { code_verifier: '' }))
})

test('30: a verifier that is too short, too long or of other characters is refused, and the code is good still', async () => {
  await using scene = await setScene()
  const { tokenUrl, app } = scene
  const code = await scene.code()
  for (const wrong of ['a'.repeat(42), 'a'.repeat(129), `${'a'.repeat(42)}é`, `${'a'.repeat(43)}+`]) {
    await assertNothingHappens(
      scene,
      () => redeem(tokenUrl, app, code, { code_verifier: wrong }),
      'invalid_request',
    )
  }
  await assertNothingHappens(scene, () => redeem(tokenUrl, app, code, { code_verifier: codeChallenge }))
  tokensOf(await redeem(tokenUrl, app, code))
})

test('31: a public client redeems by its verifier alone, and not without it', async () => {
  await using scene = await setScene()
  const { tokenUrl, parts } = scene
  const app = await registerCodeClient(parts, { type: 'public' })
  const code = await scene.code({ client_id: app.id })
  await assertNothingHappens(scene, () => redeem(tokenUrl, app, code, { code_verifier: '' }))
  tokensOf(await redeem(tokenUrl, app, code))
})

test('36: a resource that was not granted is refused, the code is good still, and a granted one narrows the token', async () => {
  const [first, second] = ['https://one.example.com', 'https://two.example.com']
  await using scene = await setScene({ audience: first, resources: [second, 'https://three.example.com'] })
  const { tokenUrl, app } = scene
  const code = await scene.code({ audience: `${first} ${second}` })
  for (const resource of ['https://three.example.com', 'https://evil.example.com']) {
    await assertNothingHappens(scene, () => redeem(tokenUrl, app, code, { resource }), 'invalid_target')
  }
  const { accessToken, refreshToken } = tokensOf(await redeem(tokenUrl, app, code, { resource: second }))
  assert.equal(claimsOf(accessToken).aud, second)
  const next = tokensOf(await refresh(tokenUrl, app, refreshToken))
  assert.deepEqual(claimsOf(next.accessToken).aud, [first, second])
})

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

test('a code of a person who lost the scope that every app needs opens nothing, and ends nothing', async () => {
  await using scene = await setScene({ connections: 'one', requiredScope: 'read' })
  const { tokenUrl, app, parts, user } = scene
  const earlier = tokensOf(await redeem(tokenUrl, app, await scene.code()))
  const code = await scene.code()
  const event = { at: parts.clock(), actor: 'test', action: 'user.scope_changed', subject: `user:${user.id}` }
  await parts.store.users.setScope(user.id, 'write', event)
  await assertNothingHappens(scene, () => redeem(tokenUrl, app, code))
  await parts.store.users.setScope(user.id, null, event)
  tokensOf(await refresh(tokenUrl, app, earlier.refreshToken))
})

test('29: a challenge by plain, by no method, or by one that is not known is refused before anybody is asked', async () => {
  await using scene = await setScene({ pkce: 'optional' })
  const { authorization } = scene.server.latchkey.urls
  const ask = async (change: Record<string, string>) => {
    const query = { client_id: scene.app.id, redirect_uri: redirectUri, response_type: 'code', ...change }
    const response = await fetch(`${authorization}?${new URLSearchParams(query)}`, { redirect: 'manual' })
    return new URL(response.headers.get('location') ?? '', authorization)
  }
  const s256 = { code_challenge: codeChallenge, code_challenge_method: 'S256' }
  assert.ok((await ask(s256)).pathname.endsWith('/sign-in'))
  for (const change of [
    { code_challenge: codeChallenge },
    { ...s256, code_challenge_method: 'plain' },
    { ...s256, code_challenge_method: 's256' },
    { ...s256, code_challenge: codeChallenge.slice(1) },
    { code_challenge_method: 'S256' },
  ]) {
    const back = await ask(change)
    assert.ok(back.href.startsWith(redirectUri), JSON.stringify(change))
    assert.deepEqual(
      [back.searchParams.get('error'), back.searchParams.get('code')],
      ['invalid_request', null],
    )
  }
})
