import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { basic, startServer, type TestServer } from '../support/server.ts'
import {
  assertIssued,
  assertRefused,
  event,
  grant,
  introspect,
  rawRequest,
  register,
  sendRaw,
  statusOf,
} from './support.ts'

const opaque = { accessTokenFormat: 'opaque' } as const
let server: TestServer

before(async () => {
  server = await startServer(opaque)
})
after(() => server[Symbol.asyncDispose]())
after(stopOwnPostgres)

const encode = (text: string): string => Buffer.from(text).toString('base64')

test('1: a wrong, empty or absent secret and an unknown id get one and the same 401, and nothing is issued', async () => {
  const { id, secret } = server.client
  const attempts = [
    { authorization: basic(id, 'wrong'), body: [grant] },
    { authorization: basic(id, ''), body: [grant] },
    { authorization: basic(id, `${secret} `), body: [grant] },
    { authorization: basic(id, secret.toUpperCase()), body: [grant] },
    { authorization: basic(id, secret.slice(0, -1)), body: [grant] },
    { authorization: basic('unknown', secret), body: [grant] },
    { body: [grant, ['client_id', id]] },
    { body: [grant, ['client_id', id], ['client_secret', '']] },
    { body: [grant, ['client_id', id], ['client_secret', 'wrong']] },
    { body: [grant, ['client_secret', secret]] },
    { body: [grant] },
  ] satisfies { authorization?: string; body: [string, string][] }[]
  const answers = []
  for (const attempt of attempts) answers.push(await assertRefused(server, attempt, 401, 'invalid_client'))
  for (const { text, headers } of answers) {
    assert.equal(text, answers[0]?.text)
    assert.match(headers.get('www-authenticate') ?? '', /^Basic realm=/)
  }
})

test('1: Basic that is not Basic is refused, and nothing is issued', async () => {
  const { id, secret } = server.client
  const good = encode(`${id}:${secret}`)
  const malformed = [
    'Basic',
    'Basic ',
    'Basic =',
    'Basic !!!!',
    `Basic ${encode('no-colon')}`,
    `Basic ${encode(`:${secret}`)}`,
    `Basic ${encode(`${id}\0:${secret}`)}`,
    `Basic ${encode(`${id}:${secret}\0`)}`,
    `Basic ${encode(`${id}%00:${secret}`)}`,
    `Basic ${encode(`${id}%zz:${secret}`)}`,
    `Basic ${encode('x'.repeat(5_000))}`,
    `Basic ${good} ${good}`,
    `Basic ${good}, Basic ${good}`,
    `Basic ${good}====`,
    `Bearer ${good}`,
    `Digest username="${id}"`,
    secret,
  ]
  for (const authorization of malformed)
    await assertRefused(server, { authorization, body: [grant] }, 401, 'invalid_client')
})

test('1: two Authorization headers are refused, in either order', async () => {
  const { id, secret } = server.client
  const good = `authorization: ${basic(id, secret)}`
  const bad = `authorization: ${basic(id, 'wrong')}`
  for (const pair of [
    [good, bad],
    [bad, good],
    [good, good],
  ]) {
    const body = 'grant_type=client_credentials'
    const type = 'content-type: application/x-www-form-urlencoded'
    const length = `content-length: ${body.length}`
    const answer = await sendRaw(server.url, rawRequest('POST /token', [...pair, type, length], body))
    assert.equal(statusOf(answer), 401)
    assert.doesNotMatch(answer, /access_token/)
  }
})

test('1: Basic is taken with its padding, without it, and in the alphabet for URLs', async () => {
  for (const length of [16, 17, 18]) {
    const app = await register(server, { secret: '?>~'.repeat(6).slice(0, length) })
    const padded = encode(`${app.id}:${app.secret}`)
    const urlSafe = padded.replaceAll('+', '-').replaceAll('/', '_')
    for (const text of [padded, padded.replace(/=+$/, ''), urlSafe])
      await assertIssued(server, { authorization: `Basic ${text}`, body: [grant] })
    await assertIssued(server, { authorization: `bAsIc   ${padded}`, body: [grant] })
  }
})

test('1: on PostgreSQL an id with a NUL is refused like any other', async () => {
  await using database = await temporaryDatabase()
  await using shared = await startServer({ ...opaque, database: database.url })
  for (const id of ['a\0b', 'a%00b', '\ud800'])
    await assertRefused(shared, { authorization: basic(id, 'x'), body: [grant] }, 401, 'invalid_client')
})

test('2: Basic and a different body secret are refused, and nothing is issued', async () => {
  const { id, secret } = server.client
  const authorization = basic(id, secret)
  await assertRefused(
    server,
    { authorization, body: [grant, ['client_secret', 'x']] },
    400,
    'invalid_request',
  )
  const inBody: [string, string][] = [grant, ['client_id', id], ['client_secret', secret]]
  const wrongInHeader = { authorization: basic(id, 'wrong'), body: inBody }
  await assertRefused(server, wrongInHeader, 400, 'invalid_request')
  await assertRefused(server, { authorization: 'Basic rubbish', body: inBody }, 401, 'invalid_client')
})

test('3: a client_id in the header and in the body is taken when equal, refused when not', async () => {
  const { id, secret } = server.client
  const other = await register(server)
  const authorization = basic(id, secret)
  await assertIssued(server, { authorization, body: [grant, ['client_id', id]] })
  await assertIssued(server, { authorization, body: [grant, ['client_id', '']] })
  for (const wrong of [other.id, 'unknown', id.toUpperCase(), `${id} `])
    await assertRefused(
      server,
      { authorization, body: [grant, ['client_id', wrong]] },
      400,
      'invalid_request',
    )
})

test('4: `:` `%` and `+` in an imported id and secret work, percent-encoded and as they are', async () => {
  const apps = [
    { id: 'plus+id', secret: 'a+b%c:d-0123456789' },
    { id: 'percent%id', secret: '100%:sure+0123456789' },
    { id: 'looks%41encoded', secret: 'looks%41encoded%2B+' },
    { id: 'ends%', secret: '::::%%%%++++%zz%4' },
    { id: 'nul', secret: 'holds%00no-nul-at-all' },
  ]
  for (const app of apps) {
    await register(server, app)
    const encoded = basic(encodeURIComponent(app.id), encodeURIComponent(app.secret))
    for (const authorization of [basic(app.id, app.secret), encoded])
      await assertIssued(server, { authorization, body: [grant] })
    const body: [string, string][] = [grant, ['client_id', app.id], ['client_secret', app.secret]]
    await assertIssued(server, { body })
    await assertIssued(server, { authorization: encoded, body })
  }
})

test('4: an id with a colon works percent-encoded; as it is, RFC 7617 ends it at the colon', async () => {
  const app = await register(server, { id: 'urn:app:1', secret: '0123456789abcdef' })
  const encoded = basic(encodeURIComponent(app.id), app.secret)
  await assertIssued(server, { authorization: encoded, body: [grant] })
  const raw = { authorization: basic(app.id, app.secret), body: [grant] }
  await assertRefused(server, raw, 401, 'invalid_client')
})

test('4: the decoded form of a secret does not stand for the secret', async () => {
  const app = await register(server, { secret: 'secret%41-0123456789' })
  const decoded = { authorization: basic(app.id, 'secretA-0123456789'), body: [grant] }
  await assertRefused(server, decoded, 401, 'invalid_client')
})

test('5: a public client gets no token for itself, and is refused with a secret', async () => {
  const plain = await register(server, { type: 'public' })
  // Its registration would be refused; this is as if it had been let through.
  const eager = await register(server, { type: 'public' })
  const change = { grant_types: 'client_credentials' }
  await server.latchkey.store.clients.change(eager.id, change, event('client.changed', `client:${eager.id}`))
  for (const { id } of [plain, eager]) {
    await assertRefused(server, { body: [grant, ['client_id', id]] }, 400, 'unauthorized_client')
    const withSecret: [string, string][] = [grant, ['client_id', id], ['client_secret', 'x']]
    await assertRefused(server, { body: withSecret }, 401, 'invalid_client')
    await assertRefused(server, { authorization: basic(id, ''), body: [grant] }, 401, 'invalid_client')
  }
})

test('7: a grant that the client may not use, that nobody may, or none, is refused', async () => {
  const none = await register(server, { grantTypes: [] })
  const authorization = basic(none.id, none.secret)
  await assertRefused(server, { authorization, body: [grant] }, 400, 'unauthorized_client')
  const api = basic(server.resourceServer.id, server.resourceServer.secret)
  await assertRefused(server, { authorization: api, body: [grant] }, 400, 'unauthorized_client')
  const own = basic(server.client.id, server.client.secret)
  await assertRefused(server, { authorization: own }, 400, 'invalid_request')
  const unknown = ['password', '__proto__', 'constructor', 'CLIENT_CREDENTIALS', 'client_credentials ']
  for (const type of unknown) {
    const body: [string, string][] = [['grant_type', type]]
    await assertRefused(server, { authorization: own, body }, 400, 'unsupported_grant_type')
  }
})

test('10: a parameter given twice is refused, also with the same value, and nothing is issued', async () => {
  const { id, secret } = server.client
  const whole: [string, string][] = [grant, ['client_id', id], ['client_secret', secret], ['scope', 'read']]
  for (const [name, value] of whole) {
    for (const again of [value, 'other'])
      await assertRefused(server, { body: [...whole, [name, again]] }, 400, 'invalid_request')
  }
  const invented: [string, string][] = [...whole, ['x', '1'], ['x', '2']]
  await assertRefused(server, { body: invented }, 400, 'invalid_request')
  const spelled = `${new URLSearchParams(whole)}&gr%61nt_type=client_credentials`
  await assertRefused(server, { body: spelled }, 400, 'invalid_request')
})

test('10: a parameter in the URL is refused, and not taken from there', async () => {
  const { id, secret } = server.client
  const authorization = basic(id, secret)
  for (const query of ['grant_type=client_credentials', `client_id=${id}&client_secret=${secret}`, 'x']) {
    const url = `${server.latchkey.urls.token}?${query}`
    await assertRefused(server, { url, authorization, body: [grant] }, 400, 'invalid_request')
    await assertRefused(server, { url, authorization }, 400, 'invalid_request')
  }
})

test('10: resource alone may be repeated (RFC 8707), and an unknown one among them is refused', async () => {
  const billing = 'https://billing.example'
  await using own = await startServer({ ...opaque, resources: [billing] })
  const { audience } = own.latchkey.config
  const authorization = basic(own.client.id, own.client.secret)
  const both: [string, string][] = [grant, ['resource', audience], ['resource', billing]]
  const token = await assertIssued(own, { authorization, body: both })
  assert.deepEqual((await introspect(own, token)).json.aud, [audience, billing])
  const unknown: [string, string][] = [...both, ['resource', 'https://other.example']]
  await assertRefused(own, { authorization, body: unknown }, 400, 'invalid_target')
})
