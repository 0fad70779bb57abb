import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { eventually } from '../../../tests/support/eventually.ts'
import { type ClientOptions, createTokenClient, post, refreshToken, TokenError } from './index.ts'
import { makeClock } from './testing/clock.ts'
import { makeStore } from './testing/faulty-store.ts'
import { type Answer, granted, refused, startTokenServer, type TokenServer } from './testing/token-server.ts'

const make = (server: TokenServer, options: Partial<ClientOptions> = {}) =>
  createTokenClient({ ...server.options, clock: makeClock(), ...options })

for (const [what, body] of [
  ['an empty body', ''],
  ['a page', '<!doctype html><title>Sign in</title>'],
  ['half an answer', '{"access_token":"t'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a text', '"token"'],
  ['an empty token', '{"access_token":""}'],
  ['a token that is a number', '{"access_token":5}'],
  ['a token that is an object', '{"access_token":{}}'],
  ['what is too long to be read', `{"access_token":"${'t'.repeat(300_000)}"}`],
] satisfies [string, string][]) {
  test(`${what} is no answer`, async () => {
    await using server = await startTokenServer()
    server.respond = () => ({ body })
    await assert.rejects(make(server).getToken(), { code: 'invalid_response', isPassing: true })
  })
}

/** What no header can hold. */
const unfit = ['hush\nhush', 'hush\r\nx-other: 1', 'hush\u0000', 'hush\u007f', 'hüsh', 'hush€', 'hush\n']

for (const token of unfit) {
  const name = JSON.stringify(token)

  test(`${name} is no token: it is refused, and in no error`, async () => {
    await using server = await startTokenServer()
    server.respond = () => granted(token)
    const client = make(server, { origins: [server.url] })
    for (const work of [client.getToken(), client.fetch(`${server.url}/api`)])
      await assert.rejects(work, (thrown: TokenError) => {
        assert.equal(thrown.code, 'invalid_response')
        assert.ok(!/h[uü]sh/.test(inspect(thrown, { depth: 20, showHidden: true })))
        return true
      })
    assert.ok(server.requests.every(({ path }) => path === '/token'))
  })

  test(`a store in which somebody put the token ${name} is renewed from`, async () => {
    await using server = await startTokenServer()
    const { store, text, put } = makeStore()
    await make(server, { grant: refreshToken('start'), store }).getToken()
    await put(JSON.stringify({ ...JSON.parse(String(text())), accessToken: token }))
    const client = make(server, { grant: refreshToken(), store, origins: [server.url] })
    const { token: found } = (await client.credentialFor(server.url)) ?? assert.fail()
    assert.equal(found, 'token-2')
    assert.equal(server.requests[1]?.form.refresh_token, 'refresh-1')
  })
}

for (const accessToken of [undefined, null, 7, {}, ['token'], '']) {
  test(`a store in which somebody put the token ${JSON.stringify(accessToken)} is renewed from`, async () => {
    await using server = await startTokenServer()
    const { store, text, put } = makeStore()
    await make(server, { grant: refreshToken('start'), store }).getToken()
    await put(JSON.stringify({ ...JSON.parse(String(text())), accessToken }))
    assert.equal(await make(server, { grant: refreshToken(), store }).getToken(), 'token-2')
  })
}

/** All the texts in an error: of its members, of theirs, and of its causes. */
function textsOf(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value]
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1')]
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  return Reflect.ownKeys(value).flatMap((name) => textsOf(Reflect.get(value, name), seen))
}

for (const [what, answer] of [
  ['sends back what it was sent', (request) => request],
  ['answers without headers', (request) => `{"access_token":"stolen"}\r\n${request}`],
  [
    'puts what it was sent among its headers',
    (request) => `HTTP/1.1 200 OK\r\nbad header ${request}\r\n\r\n`,
  ],
  [
    'sends a chunk that is none',
    (request) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz stolen ${request}`,
  ],
  [
    'sends more than it announced',
    (request) => `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{"access_token":"stolen"}${request}`,
  ],
  ['says less than it announced', (request) => `HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n${request}`],
  ['does not speak HTTP', (request) => `SSH-2.0 ${request}`],
] satisfies [string, (request: string) => string][])
  test(`of a server that ${what} nothing that went over the wire is in an error`, async () => {
    const tcp = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (sent) => socket.end(answer(sent.toString('latin1')), 'latin1'))
    })
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const tokenEndpoint = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}/token`
    const told: unknown[] = []
    try {
      for (const auth of [undefined, post()]) {
        const client = createTokenClient({
          tokenEndpoint,
          clientId: 'app',
          clientSecret: 'hush-secret',
          grant: refreshToken('hush-refresh'),
          auth,
          clock: makeClock(),
          timeoutMs: 1_000,
          onError: (error) => told.push(error),
        })
        told.push(await client.getToken().catch((thrown) => thrown))
      }
    } finally {
      tcp.close()
    }
    const texts = [...told.flatMap((error) => textsOf(error)), inspect(told, { depth: 20, showHidden: true })]
    assert.ok(told.some((error) => error instanceof TokenError))
    for (const secret of ['hush', btoa('app:hush-secret'), 'stolen'])
      assert.deepEqual(
        texts.filter((text) => text.includes(secret)),
        [],
      )
  })

test('an answer without end is cut off', async () => {
  let cuts = 0
  const http = createServer((_, response) => {
    const write = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    }
    response.on('close', () => cuts++).on('drain', write)
    write()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const tokenEndpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  try {
    await assert.rejects(createTokenClient({ tokenEndpoint, clock: makeClock() }).getToken(), {
      code: 'invalid_response',
    })
    await eventually(() => cuts > 0)
  } finally {
    http.closeAllConnections()
    http.close()
  }
})

test('an answer that begins and does not end is silence', async () => {
  const http = createServer((_, response) => void response.writeHead(200).write('{'))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const tokenEndpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  try {
    const client = createTokenClient({ tokenEndpoint, timeoutMs: 100, clock: makeClock() })
    await assert.rejects(client.getToken(), { code: 'timeout' })
  } finally {
    http.closeAllConnections()
    http.close()
  }
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`a ${status} of the token endpoint is not followed: secrets would go elsewhere`, async () => {
    await using server = await startTokenServer()
    server.respond = ({ path }) =>
      path === '/token' ? { status, headers: { location: `${server.url}/elsewhere` } } : granted('stolen')
    await assert.rejects(make(server).getToken(), (thrown: TokenError) => {
      assert.deepEqual([thrown.code, thrown.status, thrown.isPassing], ['request_refused', status, false])
      assert.match(thrown.message, /redirects: give its last address/)
      return true
    })
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ['/token'],
    )
  })
}

test('an error with a 200 is an error, also beside a token', async () => {
  await using server = await startTokenServer()
  server.respond = () => granted('token', { error: 'invalid_scope', error_description: 'no such scope' })
  await assert.rejects(make(server).getToken(), {
    code: 'request_refused',
    error: 'invalid_scope',
    errorDescription: 'no such scope',
    status: 200,
  })
})

test('an error with a 200 that is no text is no redirect', async () => {
  await using server = await startTokenServer()
  server.respond = () => granted('token', { error: { message: 'No.' } })
  await assert.rejects(make(server).getToken(), {
    code: 'request_refused',
    message: /request refused \(200\)/,
  })
})

test('any other 2xx is an answer', async () => {
  await using server = await startTokenServer()
  server.respond = () => ({ ...granted('token'), status: 201 })
  assert.equal(await make(server).getToken(), 'token')
})

test('what a server says of its refusal is passed on: short, in one line, each part where it belongs', async () => {
  await using server = await startTokenServer()
  const long = `two\nlines\u0007 ${'x'.repeat(1_000)}`
  server.respond = () =>
    refused('invalid_client', 401, { error_description: long, error_uri: 'https://as.example.com/help' })
  await assert.rejects(make(server).getToken(), (thrown: TokenError) => {
    assert.equal(thrown.status, 401)
    assert.equal(thrown.errorDescription, long.replace('\n', ' ').replace('\u0007', ' ').slice(0, 300))
    assert.equal(thrown.errorUri, 'https://as.example.com/help')
    assert.match(thrown.message, /\/token: request refused \(invalid_client: two lines/)
    return true
  })
})

for (const [what, answer, status] of [
  ['errors that are no texts', { status: 400, body: { error: 7, error_description: {} } }, 400],
  ['a page of a proxy', { status: 403, body: '<html>' }, 403],
] satisfies [string, Answer, number][]) {
  test(`of ${what} the status remains`, async () => {
    await using server = await startTokenServer()
    server.respond = () => answer
    await assert.rejects(make(server).getToken(), (thrown: TokenError) => {
      assert.deepEqual([thrown.code, thrown.status, thrown.error], ['request_refused', status, undefined])
      assert.match(thrown.message, new RegExp(`${status}`))
      return true
    })
  })
}

test('invalid_grant with a 200 ends a connection as one with a 400 does', async () => {
  await using server = await startTokenServer()
  server.respond = () => refused('invalid_grant', 200)
  await assert.rejects(make(server, { grant: refreshToken('r') }).getToken(), { code: 'connection_ended' })
})

test('a server that is not reached: the error says why', async () => {
  const server = await startTokenServer()
  await server[Symbol.asyncDispose]()
  await assert.rejects(make(server).getToken(), (thrown: TokenError) => {
    assert.equal(thrown.code, 'server_unavailable')
    assert.match(thrown.message, /\/token was not reached \(ECONNREFUSED\)\.$/)
    return true
  })
})
