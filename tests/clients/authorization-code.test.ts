import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { AuthorizationCode } from 'simple-oauth2'
import { systemClock as clock } from '../../packages/server/src/base/clock.ts'
import {
  addPerson,
  codeChallenge,
  password,
  redirectUri,
  registerCodeClient,
  verifier,
} from '../support/connection.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { signInAndAllow } from '../support/person.ts'
import { missing, python } from '../support/programs.ts'
import { startServer } from '../support/server.ts'

/** A server, an app with a secret, and a person who goes where an authorization URL leads and allows it. */
async function prepare() {
  const server = await startServer()
  const parts = { store: server.latchkey.store, clock }
  const app = await registerCodeClient(parts)
  const { username, id } = await addPerson(parts)
  const guard = guardOf(server, { revocations: server.latchkey.revocations })
  return {
    server,
    app: { id: app.id, secret: app.secret ?? '' },
    personId: id,
    allow: (authorizationUrl: string) => signInAndAllow({ authorizationUrl, username, password }),
    statusFor: (token: string) => statusFor(guard, token, ['read']),
    async [Symbol.asyncDispose]() {
      guard.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('openid-client connects, refreshes and disconnects', async () => {
  await using scene = await prepare()
  const { server, app } = scene
  const configuration = await client.discovery(
    new URL(server.url),
    app.id,
    undefined,
    client.ClientSecretBasic(app.secret),
    { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
  )
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'read write',
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const callback = await scene.allow(url.href)
  const checks = { pkceCodeVerifier, expectedState }
  const granted = await client.authorizationCodeGrant(configuration, callback, checks)
  assert.equal(granted.scope, 'read write')
  assert.equal(await scene.statusFor(granted.access_token), 200)
  const renewed = await client.refreshTokenGrant(configuration, granted.refresh_token ?? '')
  assert.equal(await scene.statusFor(renewed.access_token), 200)
  await client.tokenRevocation(configuration, renewed.refresh_token ?? '')
  assert.equal(await scene.statusFor(renewed.access_token), 401)
  await assert.rejects(
    client.refreshTokenGrant(configuration, renewed.refresh_token ?? ''),
    (error) => error instanceof client.ResponseBodyError && error.error === 'invalid_grant',
  )
})

test('simple-oauth2 connects, refreshes and disconnects', async () => {
  await using scene = await prepare()
  const { server, app } = scene
  const { authorization, token, revocation } = server.latchkey.urls
  const flow = new AuthorizationCode({
    client: app,
    auth: {
      tokenHost: server.url,
      tokenPath: new URL(token).pathname,
      revokePath: new URL(revocation).pathname,
      authorizePath: new URL(authorization).pathname,
    },
  })
  const pkce = { code_challenge: codeChallenge, code_challenge_method: 'S256' }
  const url = flow.authorizeURL({ redirect_uri: redirectUri, scope: 'read', state: 'a state', ...pkce })
  const callback = await scene.allow(url)
  assert.equal(callback.searchParams.get('state'), 'a state')
  const code = callback.searchParams.get('code') ?? ''
  const parameters = { code, redirect_uri: redirectUri, code_verifier: verifier }
  const first = await flow.getToken(parameters)
  assert.equal(await scene.statusFor(String(first.token.access_token)), 200)
  const next = await first.refresh()
  assert.equal(await scene.statusFor(String(next.token.access_token)), 200)
  await next.revokeAll()
  assert.equal(await scene.statusFor(String(next.token.access_token)), 401)
})

test('oauth4webapi connects a public app and refreshes', async () => {
  await using scene = await prepare()
  const { server } = scene
  const app = await registerCodeClient({ store: server.latchkey.store, clock }, { type: 'public' })
  const self: oauth.Client = { client_id: app.id }
  const insecure = { [oauth.allowInsecureRequests]: true }
  const issuer = new URL(server.url)
  const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  const authorizationServer = await oauth.processDiscoveryResponse(issuer, discovered)
  const url = new URL(authorizationServer.authorization_endpoint ?? '')
  const state = oauth.generateRandomState()
  url.search = new URLSearchParams({
    client_id: app.id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'read',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  const parameters = oauth.validateAuthResponse(authorizationServer, self, await scene.allow(url.href), state)
  const granted = await oauth.processAuthorizationCodeResponse(
    authorizationServer,
    self,
    await oauth.authorizationCodeGrantRequest(
      authorizationServer,
      self,
      oauth.None(),
      parameters,
      redirectUri,
      verifier,
      insecure,
    ),
  )
  assert.equal(await scene.statusFor(granted.access_token), 200)
  const request = new Request(server.latchkey.config.audience, {
    headers: { authorization: `Bearer ${granted.access_token}` },
  })
  const claims = await oauth.validateJwtAccessToken(
    authorizationServer,
    request,
    server.latchkey.config.audience,
    insecure,
  )
  assert.equal(claims.sub, scene.personId)
  const renewed = await oauth.processRefreshTokenResponse(
    authorizationServer,
    self,
    await oauth.refreshTokenGrantRequest(
      authorizationServer,
      self,
      oauth.None(),
      granted.refresh_token ?? '',
      insecure,
    ),
  )
  assert.equal(await scene.statusFor(renewed.access_token), 200)
})

const pythonScript = `
import os, sys
os.environ['OAUTHLIB_INSECURE_TRANSPORT'] = '1'
from requests_oauthlib import OAuth2Session

server, client_id, client_secret, redirect_uri, verifier, challenge = sys.argv[1:]
session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=['read'])
url, state = session.authorization_url(
    server + '/authorize', code_challenge=challenge, code_challenge_method='S256')
print(url, flush=True)
session.fetch_token(
    server + '/token', authorization_response=sys.stdin.readline().strip(),
    client_secret=client_secret, code_verifier=verifier)
print(session.get(server + '/api/info').request.headers['Authorization'], flush=True)
session.refresh_token(server + '/token', auth=(client_id, client_secret))
print(session.token['access_token'], flush=True)
`

test('requests-oauthlib connects and refreshes', { skip: missing('python3-requests-oauthlib') }, async () => {
  await using scene = await prepare()
  const { server, app } = scene
  const words = [server.url, app.id, app.secret, redirectUri, verifier, codeChallenge]
  await converse(python, ['-c', pythonScript, ...words], scene)
})

const phpScript = `
function ask($url, $fields, $user) {
  $curl = curl_init($url);
  curl_setopt_array($curl, [
    CURLOPT_POST => true,
    CURLOPT_POSTFIELDS => http_build_query($fields),
    CURLOPT_USERPWD => $user,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_FAILONERROR => true,
  ]);
  $answer = curl_exec($curl);
  if ($answer === false) exit(curl_error($curl));
  return json_decode($answer, true);
}
[, $server, $id, $secret, $redirect, $verifier, $challenge] = $argv;
$parameters = ['client_id' => $id, 'redirect_uri' => $redirect, 'response_type' => 'code', 'scope' => 'read',
  'code_challenge' => $challenge, 'code_challenge_method' => 'S256'];
echo $server, '/authorize?', http_build_query($parameters), "\\n";
parse_str(parse_url(trim(fgets(STDIN)), PHP_URL_QUERY), $callback);
$granted = ask("$server/token", ['grant_type' => 'authorization_code', 'code' => $callback['code'],
  'redirect_uri' => $redirect, 'code_verifier' => $verifier], "$id:$secret");
echo $granted['token_type'], ' ', $granted['access_token'], "\\n";
$renewed = ask("$server/token", ['grant_type' => 'refresh_token',
  'refresh_token' => $granted['refresh_token']], "$id:$secret");
echo $renewed['access_token'], "\\n";
`

test('PHP curl connects and refreshes', { skip: missing('php') }, async () => {
  await using scene = await prepare()
  const { server, app } = scene
  const words = [server.url, app.id, app.secret, redirectUri, verifier, codeChallenge]
  await converse('php', ['-r', phpScript, '--', ...words], scene)
})

/**
 * A program prints where to send the person, reads where they came back to, and prints the header with its access token
 * and then the renewed token.
 */
async function converse(
  command: string,
  args: string[],
  { allow, statusFor }: Pick<Awaited<ReturnType<typeof prepare>>, 'allow' | 'statusFor'>,
): Promise<void> {
  const program = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], timeout: 60_000 })
  const exited = once(program, 'exit')
  const lines = createInterface(program.stdout)[Symbol.asyncIterator]()
  const next = async () => String((await lines.next()).value)
  program.stdin.end(`${(await allow(await next())).href}\n`)
  const [scheme, token = ''] = (await next()).split(' ')
  assert.equal(scheme, 'Bearer')
  assert.equal(await statusFor(token), 200)
  assert.equal(await statusFor(await next()), 200)
  assert.equal((await exited)[0], 0)
}
