import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discover } from './discovery.ts'
import type { TokenError } from './errors.ts'
import { endTimeBySilence } from './testing/silence.ts'
import { type Answer, startTokenServer, type TokenServer } from './testing/token-server.ts'

const discovered = (issuer: string, timeoutMs = 4_000) =>
  discover(issuer, { fetch: globalThis.fetch, timeoutMs, allowInsecure: false })

/** Answers at these paths and at no other. */
const serve = (server: TokenServer, pages: Record<string, Answer>) => {
  server.respond = ({ path }) => pages[path] ?? { status: 404, body: 'not here' }
}

const pathsOf = ({ requests }: TokenServer) => requests.map(({ method, path }) => `${method} ${path}`)

const oauth = '/.well-known/oauth-authorization-server'
const openid = '/.well-known/openid-configuration'

test('metadata are found by RFC 8414', async () => {
  await using server = await startTokenServer()
  const metadata = { issuer: server.url, token_endpoint: server.tokenEndpoint }
  serve(server, { [oauth]: { body: metadata } })
  assert.deepEqual(await discovered(server.url), metadata)
  assert.deepEqual(pathsOf(server), [`GET ${oauth}`])
})

for (const end of ['', '/']) {
  test(`the path of an issuer such as …/tenant${end} comes after the well-known one`, async () => {
    await using server = await startTokenServer()
    const issuer = `${server.url}/tenant${end}`
    serve(server, { [`${oauth}/tenant`]: { body: { issuer } } })
    assert.equal((await discovered(issuer)).issuer, issuer)
  })

  test(`a server of OpenID Connect alone is found: there the path of …/tenant${end} comes before`, async () => {
    await using server = await startTokenServer()
    const issuer = `${server.url}/tenant${end}`
    serve(server, { [`/tenant${openid}`]: { body: { issuer } } })
    assert.equal((await discovered(issuer)).issuer, issuer)
    assert.deepEqual(pathsOf(server), [`GET ${oauth}/tenant`, `GET /tenant${openid}`])
  })
}

test('an issuer that ends in a slash is another one than that without', async () => {
  await using server = await startTokenServer()
  serve(server, { [oauth]: { body: { issuer: server.url } } })
  await assert.rejects(discovered(`${server.url}/`), { code: 'invalid_metadata' })
})

for (const issuer of [
  'https://other.example.com',
  undefined,
  null,
  7,
  {},
  ['https://as.example.com'],
  'x'.repeat(5_000),
]) {
  test(`metadata of the issuer ${JSON.stringify(issuer)?.slice(0, 40)} are refused, and say whose they are`, async () => {
    await using server = await startTokenServer()
    serve(server, { [oauth]: { body: { issuer } }, [openid]: { body: { issuer } } })
    await assert.rejects(discovered(server.url), (thrown: TokenError) => {
      assert.equal(thrown.code, 'invalid_metadata')
      assert.ok(thrown.message.includes(server.url) && thrown.message.length < 600, thrown.message)
      assert.ok(thrown.message.includes(` is of ${JSON.stringify(issuer)?.slice(0, 300)}`), thrown.message)
      return true
    })
  })
}

test('what metadata say of their issuer is quoted as JSON: nothing of it acts on a terminal or begins a line', async () => {
  await using server = await startTokenServer()
  serve(server, { [oauth]: { body: { issuer: 'https://as.example.com\n\u001b[31mfine' } } })
  await assert.rejects(discovered(server.url), (thrown: TokenError) => {
    assert.ok(!/\p{Cc}/u.test(thrown.message))
    assert.ok(thrown.message.includes('\\n\\u001b[31mfine'), thrown.message)
    return true
  })
})

test('a server without metadata is told so, with what to do', async () => {
  await using server = await startTokenServer()
  serve(server, {})
  await assert.rejects(discovered(server.url), { code: 'invalid_metadata', message: /give tokenEndpoint/ })
  assert.deepEqual(pathsOf(server), [`GET ${oauth}`, `GET ${openid}`])
})

test('a page that answers every path with a 200 does not hide the metadata of OpenID Connect', async () => {
  await using server = await startTokenServer()
  serve(server, {
    [oauth]: { body: '<!doctype html>', headers: { 'content-type': 'text/html' } },
    [openid]: { body: { issuer: server.url } },
  })
  assert.equal((await discovered(server.url)).issuer, server.url)
})

for (const [what, answer, code] of [
  ['silence', 'silence', 'timeout'],
  ['a connection that is cut', 'cut', 'server_unavailable'],
] satisfies [string, Answer, string][]) {
  test(`${what} passes, and is no reason to look elsewhere`, async (t) => {
    await using server = await startTokenServer()
    serve(server, { [oauth]: answer })
    server.onSilence = endTimeBySilence(t, 100)
    await assert.rejects(discovered(server.url, answer === 'silence' ? 100 : 4_000), {
      code,
      isPassing: true,
    })
    assert.deepEqual(pathsOf(server), [`GET ${oauth}`])
  })
}

for (const status of [429, 503])
  test(`where one place answers ${status} the other is asked; that passes, unless the other has the metadata`, async () => {
    await using server = await startTokenServer()
    const trouble: Answer = { status, headers: { 'retry-after': '1' } }
    serve(server, { [oauth]: trouble })
    await assert.rejects(discovered(server.url), {
      code: 'server_unavailable',
      isPassing: true,
      status,
      retryAfterSeconds: 1,
    })
    assert.deepEqual(pathsOf(server), [`GET ${oauth}`, `GET ${openid}`])
    serve(server, { [oauth]: trouble, [openid]: { body: { issuer: server.url } } })
    assert.equal((await discovered(server.url)).issuer, server.url)
  })

test('a redirect, as to a page where people sign in, is not followed; the other place may have the metadata', async () => {
  await using server = await startTokenServer()
  const away: Answer = { status: 302, headers: { location: '/elsewhere' } }
  serve(server, { [oauth]: away, [openid]: away })
  await assert.rejects(discovered(server.url), {
    code: 'invalid_metadata',
    isPassing: false,
    message: new RegExp(`${oauth} answers 302: give tokenEndpoint`),
  })
  assert.deepEqual(pathsOf(server), [`GET ${oauth}`, `GET ${openid}`])
  serve(server, { [oauth]: away, [openid]: { body: { issuer: server.url } } })
  assert.equal((await discovered(server.url)).issuer, server.url)
})
