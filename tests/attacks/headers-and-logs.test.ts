import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { guardOf, statusFor } from '../support/guards.ts'
import { basic, getToken, postForm, startServer, type TestServer } from '../support/server.ts'
import { type Asked, ask, formType, grant, rawRequest, register, sendRaw, statusOf } from './support.ts'

let server: TestServer

before(async () => {
  server = await startServer({ logLevel: 'debug' })
})
after(() => server[Symbol.asyncDispose]())

const own = ({ client }: TestServer) => ({ authorization: basic(client.id, client.secret) })
const api = ({ resourceServer }: TestServer) => ({
  authorization: basic(resourceServer.id, resourceServer.secret),
})

const injection = '%0d%0aset-cookie:%20x=1%0d%0a%0d%0a<script>'

test('85: CRLF in a parameter, a path, a host or a name never splits a header or a log line', async () => {
  const evilName = { name: 'Evil name "quoted" <b>' }
  const evil = await register(server, evilName)
  const bodies = ['grant_type', 'scope', 'client_id', 'client_secret', 'resource', 'token', injection]
  const answers = []
  for (const name of bodies) {
    const body = `grant_type=client_credentials&${name}=${injection}`
    const length = `content-length: ${body.length}`
    const authorization = `authorization: ${basic(evil.id, evil.secret)}`
    for (const headers of [[], [authorization]])
      answers.push(await sendRaw(server.url, rawRequest('POST /token', [formType, length, ...headers], body)))
  }
  for (const path of [
    `/${injection}`,
    `/token?${injection}`,
    `/revocations?after=${injection}`,
    `/docs${injection}`,
  ])
    answers.push(await sendRaw(server.url, rawRequest(`GET ${path}`)))
  for (const header of ['x-request-id', 'x-forwarded-host', 'forwarded', 'origin', 'referer'])
    answers.push(await sendRaw(server.url, rawRequest('GET /jwks', [`${header}: a${injection}`])))
  for (const answer of answers) {
    const [head = ''] = answer.split('\r\n\r\n')
    assert.ok(statusOf(answer) >= 200)
    assert.doesNotMatch(head, /set-cookie|script/i)
  }
  for (const line of server.log().trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line))
})

test('85: neither Host nor X-Forwarded-* reaches a URL that the server gives out', async () => {
  const forged = [
    'x-forwarded-host: evil.example',
    'x-forwarded-proto: https',
    'forwarded: host=evil.example',
  ]
  for (const path of ['/.well-known/oauth-authorization-server', '/docs', '/nowhere', '/token']) {
    const request = rawRequest(`GET ${path}`, forged).replace('host: 127.0.0.1', 'host: evil.example')
    const answer = await sendRaw(server.url, request)
    assert.ok(statusOf(answer) >= 200)
    assert.doesNotMatch(answer, /evil\.example/)
  }
})

async function seriesOf(at: TestServer): Promise<string[]> {
  const text = await (await fetch(`${at.url}/metrics`, { headers: api(at) })).text()
  return text
    .split('\n')
    .filter((line) => line.startsWith('latchkey_'))
    .map((line) => line.replace(/ [\d.e+-]+$/, ''))
}

test('86: a thousand made-up paths, methods, grants, scopes and clients add no metric', async () => {
  const round = async (count: number, mark: string) => {
    for (let number = 0; number < count; number++) {
      const word = `${mark}${number}`
      await fetch(`${server.url}/${word}?${word}`, { method: number % 2 ? 'GET' : 'PUT' })
      await postForm(server.latchkey.urls.token, { grant_type: word }, server.client)
      await postForm(server.latchkey.urls.token, { grant_type: grant[1], scope: word }, server.client)
      await postForm(server.latchkey.urls.token, { grant_type: grant[1] }, { id: word, secret: word })
      await postForm(server.latchkey.urls.token, { grant_type: grant[1], [word]: word }, server.client)
    }
  }
  await round(2, 'first')
  await seriesOf(server)
  const before = await seriesOf(server)
  await round(200, 'word')
  const after = await seriesOf(server)
  assert.deepEqual(after, before)
  assert.ok(after.some((line) => line.includes('outcome="invalid_scope"')))
  assert.doesNotMatch(after.join('\n'), /word|first/)
})

test('87: every answer that holds or concerns a credential says no-store, the errors too', async () => {
  const { urls } = server.latchkey
  const token = await getToken(server)
  const form = (url: string, body: [string, string][], given: Asked = own(server)) =>
    ask(server, { url, body, ...given })
  const answers = [
    await form(urls.token, [grant]),
    await form(urls.token, []),
    await form(urls.token, [grant], {}),
    await form(urls.token, [['grant_type', 'x']]),
    await form(`${urls.token}?x=1`, [grant]),
    await form(urls.introspection, [['token', token]]),
    await form(urls.introspection, [['token', 'x']]),
    await form(urls.introspection, [], {}),
    await form(urls.revocation, [['token', token]]),
    await form(urls.revocation, []),
    await form(`${server.url}/nowhere`, []),
    await form(`${server.url}/jwks`, []),
  ]
  await using hs256 = await startServer({ signingAlgorithm: 'HS256' })
  const gets: [string, TestServer, boolean][] = [
    ['/revocations', server, true],
    ['/revocations', server, false],
    ['/metrics', server, true],
    ['/metrics', server, false],
    ['/token', server, true],
    ['/verification-keys', hs256, true],
    ['/verification-keys', hs256, false],
  ]
  for (const [path, at, isKnown] of gets) {
    const response = await fetch(`${at.url}${path}`, { headers: isKnown ? api(at) : {} })
    answers.push({
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      json: {},
    })
  }
  assert.equal(answers.filter(({ status }) => status === 200).length >= 7, true)
  for (const { headers } of answers) assert.equal(headers.get('cache-control'), 'no-store')
})

/** Texts that must be seen nowhere but where they were sent, and what is made of them on the way. */
function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]
}

test('88: after a storm of requests with secrets in every place, no log line, metric or error holds one', async () => {
  const imported = await register(server, { secret: 'plain-word-secret' })
  const lettersOnly = await register(server, { secret: 'secretsecretsecret' })
  const apps = [server.client, server.resourceServer, imported, lettersOnly]
  const tokens = [await getToken(server), await getToken(server, { scope: 'read' })]
  const secrets = [...apps.map(({ secret }) => secret), ...tokens]
  const authorizations = apps.map(({ id, secret }) => basic(id, secret).slice('Basic '.length))
  const told: string[] = []
  const tell = async (path: string, init: RequestInit) => {
    const response = await fetch(`${server.url}${path}`, init)
    const { pathname } = new URL(response.url)
    const text = await response.text()
    if (response.status !== 200 || pathname === '/docs')
      told.push(text, JSON.stringify([...response.headers]))
  }
  for (const secret of [...secrets, ...authorizations])
    for (const request of misuse(secret)) await tell(...request)
  for (const { id, secret } of apps) {
    for (const path of ['/token', '/introspect', '/revoke', '/revocations', '/metrics', '/nowhere']) {
      for (const method of ['GET', 'POST', 'PUT']) {
        if (path === '/revocations' && method === 'GET') continue
        await tell(path, { method, headers: { authorization: basic(id, secret) } })
        await tell(`${path}?client_secret=${secret}`, { method })
      }
    }
  }
  using guard = guardOf(server)
  for (const token of tokens) await statusFor(guard, token)
  const metrics = await (await fetch(`${server.url}/metrics`, { headers: api(server) })).text()
  const everything = { log: server.log(), metrics, errors: told.join('\n') }
  for (const [place, text] of Object.entries(everything)) {
    assert.ok(text.length > 1_000, place)
    for (const secret of [...secrets, ...authorizations])
      for (const spelling of spellings(secret))
        assert.ok(!text.includes(spelling), `${spelling} is in the ${place}`)
  }
})

test('88: what a failing store says brings no secret into the log or the answer', async () => {
  await using own = await startServer({ accessTokenFormat: 'opaque' })
  const token = await getToken(own)
  const other = new DatabaseSync(own.latchkey.config.database.replace('sqlite:', ''))
  for (const table of ['feed_head', 'opaque_tokens', 'clients'])
    other.exec(`ALTER TABLE ${table} RENAME TO lost_${table}`)
  other.close()
  const { urls } = own.latchkey
  const answers = [
    await postForm(urls.token, { grant_type: 'client_credentials' }, own.client),
    await postForm(urls.token, { grant_type: 'client_credentials' }, { id: 'unknown', secret: token }),
    await postForm(urls.introspection, { token }, own.resourceServer),
    await postForm(urls.revocation, { token }, own.client),
  ]
  const said = (await Promise.all(answers.map((answer) => answer.text()))).join('\n') + own.log()
  assert.match(own.log(), /"level":50/)
  for (const secret of [token, own.client.secret, own.resourceServer.secret])
    for (const spelling of spellings(secret)) assert.ok(!said.includes(spelling))
  assert.doesNotMatch(answers.map(({ status }) => status).join(), /200|401/)
})

/** Requests that carry a secret where it does not belong. */
function* misuse(secret: string): Generator<[path: string, init: RequestInit]> {
  const headers = own(server)
  const names = [
    'client_id',
    'client_secret',
    'grant_type',
    'scope',
    'resource',
    'token_type_hint',
    'x',
    secret,
  ]
  for (const name of names) {
    const one = new URLSearchParams([grant, [name, secret]])
    const twice = new URLSearchParams([...one, [name, `${secret}x`]])
    for (const body of [one, twice]) {
      yield ['/token', { method: 'POST', body, headers }]
      yield ['/token', { method: 'POST', body }]
      yield [`/token?${body}`, { method: 'POST', body, headers }]
      yield [`/introspect?${body}`, { method: 'POST', headers }]
    }
  }
  yield [`/${encodeURIComponent(secret)}`, {}]
  yield [`/token/${encodeURIComponent(secret)}`, { method: 'POST' }]
  yield [`/jwks?${encodeURIComponent(secret)}`, {}]
  yield [`/revocations?after=${encodeURIComponent(secret)}`, {}]
  yield ['/token', { method: 'POST', body: secret, headers }]
  yield [
    '/token',
    { method: 'POST', body: `{"${secret}"`, headers: { ...headers, 'content-type': 'application/json' } },
  ]
  yield [
    '/token',
    { method: 'POST', body: secret, headers: { ...headers, 'content-type': `text/${secret}` } },
  ]
  for (const name of [
    'authorization',
    'cookie',
    'x-api-key',
    'x-request-id',
    'referer',
    'user-agent',
    'origin',
  ])
    yield ['/introspect', { method: 'POST', headers: { [name]: secret } }]
  for (const scheme of ['Bearer', 'Basic', 'Token'])
    yield ['/introspect', { method: 'POST', headers: { authorization: `${scheme} ${secret}` } }]
}
