import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRoutes, inexpressibleUnit, type Parameters, type Wire } from './compile.ts'
import { type DialectInput, parseDialect } from './dialect.ts'
import { presets, resolveDialect } from './presets.ts'

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
      ['token', 'POST', '/token'],
      ['revocation', 'POST', '/revoke'],
      ['introspection', 'POST', '/introspect'],
    ],
  )
  for (const { toStandard, toAnswer, toError, from, isBasicAccepted } of wires) {
    assert.deepEqual([toStandard, toAnswer, toError], [undefined, undefined, undefined])
    assert.deepEqual([[...from], isBasicAccepted], [['form'], true])
  }
})

test('no preset transforms what it need not', () => {
  for (const name of Object.keys(presets)) {
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
    [['/login', '/auth'], ['/revoke'], ['/introspect']],
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
  assert.equal(inexpressibleUnit(dialect('expires_in', 'minutes'), { expires_in: 90 }), 'minutes')
  assert.equal(inexpressibleUnit(dialect('expires_in', 'minutes'), { expires_in: 120 }), undefined)
  assert.equal(inexpressibleUnit(dialect('expires_in', 'seconds'), { expires_in: 90 }), undefined)
  assert.equal(inexpressibleUnit(dialect('expires_in', 'milliseconds'), { expires_in: 90 }), undefined)
  assert.equal(inexpressibleUnit(dialect('refresh_expires_in', 'minutes'), { expires_in: 90 }), undefined)
  const both = { expires_in: 60, refresh_expires_in: 90 }
  assert.equal(inexpressibleUnit(dialect('refresh_expires_in', 'minutes'), both), 'minutes')
})
