import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type ClientOptions, createTokenClient, refreshToken, TokenError } from './index.ts'
import { makeClock } from './testing/clock.ts'
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
    assert.ok(cuts > 0)
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
      assert.equal(thrown.code, 'invalid_response')
      assert.match(thrown.message, /redirects/)
      return true
    })
    assert.ok(server.requests.every(({ path }) => path === '/token'))
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
    assert.match(thrown.message, /\/token refused \(invalid_client: two lines/)
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

test('another server that is not reached has its cause', async () => {
  const server = await startTokenServer()
  await server[Symbol.asyncDispose]()
  await assert.rejects(make(server).getToken(), (thrown: TokenError) => {
    assert.ok(thrown instanceof TokenError && thrown.cause instanceof Error)
    assert.equal(thrown.code, 'server_unavailable')
    return true
  })
})
