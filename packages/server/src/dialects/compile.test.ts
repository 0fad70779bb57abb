import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRoutes, inexpressibleLifetime, type Parameters, type Wire } from './compile.ts'
import { type DialectInput, parseDialect } from './dialect.ts'
import { resolveDialect } from './presets.ts'

type Route = NonNullable<DialectInput['routes']>[number]

const tokenRoute = (parts: Partial<Route>): Route => ({
  kind: 'token',
  method: 'POST',
  paths: ['/token'],
  ...parts,
})

function compileToken(parts: Partial<Route>): Wire {
  const wires = compileRoutes(parseDialect({ name: 'test', routes: [tokenRoute(parts)] }))
  const wire = wires.find(({ kind }) => kind === 'token')
  assert.ok(wire)
  return wire
}

const noHeaders = { header: () => undefined }

function toStandard(parts: Partial<Route>, sent: Record<string, string>): Record<string, string> {
  const parameters: Parameters = new Map(Object.entries(sent))
  const standard = compileToken(parts).toStandard?.(parameters, noHeaders) ?? parameters
  return Object.fromEntries(standard)
}

test('the standard dialect compiles to no transformation at all', () => {
  const wires = compileRoutes(resolveDialect('standard'))
  assert.deepEqual(
    wires.map(({ kind, method, paths }) => [kind, method, ...paths]),
    [
      ['authorization', 'GET', '/authorize'],
      ['token', 'POST', '/token'],
      ['revocation', 'POST', '/revoke'],
      ['introspection', 'POST', '/introspect'],
    ],
  )
  for (const { kind, from, isBasicAccepted, ...wire } of wires) {
    const { toStandard, toAnswer, toError, toRedirectError } = wire
    assert.ok([toStandard, toAnswer, toError, toRedirectError].every((change) => change === undefined))
    assert.deepEqual([[...from], isBasicAccepted], [[kind === 'authorization' ? 'query' : 'form'], true])
  }
})

test('a preset whose page follows the standard transforms nothing', () => {
  for (const name of ['standard', 'makeleaps', 'realtyna']) {
    for (const { toStandard, toAnswer, toError } of compileRoutes(resolveDialect(name))) {
      assert.deepEqual([toStandard, toAnswer, toError], [undefined, undefined, undefined], name)
    }
  }
})

test('a kind that the dialect speaks of leaves its standard path, the others stay', () => {
  const wires = compileRoutes(
    parseDialect({ name: 'test', routes: [tokenRoute({ paths: ['/login', '/auth'] })] }),
  )
  assert.deepEqual(
    wires.map(({ paths }) => paths),
    [['/login', '/auth'], ['/authorize'], ['/revoke'], ['/introspect']],
  )
})

test('a GET route reads the query when it does not say where from', () => {
  assert.deepEqual([...compileToken({ method: 'GET' }).from], ['query'])
  assert.deepEqual([...compileToken({ method: 'POST' }).from], ['form'])
})

test('two names of one parameter agree by what they mean, not by how it is written', () => {
  const request = { rename: { type: 'grant_type' }, values: { grant_type: { app: 'client_credentials' } } }
  const sent = { type: 'app', grant_type: 'app' }
  assert.deepEqual(toStandard({ request }, sent), { grant_type: 'client_credentials' })
  assert.deepEqual(toStandard({ request }, { ...sent, grant_type: 'client_credentials' }), {
    grant_type: 'client_credentials',
  })
  assert.throws(() => toStandard({ request }, { ...sent, grant_type: 'password' }), {
    code: 'invalid_request',
  })
})

test('names may change places', () => {
  const request = { rename: { username: 'client_id', client_id: 'username' } }
  assert.deepEqual(toStandard({ request }, { username: 'a', client_id: 'b' }), {
    client_id: 'a',
    username: 'b',
  })
})

test("a default speaks only where the request is silent, and in the wire's own scope separator", () => {
  const request = {
    defaults: { grant_type: 'client_credentials', scope: 'a,b' },
    scopeSeparator: ',',
  } as const
  assert.deepEqual(toStandard({ request }, { grant_type: 'password' }), {
    grant_type: 'password',
    scope: 'a b',
  })
  assert.deepEqual(toStandard({ request }, { scope: 'c' }), { scope: 'c', grant_type: 'client_credentials' })
})

test('no value and no error code finds what every object inherits', () => {
  const request = { values: { grant_type: { app: 'client_credentials' } } }
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.deepEqual(toStandard({ request }, { grant_type: name }), { grant_type: name })
    const sent = new Map([[name, 'name']])
    assert.deepEqual(compileToken({ request }).toStandard?.(sent, noHeaders), sent)
    const { toError } = compileToken({
      error: { body: { code: '{code}' }, statuses: {}, messages: {}, codes: {} },
    })
    const error = { error: name, error_description: 'words', error_uri: '', status: 400 }
    assert.deepEqual(toError?.(error), { status: 400, body: { code: name } })
  }
})

test('an answer with names that every object inherits sets them on itself alone', () => {
  const { toAnswer } = compileToken({
    answer: { 'constructor.prototype.x': { constant: 1 }, toString: 'scope' },
  })
  const body = toAnswer?.({ scope: 'read' }, 0)
  assert.equal(JSON.stringify(body), '{"constructor":{"prototype":{"x":1}},"toString":"read"}')
  assert.equal('x' in {}, false)
  assert.equal(String({}), '[object Object]')
})

test('one answer never shares its members with the next', () => {
  const { toAnswer } = compileToken({ answer: { 'data.token': 'access_token', 'data.scope': 'scope' } })
  const first = toAnswer?.({ access_token: 'first', scope: 'read' }, 0)
  assert.deepEqual(toAnswer?.({ access_token: 'second' }, 0), { data: { token: 'second' } })
  assert.deepEqual(first, { data: { token: 'first', scope: 'read' } })
})

test('a template of what is not there is empty, and a text that looks like a pattern stays as it is', () => {
  const { toAnswer } = compileToken({ answer: { id: { template: '<{scope}|{client_id}>' } } })
  assert.deepEqual(toAnswer?.({ client_id: "$&$'{scope}" }, 0), { id: "<|$&$'{scope}>" })
})

test('a lifetime is rounded down, never up', () => {
  const { toAnswer } = compileToken({ answer: { minutes: { lifetime: 'expires_in', unit: 'minutes' } } })
  assert.deepEqual(toAnswer?.({ expires_in: 119 }, 0), { minutes: 1 })
  assert.deepEqual(toAnswer?.({ expires_in: 120 }, 0), { minutes: 2 })
})

test('only a unit that cannot say the lifetime it writes is named', () => {
  const dialect = (
    lifetime: 'expires_in' | 'refresh_expires_in',
    unit: 'minutes' | 'seconds' | 'milliseconds',
  ) => parseDialect({ name: 'test', routes: [tokenRoute({ answer: { end: { lifetime, unit } } })] })
  const lifetimes = { expires_in: 120, refresh_expires_in: 5400 }
  const [short, shortRefresh] = [
    { ...lifetimes, expires_in: 90 },
    { ...lifetimes, refresh_expires_in: 90 },
  ]
  assert.deepEqual(inexpressibleLifetime(dialect('expires_in', 'minutes'), short), {
    lifetime: 'expires_in',
    unit: 'minutes',
  })
  assert.deepEqual(inexpressibleLifetime(dialect('refresh_expires_in', 'minutes'), shortRefresh), {
    lifetime: 'refresh_expires_in',
    unit: 'minutes',
  })
  for (const [field, unit, seconds] of [
    ['expires_in', 'minutes', lifetimes],
    ['expires_in', 'minutes', shortRefresh],
    ['refresh_expires_in', 'minutes', short],
    ['expires_in', 'seconds', short],
    ['expires_in', 'milliseconds', short],
  ] as const) {
    assert.equal(inexpressibleLifetime(dialect(field, unit), seconds), undefined)
  }
})

test('refresh and invalidate exist only where the dialect says so', () => {
  const kindsOf = (routes: Route[]) =>
    compileRoutes(parseDialect({ name: 'test', routes })).map(({ kind }) => kind)
  const standard = ['authorization', 'token', 'revocation', 'introspection']
  assert.deepEqual(kindsOf([]), standard)
  assert.deepEqual(
    kindsOf([
      { kind: 'refresh', method: 'POST', paths: ['/refresh'] },
      { kind: 'invalidate', method: 'POST', paths: ['/logout'] },
    ]),
    ['refresh', 'invalidate', ...standard],
  )
})

test('a refresh route implies its grant type, and lets a request that says another stand', () => {
  const [wire] = compileRoutes(
    parseDialect({
      name: 'test',
      routes: [
        {
          kind: 'refresh',
          method: 'POST',
          paths: ['/refresh'],
          request: { rename: { refreshToken: 'refresh_token' } },
        },
      ],
    }),
  )
  const read = (sent: Record<string, string>) =>
    Object.fromEntries(wire?.toStandard?.(new Map(Object.entries(sent)), noHeaders) ?? [])
  assert.deepEqual(read({ refreshToken: 'a' }), { grant_type: 'refresh_token', refresh_token: 'a' })
  assert.equal(read({ grant_type: 'password' }).grant_type, 'password')
})

test('what an authorization route adds to an error redirect is filled in', () => {
  const [wire] = compileRoutes(
    parseDialect({
      name: 'test',
      routes: [
        {
          kind: 'authorization',
          method: 'GET',
          paths: ['/authorize'],
          redirectErrors: { 'error.message': '{error_description}', kind: '<{error}|{code}|{status}>' },
        },
      ],
    }),
  )
  assert.deepEqual(
    wire?.toRedirectError?.({
      error: 'access_denied',
      error_description: 'No.',
      error_uri: '',
      status: 403,
    }),
    { 'error.message': 'No.', kind: '<access_denied|access_denied|403>' },
  )
})
