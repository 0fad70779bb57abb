import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DialectInput } from '../../packages/server/src/dialects/dialect.ts'
import { basic, startServer, type TestServer } from '../support/server.ts'

/** A way in which some public API takes a token request, said as data. */
interface Row {
  says: string
  method?: 'GET' | 'POST'
  request?: NonNullable<NonNullable<DialectInput['routes']>[number]['request']>
  /** Each of these gets a token. */
  sent: ((client: Client) => Sent)[]
  /** Each of these is refused with its status, and nothing is issued. */
  refused?: [status: number, sent: (client: Client) => Sent][]
  /** Default: all that the client may have. */
  scope?: string
}

type Client = TestServer['client']
interface Sent {
  query?: Record<string, string>
  form?: Record<string, string>
  json?: Record<string, unknown>
  headers?: Record<string, string>
}

const grant_type = 'client_credentials'
const standard = ({ id, secret }: Client) => ({ grant_type, client_id: id, client_secret: secret })
const withBasic = ({ id, secret }: Client) => ({ authorization: basic(id, secret) })

const rows: Row[] = [
  {
    says: 'by GET, in the query',
    method: 'GET',
    sent: [
      (client) => ({ query: standard(client) }),
      (client) => ({ query: { grant_type }, headers: withBasic(client) }),
    ],
    refused: [
      [401, (client) => ({ query: { ...standard(client), client_secret: 'wrong' } })],
      [400, (client) => ({ query: { ...standard(client), grant_type: 'password' } })],
    ],
  },
  {
    says: 'by POST, in the query',
    request: { from: ['query'] },
    sent: [(client) => ({ query: standard(client) })],
    refused: [[415, (client) => ({ form: standard(client) })]],
  },
  {
    says: 'in the query, the body or both',
    request: { from: ['query', 'form', 'json'] },
    sent: [
      (client) => ({ query: standard(client) }),
      (client) => ({ query: { grant_type }, form: { client_id: client.id, client_secret: client.secret } }),
      (client) => ({ query: { client_id: client.id }, json: { grant_type, client_secret: client.secret } }),
    ],
    refused: [[400, (client) => ({ query: standard(client), form: { client_id: client.id } })]],
  },
  {
    says: 'as a form only',
    sent: [(client) => ({ form: standard(client) })],
    refused: [
      [415, (client) => ({ json: standard(client) })],
      [400, (client) => ({ query: standard(client) })],
    ],
  },
  {
    says: 'as JSON only',
    request: { from: ['json'] },
    sent: [(client) => ({ json: { ...standard(client), scope: null } })],
    refused: [[415, (client) => ({ form: standard(client) })]],
  },
  {
    says: 'as a form or JSON',
    request: { from: ['form', 'json'] },
    sent: [(client) => ({ form: standard(client) }), (client) => ({ json: standard(client) })],
  },
  {
    says: 'credentials in headers of their own, and no grant type at all',
    request: {
      headers: { 'X-Client-Id': 'client_id', 'x-client-secret': 'client_secret' },
      defaults: { grant_type },
    },
    sent: [({ id, secret }) => ({ headers: { 'x-client-id': id, 'X-CLIENT-SECRET': secret } })],
    refused: [
      [401, ({ id }) => ({ headers: { 'x-client-id': id } })],
      [
        400,
        ({ id, secret }) => ({
          headers: { 'x-client-id': id, 'x-client-secret': secret },
          form: { client_id: 'x' },
        }),
      ],
    ],
  },
  ...(
    [
      ['client_key', 'client_secret'],
      ['appid', 'secret'],
      ['key', 'secret'],
      ['username', 'password'],
      ['constructor', 'hasOwnProperty'],
    ] as const
  ).map(
    ([idName, secretName]): Row => ({
      says: `credentials as ${idName} and ${secretName}`,
      request: {
        from: ['form', 'json'],
        rename: Object.fromEntries([
          [idName, 'client_id'],
          [secretName, 'client_secret'],
        ]),
      },
      sent: [
        ({ id, secret }) => ({ form: named(idName, id, secretName, secret) }),
        ({ id, secret }) => ({ json: named(idName, id, secretName, secret) }),
        ({ id, secret }) => ({ form: { ...named(idName, id, secretName, secret), client_id: id } }),
      ],
      refused: [
        [401, ({ id }) => ({ form: named(idName, id, secretName, 'wrong') })],
        [
          400,
          ({ id, secret }) => ({ form: { ...named(idName, id, secretName, secret), client_id: 'other' } }),
        ],
      ],
    }),
  ),
  {
    says: 'credentials in the body alone, Basic passed over',
    request: { isBasicAccepted: false },
    sent: [
      (client) => ({ form: standard(client) }),
      (client) => ({ form: standard(client), headers: { authorization: 'Basic eDp5' } }),
    ],
    refused: [[401, (client) => ({ form: { grant_type }, headers: withBasic(client) })]],
  },
  {
    says: 'grant types by other words',
    request: { rename: { type: 'grant_type' }, values: { grant_type: { app: grant_type } } },
    sent: [
      ({ id, secret }) => ({ form: { type: 'app', client_id: id, client_secret: secret } }),
      (client) => ({ form: { ...standard(client), type: 'app' } }),
    ],
    refused: [
      [400, ({ id, secret }) => ({ form: { type: 'toString', client_id: id, client_secret: secret } })],
    ],
  },
  ...([',', '+', ' '] as const).map(
    (scopeSeparator): Row => ({
      says: `scopes separated by "${scopeSeparator}", as scopes`,
      request: { from: ['form', 'json'], rename: { scopes: 'scope' }, scopeSeparator },
      scope: 'write read',
      sent: [
        (client) => ({ form: { ...standard(client), scopes: `write${scopeSeparator}read` } }),
        (client) => ({ json: { ...standard(client), scopes: `write${scopeSeparator}read` } }),
        (client) => ({ json: { ...standard(client), scope: `write${scopeSeparator}read` } }),
      ],
      refused: [[400, (client) => ({ form: { ...standard(client), scopes: `read${scopeSeparator}admin` } })]],
    }),
  ),
]

function named(idName: string, id: string, secretName: string, secret: string): Record<string, string> {
  return Object.fromEntries([
    ['grant_type', grant_type],
    [idName, id],
    [secretName, secret],
  ])
}

let server: TestServer

before(async () => {
  const routes = rows.map(({ method = 'POST', request }, index) => {
    const paths = [`/token/${index}`]
    return { kind: 'token', method, paths, ...(request ? { request } : {}) }
  })
  server = await startServer({ dialect: { name: 'requests', routes } })
})

after(() => server[Symbol.asyncDispose]())

function send(index: number, { query, form, json, headers = {} }: Sent): Promise<Response> {
  const url = new URL(`${server.url}/token/${index}`)
  url.search = new URLSearchParams(query).toString()
  const method = rows[index]?.method ?? 'POST'
  if (json === undefined)
    return fetch(url, { method, headers, ...(form ? { body: new URLSearchParams(form) } : {}) })
  return fetch(url, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(json),
  })
}

rows.forEach(({ says, sent, refused = [], scope = 'read write' }, index) => {
  test(`a dialect can take a token request ${says}`, async () => {
    for (const parts of sent) {
      const response = await send(index, parts(server.client))
      const body = (await response.json()) as Record<string, unknown>
      assert.deepEqual(
        [response.status, body.scope, typeof body.access_token],
        [200, scope, 'string'],
        JSON.stringify(body),
      )
    }
    for (const [status, parts] of refused) {
      const response = await send(index, parts(server.client))
      const body = (await response.json()) as Record<string, unknown>
      assert.deepEqual([response.status, body.access_token], [status, undefined], JSON.stringify(body))
      assert.match(String(body.error_description), /^[A-Z].+\w\.$/)
    }
  })
})

test('a secret in the query reaches no log', () => {
  assert.ok(server.log().length > 0)
  assert.ok(!server.log().includes(server.client.secret))
})
