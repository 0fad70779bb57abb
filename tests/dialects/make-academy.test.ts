import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGuard } from '@latchkey/guard'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { addPerson, password, redirectUri, registerCodeClient } from '../support/connection.ts'
import { type Dev, startDev } from '../support/dev.ts'
import { withinASecond } from '../support/eventually.ts'
import { disposable, patience, statusFor } from '../support/guards.ts'
import { Person, signInAndAllow } from '../support/person.ts'
import { missing } from '../support/programs.ts'
import { postForm, startServer } from '../support/server.ts'
import { publishedPage, runPhp, runPython, unsaid } from './page.ts'

const page = publishedPage('003_6f3868d2f45d4528.txt')

let dev: Dev

before(async () => {
  dev = await startDev({ dialect: 'make-academy' })
})

after(() => dev[Symbol.asyncDispose]())

interface Tokens {
  access_token: string
  refresh_token: string
  [member: string]: unknown
}

const at = (path: string): string => `${dev.description.issuer}${path}`

function authorizationUrl(more: Record<string, string> = {}): string {
  const { client_id, redirect_uri } = dev.description.client
  const query = { client_id, redirect_uri: redirect_uri ?? '', response_type: 'code', scope: 'connect' }
  return `${at('/api/v2/authorize')}?${new URLSearchParams({ ...query, ...more })}`
}

const userAt = (index: number) => dev.description.users[index] ?? { username: '', password: '', name: '' }

function visit(index = 0, more: Record<string, string> = {}, decision: 'allow' | 'deny' = 'allow') {
  const { username, password } = userAt(index)
  return signInAndAllow({ authorizationUrl: authorizationUrl(more), username, password, decision })
}

const post = (path: string, body: Record<string, string>, kind: 'json' | 'form' = 'json') =>
  fetch(at(path), {
    method: 'POST',
    ...(kind === 'form'
      ? { body: new URLSearchParams(body) }
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })

const app = (): { client_id: string; client_secret: string } => {
  const { client_id, client_secret } = dev.description.client
  return { client_id, client_secret }
}

function exchange(back: URL, kind: 'json' | 'form' = 'json'): Promise<Response> {
  const code = back.searchParams.get('code') ?? ''
  const redirect_uri = dev.description.client.redirect_uri ?? ''
  return post('/api/v2/token', { ...app(), code, redirect_uri, grant_type: 'authorization_code' }, kind)
}

const tokensOf = async (response: Response): Promise<Tokens> => {
  assert.equal(response.status, 200)
  return (await response.json()) as Tokens
}

const connect = async (index = 0, more: Record<string, string> = {}): Promise<Tokens> =>
  tokensOf(await exchange(await visit(index, more)))

const refresh = (refresh_token: string, kind: 'json' | 'form' = 'json') =>
  post('/api/v2/refresh', { ...app(), refresh_token }, kind)

const statusOf = async (token: string, path = '/api/v2/info'): Promise<number> =>
  (await fetch(at(path), { headers: { authorization: `Bearer ${token}` } })).status

if (page !== undefined)
  test('the page still says what these tests show', () => {
    const words = [
      'can have only one active connection',
      'You need the user to allow the connect scope',
      'an error.message parameter',
      'values are in minutes',
      'use the refresh endpoint to retrieve a new access token and refresh token',
      'use the invalidate endpoint',
      '*except for /info endpoint',
    ]
    assert.deepEqual(unsaid(page, words), [])
  })

test('a connection gives the tokens and lifetimes that the page names, in minutes, as JSON and as a form', async () => {
  for (const kind of ['json', 'form'] as const) {
    const answer = await tokensOf(await exchange(await visit(), kind))
    const { access_token, refresh_token, ...rest } = answer
    assert.ok(access_token !== '' && refresh_token !== '')
    assert.deepEqual(rest, {
      token_type: 'Bearer',
      expires_in: 5,
      'expires-in': 5,
      refresh_expires_in: 5400,
      scope: 'connect',
    })
    assert.equal(await statusOf(access_token), 200)
  }
})

test("programs go the page's steps three and four", async (t) => {
  const { client_id, client_secret } = app()
  const redirect_uri = dev.description.client.redirect_uri ?? ''
  const call = { url: at('/api/v2/token'), api: at('/api/v2/whoami') }
  await t.test('Python', { skip: missing('python3-requests') }, async () => {
    const code = (await visit()).searchParams.get('code')
    const printed = await runPython(`import requests
answer = requests.post("${call.url}", json={"client_id": "${client_id}", "client_secret": "${client_secret}",
    "code": "${code}", "redirect_uri": "${redirect_uri}", "grant_type": "authorization_code"}).json()
print(requests.get("${call.api}", headers={"authorization": "Bearer " + answer["access_token"]}).status_code)`)
    assert.equal(printed, '200')
  })
  await t.test('PHP', { skip: missing('php') }, async () => {
    const code = (await visit()).searchParams.get('code')
    const printed = await runPhp(`$request = curl_init('${call.url}');
curl_setopt_array($request, [CURLOPT_RETURNTRANSFER => true, CURLOPT_POSTFIELDS => http_build_query([
    'client_id' => '${client_id}', 'client_secret' => '${client_secret}', 'code' => '${code}',
    'redirect_uri' => '${redirect_uri}', 'grant_type' => 'authorization_code'])]);
$answer = json_decode(curl_exec($request), true);
$request = curl_init('${call.api}');
curl_setopt_array($request, [CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => ['authorization: Bearer ' . $answer['access_token']]]);
curl_exec($request);
echo curl_getinfo($request, CURLINFO_RESPONSE_CODE);`)
    assert.equal(printed, '200')
  })
})

test('the refresh token gives a new access token and a new refresh token', async () => {
  const first = await connect()
  const second = await tokensOf(await refresh(first.refresh_token))
  const third = await tokensOf(await refresh(second.refresh_token, 'form'))
  assert.equal(new Set([first, second, third].map((tokens) => tokens.access_token)).size, 3)
  assert.equal(new Set([first, second, third].map((tokens) => tokens.refresh_token)).size, 3)
  assert.deepEqual([third.expires_in, third.refresh_expires_in], [5, 5400])
  assert.equal(await statusOf(third.access_token), 200)
})

test('40: a refresh token that has expired is refused', async () => {
  let now = 1_800_000_000
  const clock = () => now
  const scopes = { connect: 'Connect' }
  await using server = await startServer({ dialect: 'make-academy', scopes, clock })
  const parts = { store: server.latchkey.store, clock }
  const { id, secret = '' } = await registerCodeClient(parts, { scope: 'connect' })
  const { username } = await addPerson(parts)
  const query = { client_id: id, redirect_uri: redirectUri, response_type: 'code', scope: 'connect' }
  const authorizationUrl = `${server.url}/api/v2/authorize?${new URLSearchParams(query)}`
  const back = await signInAndAllow({ authorizationUrl, username, password })
  const client = { client_id: id, client_secret: secret }
  const ask = (path: string, form: Record<string, string>) =>
    postForm(`${server.url}${path}`, { ...client, ...form })
  const code = back.searchParams.get('code') ?? ''
  const exchange = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  const { refresh_token } = await tokensOf(await ask('/api/v2/token', exchange))
  now += 90 * 3600 - 1
  const renewed = await tokensOf(await ask('/api/v2/refresh', { refresh_token }))
  now += 90 * 3600
  const response = await ask('/api/v2/refresh', { refresh_token: renewed.refresh_token })
  assert.equal(response.status, 400)
})

test('the refresh endpoint takes refresh tokens alone', async () => {
  const back = await visit()
  const code = back.searchParams.get('code') ?? ''
  const redirect_uri = dev.description.client.redirect_uri ?? ''
  const response = await post('/api/v2/refresh', {
    ...app(),
    code,
    redirect_uri,
    grant_type: 'authorization_code',
  })
  assert.notEqual(response.status, 200)
  await tokensOf(await exchange(back))
})

test('a person has one connection to an app: a new one ends the one before, and nobody else’s', async () => {
  const others = await connect(1)
  const first = await connect(0)
  const second = await connect(0)
  assert.equal(await statusOf(first.access_token), 401)
  assert.equal((await refresh(first.refresh_token)).status, 400)
  assert.deepEqual([await statusOf(second.access_token), await statusOf(others.access_token)], [200, 200])
})

test('the JWT of the connection before is refused within a second by an API in another process', async () => {
  const { issuer, endpoints, resource_server } = dev.description
  using guard = disposable(
    createGuard({
      issuer,
      audience: endpoints.api ?? '',
      clientId: resource_server.client_id,
      clientSecret: resource_server.client_secret,
      ...patience,
    }),
  )
  const first = await connect()
  assert.equal(first.access_token.split('.').length, 3)
  assert.equal(await statusFor(guard, first.access_token), 200)
  const second = await connect()
  await withinASecond(
    async () => (await statusFor(guard, first.access_token)) === 401,
    () => fetch(at('/healthz')),
  )
  assert.equal(await statusFor(guard, second.access_token), 200)
})

for (const member of ['access_token', 'refresh_token'] as const) {
  test(`invalidate ends the connection by its ${member}`, async () => {
    const tokens = await connect()
    const body = { ...app(), [member]: String(tokens[member]) }
    assert.equal((await post('/api/v2/invalidate', body)).status, 200)
    assert.equal(await statusOf(tokens.access_token), 401)
    assert.equal((await refresh(tokens.refresh_token)).status, 400)
  })
}

test('invalidate ends the connection by whichever of its tokens is good', async () => {
  const tokens = await connect()
  const { access_token, refresh_token } = tokens
  const response = await fetch(at('/api/v2/invalidate'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer not-a-token' },
    body: JSON.stringify({ access_token, refresh_token }),
  })
  assert.equal(response.status, 200)
  assert.equal(await statusOf(access_token), 401)
  assert.equal((await refresh(refresh_token)).status, 400)
})

test('where there is nothing, the answer is a 404 in the shape of the page', async () => {
  for (const path of ['/api/v9/nothing', '/nothing']) {
    const response = await post(path, {})
    const { error } = (await response.json()) as { error?: { message?: string; code?: number } }
    assert.deepEqual([response.status, error?.code, typeof error?.message], [404, 404, 'string'], path)
  }
})

test('49: a client that says who it is ends its own connection, and no other client’s', async () => {
  await using server = await startServer({ dialect: 'make-academy', scopes: { connect: 'Connect' } })
  const parts = { store: server.latchkey.store, clock: systemClock }
  const { id, secret = '' } = await registerCodeClient(parts, { scope: 'connect' })
  const { username } = await addPerson(parts)
  const own = { client_id: id, client_secret: secret }
  const others = { client_id: server.client.id, client_secret: server.client.secret }
  const query = { client_id: id, redirect_uri: redirectUri, response_type: 'code', scope: 'connect' }
  const authorizationUrl = `${server.url}/api/v2/authorize?${new URLSearchParams(query)}`
  const code = (await signInAndAllow({ authorizationUrl, username, password })).searchParams.get('code') ?? ''
  const ask = (path: string, form: Record<string, string>) => postForm(`${server.url}${path}`, form)
  const exchange = { ...own, grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  const tokens = await tokensOf(await ask('/api/v2/token', exchange))
  const { access_token, refresh_token } = tokens
  const isActive = async () => {
    const { urls } = server.latchkey
    const answer = await postForm(urls.introspection, { token: access_token }, server.resourceServer)
    return ((await answer.json()) as { active: boolean }).active
  }
  for (const form of [{ access_token }, { refresh_token }, { token: access_token }]) {
    assert.equal((await ask('/api/v2/invalidate', { ...others, ...form })).status, 200)
    assert.equal(await isActive(), true)
  }
  assert.equal((await ask('/api/v2/refresh', { ...own, refresh_token })).status, 200)
  assert.equal((await ask('/api/v2/invalidate', { ...own, access_token })).status, 200)
  assert.equal(await isActive(), false)
})

test('a person who denies comes back with error.message beside the standard error', async () => {
  const back = await visit(0, {}, 'deny')
  const { searchParams } = back
  assert.equal(searchParams.get('error'), 'access_denied')
  assert.equal(searchParams.get('error.message'), searchParams.get('error_description'))
  assert.ok(searchParams.get('error.message'))
  assert.equal(searchParams.has('code'), false)
})

test('without the scope connect there is no access', async () => {
  const back = await signInAndAllow({
    authorizationUrl: authorizationUrl({ scope: 'users:read' }),
    ...userAt(0),
  })
  assert.equal(back.searchParams.get('error'), 'invalid_scope')
  assert.ok(back.searchParams.get('error.message'))
})

test('who is signed in is asked each time which account to connect', async () => {
  const person = new Person()
  const back = await signInAndAllow({ authorizationUrl: authorizationUrl(), ...userAt(0), person })
  assert.ok(back.searchParams.has('code'))
  const again = await person.open(authorizationUrl())
  assert.ok(!(again instanceof URL))
  const [account] = again.forms.flatMap(({ buttons }) => buttons.filter(({ name }) => name === 'account'))
  assert.match(account?.text ?? '', /john\.doe/)
  assert.match(again.text, /jane\.black/)
})

test('each endpoint of the API needs its scope, and info needs none', async () => {
  const { access_token } = await connect(0, { scope: 'connect users:read' })
  const status = (path: string) => statusOf(access_token, path)
  assert.deepEqual(
    await Promise.all(
      ['info', 'scopes/connect', 'scopes/users:read', 'scopes/users:write'].map((path) =>
        status(`/api/v2/${path}`),
      ),
    ),
    [200, 200, 200, 403],
  )
})

test('version 1 takes the API key in x-api-key at the same endpoints, and no token', async () => {
  const key = dev.description.api_key ?? ''
  const { access_token } = await connect()
  for (const path of ['info', 'whoami', 'scopes/users:write']) {
    const response = await fetch(at(`/api/v1/${path}`), { headers: { 'x-api-key': key } })
    assert.equal(response.status, 200, path)
  }
  assert.equal(await statusOf(access_token, '/api/v1/info'), 401)
  assert.equal((await fetch(at('/api/v2/info'), { headers: { 'x-api-key': key } })).status, 401)
})

test('version 3 exchanges a password and a refresh token, in minutes, without token_type', async () => {
  const { username, password } = userAt(1)
  const first = await tokensOf(await post('/api/v3/token', { grant_type: 'password', username, password }))
  const { access_token, refresh_token, ...rest } = first
  assert.deepEqual(rest, { expires_in: 5, 'expires-in': 5, refresh_expires_in: 5400 })
  assert.equal(await statusOf(access_token, '/api/v3/whoami'), 200)
  const second = await tokensOf(await post('/api/v3/token', { grant_type: 'refresh_token', refresh_token }))
  assert.notEqual(second.refresh_token, refresh_token)
  assert.equal(await statusOf(second.access_token, '/api/v3/whoami'), 200)
})

test('errors have a message and a code, and the statuses of the page', async () => {
  const { username } = userAt(0)
  const rows: [path: string, body: Record<string, string>, status: number][] = [
    ['/api/v2/token', { ...app(), grant_type: 'no_such_grant' }, 501],
    ['/api/v3/token', { grant_type: 'no_such_grant' }, 501],
    ['/api/v2/token', { ...app(), grant_type: 'authorization_code', code: 'x' }, 400],
    ['/api/v2/token', { client_id: 'nobody', client_secret: 'x', grant_type: 'authorization_code' }, 400],
    ['/api/v3/token', { grant_type: 'password', username, password: 'wrong' }, 400],
    ['/api/v2/refresh', { ...app(), refresh_token: 'x' }, 400],
    ['/api/v2/invalidate', {}, 400],
  ]
  for (const [path, body, status] of rows) {
    const response = await post(path, body)
    const { error } = (await response.json()) as { error: { message: string; code: number } }
    assert.deepEqual([response.status, error.code, typeof error.message], [status, status, 'string'], path)
    if (status === 501) assert.equal(error.message, 'Grant type not supported.')
  }
  const wrongMethod = await fetch(at('/api/v2/token'))
  assert.deepEqual([wrongMethod.status, Object.keys((await wrongMethod.json()) as object)], [404, ['error']])
})
