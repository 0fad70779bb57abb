import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { eventually } from '../support/eventually.ts'
import { basic, getToken, startServer, type TestServer } from '../support/server.ts'
import {
  type Asked,
  ask,
  assertIssued,
  assertRefused,
  closed,
  countIssued,
  formType,
  grant,
  rawRequest,
  sendRaw,
  statusOf,
} from './support.ts'

let server: TestServer
/** Takes JSON as well as forms. */
let makeleaps: TestServer

before(async () => {
  server = await startServer({ accessTokenFormat: 'opaque' })
  makeleaps = await startServer({ accessTokenFormat: 'opaque', dialect: 'makeleaps' })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await makeleaps[Symbol.asyncDispose]()
})

const own = ({ client }: TestServer) => ({ authorization: basic(client.id, client.secret) })
const form = 'grant_type=client_credentials'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** Refused as the caller's fault, nothing issued, and the next request is served. */
async function assertCallersFault(at: TestServer, asked: Asked, statuses = [400]): Promise<void> {
  const before = await countIssued(at)
  const answer = await ask(at, { ...own(at), ...asked })
  assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.text}`)
  assert.equal(answer.json.access_token, undefined)
  assert.equal(await countIssued(at), before)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
}

test('83: a body above the limit is refused before it is read, however it says its length', async () => {
  await assertCallersFault(server, { body: `${form}&x=${'a'.repeat(70_000)}` }, [413])
  const authorization = `authorization: ${own(server).authorization}`
  const announced = ['POST /token', [authorization, formType, 'content-length: 9999999999']] as const
  assert.equal(statusOf(await sendRaw(server.url, rawRequest(...announced, form), hasAnswer)), 413)
  const huge = chunk(`x=${'a'.repeat(60_000)}`)
  const streamed = ['POST /token', [authorization, formType, 'transfer-encoding: chunked']] as const
  const answer = await sendRaw(server.url, rawRequest(...streamed, huge + huge), hasAnswer)
  assert.equal(statusOf(answer), 413)
  assert.equal(await countIssued(server), 0)
})

test('83: an endless body is cut off, and not swallowed for as long as it is sent', async () => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const over = closed(socket.resume())
  const headers = [`authorization: ${own(server).authorization}`, formType, 'transfer-encoding: chunked']
  socket.write(rawRequest('POST /token', headers))
  let megabytes = 0
  const megabyte = chunk('a'.repeat(1_048_576))
  while (!socket.destroyed && megabytes < 400) {
    megabytes++
    if (!socket.write(megabyte))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), over])
  }
  assert.ok(megabytes < 400, 'the server read 400 megabytes of a refused body')
})

test('83: two lengths, or a length and chunks, are refused: no request hides in another', async () => {
  const hidden = 'POST /token HTTP/1.1\r\nhost: x\r\n\r\n'
  const pairs = [
    ['content-length: 5', 'content-length: 50'],
    ['content-length: 5', 'transfer-encoding: chunked'],
    ['transfer-encoding: chunked', 'transfer-encoding: identity'],
    ['transfer-encoding: xchunked'],
    ['content-length: -1'],
    ['content-length: 5 5'],
  ]
  for (const pair of pairs) {
    const answer = await sendRaw(
      server.url,
      rawRequest('POST /token', [formType, ...pair], `0\r\n\r\n${hidden}`),
    )
    assert.equal(statusOf(answer), 400, pair.join(' and '))
    assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer, and the connection is closed')
  }
})

test('83: too many parameters, in a form or in JSON, are refused', async () => {
  const many = Array.from({ length: 10_000 }, (_, number) => `p${number}=`)
  await assertCallersFault(
    server,
    { body: `${form}&${many.map((pair) => `${pair}1`).join('&')}` },
    [400, 413],
  )
  const some = many.slice(0, 200).map((pair) => `${pair}1`)
  await assertCallersFault(server, { body: `${form}&${some.join('&')}` })
  const members = Object.fromEntries(some.map((pair) => pair.split('=')))
  const body = JSON.stringify({ grant_type: 'client_credentials', ...members })
  await assertCallersFault(makeleaps, { headers: json, body })
})

test('83: a long list of scopes or resources is refused', async () => {
  const scopes = Array.from({ length: 5_000 }, (_, number) => `s${number}`).join(' ')
  await assertCallersFault(server, { body: [grant, ['scope', scopes]] })
  await assertCallersFault(server, { body: [grant, ['scope', 'x'.repeat(60_000)]] })
  await assertCallersFault(server, { body: `${form}${'&resource=a'.repeat(5_000)}` })
  const many = 'read '.repeat(400)
  assert.ok(await assertIssued(server, { ...own(server), body: [grant, ['scope', many]] }))
})

test('83: a text that is not UTF-8, or holds a NUL, is refused wherever it stands', async () => {
  const before = await countIssued(server)
  const wrong = [
    'scope=%ff',
    'scope=%c3%28',
    '%ff=x',
    'scope=%',
    'scope=%zz',
    'scope=%00',
    '%00=x',
    'x=%ed%a0%80',
  ]
  for (const parameter of wrong) await assertCallersFault(server, { body: `${form}&${parameter}` })
  for (const byte of [0xff, 0xc0, 0x80, 0x00]) {
    const body = Buffer.concat([Buffer.from(`${form}&scope=`), Buffer.from([byte])])
    const headers = { ...own(server), 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await fetch(server.latchkey.urls.token, { method: 'POST', headers, body })
    assert.equal(answer.status, 400)
    await answer.body?.cancel()
  }
  assert.equal(await countIssued(server), before)
})

const json = { 'content-type': 'application/json' }

test('83: JSON that is broken, nested, huge or no object is refused', async () => {
  const before = await countIssued(makeleaps)
  const wrong = [
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{"grant_type":"client_credentials","scope":["read"]}',
    '{"grant_type":{"a":1}}',
    `{"grant_type":"client_credentials","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    '['.repeat(60_000),
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    '{"grant_type":"client_credentials","scope":"\\u0000"}',
    `{"grant_type":"client_credentials","x":"${'a'.repeat(70_000)}"}`,
  ]
  for (const body of wrong) await assertCallersFault(makeleaps, { headers: json, body }, [400, 413])
  assert.equal(await countIssued(makeleaps), before)
  await assertIssued(makeleaps, { ...own(makeleaps), headers: json, body: `{"${grant[0]}":"${grant[1]}"}` })
})

test('83: names of the language itself are parameters like any other, and change nothing', async () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto__[scope]']
  for (const name of names) {
    const pair: [string, string] = [name, 'admin']
    await assertIssued(server, { ...own(server), body: [grant, pair] })
    await assertRefused(server, { ...own(server), body: [grant, ['scope', name]] }, 400, 'invalid_scope')
    const body = `{"grant_type":"client_credentials","${name}":"admin"}`
    await assertIssued(makeleaps, { ...own(makeleaps), headers: json, body })
  }
  const polluting = '{"grant_type":"client_credentials","__proto__":{"scope":"admin"}}'
  await assertCallersFault(makeleaps, { headers: json, body: polluting })
  assert.equal(({} as { scope?: string }).scope, undefined)
})

test('83: another content type, none, or a compressed body is refused', async () => {
  const body = form
  for (const type of [
    'text/plain',
    'application/json',
    'multipart/form-data; boundary=x',
    'application/xml',
    '',
  ])
    await assertCallersFault(server, { headers: { 'content-type': type }, body }, [415])
  const compressed = await fetch(server.latchkey.urls.token, {
    method: 'POST',
    headers: {
      ...own(server),
      'content-type': 'application/x-www-form-urlencoded',
      'content-encoding': 'gzip',
    },
    body: gzipSync(`${form}&x=${'a'.repeat(10_000_000)}`),
  })
  assert.equal(compressed.status, 400)
  await compressed.body?.cancel()
  const charset = { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=utf-8' }
  await assertIssued(server, { ...own(server), headers: charset, body: form })
})

test('83: huge headers, a long path and a rubbish request line are refused, and the server goes on', async () => {
  const rubbish = [
    rawRequest('GET /jwks', [`x: ${'a'.repeat(100_000)}`]),
    rawRequest(
      'GET /jwks',
      Array.from({ length: 5_000 }, (_, number) => `x${number}: ${number}`),
    ),
    rawRequest(`GET /${'a'.repeat(100_000)}`),
    'RUBBISH\r\n\r\n',
    '\r\n\r\n\0\0\0\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    Buffer.from('1603010200010001fc0303', 'hex'),
    rawRequest('GET /jwks', ['x: a\0b']),
    rawRequest('GET http://[::bad/jwks'),
    rawRequest('OPTIONS *'),
  ]
  for (const bytes of rubbish) {
    const status = statusOf(await sendRaw(server.url, bytes))
    assert.ok(status >= 400 && status < 500, `${status} for ${String(bytes).slice(0, 40)}`)
  }
  assert.ok(await getToken(server))
})

test('83: rubbish between two good requests gets no second token out', async () => {
  const before = await countIssued(server)
  const headers = [`authorization: ${own(server).authorization}`, formType, `content-length: ${form.length}`]
  const good = rawRequest('POST /token', headers, form).replace('connection: close\r\n', '')
  const answer = await sendRaw(server.url, `${good}RUBBISH RUBBISH\r\n\r\n${good}`)
  assert.match(answer, /HTTP\/1.1 400 /)
  assert.ok(answer.split('access_token').length <= 2)
  assert.ok((await countIssued(server)) - before <= 1)
})

test('83: a caller who hangs up in the middle of a body is no failure of the server', async () => {
  const lengths = ['content-length: 1000', 'content-length: 60000', 'transfer-encoding: chunked']
  for (const length of lengths) {
    // The server's `100 Continue` says that it has begun with the request.
    const headers = [formType, length, 'expect: 100-continue']
    const start = rawRequest('POST /token', headers, chunk('grant_type='))
    assert.equal(statusOf(await sendRaw(server.url, start, hasAnswer)), 100)
  }
  await eventually(() => server.log().includes('ended too early'))
  assert.doesNotMatch(server.log(), /server_error/)
})

const hasAnswer = (received: string): boolean => received.includes('\r\n\r\n')
