import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError } from '../base/oauth-error.ts'
import { maxBodyBytes, maxParameters, type ParameterSource, readParameters } from './parameters.ts'

type Source = 'form' | 'json' | 'query'

const wireFrom = (...from: Source[]): ParameterSource => ({ from: new Set(from), toStandard: undefined })

const form = 'application/x-www-form-urlencoded'

function read(body: string | ReadableStream, type = form, wire = wireFrom('form'), query = '') {
  const init: RequestInit = { method: 'POST', body, duplex: 'half', headers: { 'content-type': type } }
  return readParameters(new Request(`http://127.0.0.1/token${query}`, init), wire)
}

async function entries(...request: Parameters<typeof read>): Promise<[string, string][]> {
  return [...(await read(...request))]
}

const assertRefused = (work: Promise<unknown>, status = 400): Promise<void> =>
  assert.rejects(
    work,
    (error) => error instanceof OAuthError && error.code === 'invalid_request' && error.status === status,
  )

test('a form is decoded once, and parameters without a value are left out (RFC 6749 §3.2)', async () => {
  assert.deepEqual(await entries('a=1&b=x+y%20z&c=%2B%2541&d=&e&=&%66=%c3%a9&'), [
    ['a', '1'],
    ['b', 'x y z'],
    ['c', '+%41'],
    ['f', 'é'],
  ])
  assert.deepEqual(await entries('a=1=2&b==='), [
    ['a', '1=2'],
    ['b', '=='],
  ])
  assert.deepEqual(await entries('', 'text/plain'), [])
})

test('JSON members are texts, numbers or booleans; null is left out', async () => {
  const wire = wireFrom('json')
  const body = '{"a":"x","b":1,"c":true,"d":null,"e":""}'
  assert.deepEqual(await entries(body, 'application/json; charset=utf-8', wire), [
    ['a', 'x'],
    ['b', '1'],
    ['c', 'true'],
  ])
  await assertRefused(read('{"a":{}}', 'application/json', wire))
})

test('10: a JSON member that is given twice is refused, and a text that looks like one is not', async () => {
  const wire = wireFrom('json')
  for (const body of ['{"a":1,"a":2}', '{"a":1,"b":2,"\\u0061":3}', '{"a":null, "a" : "x"}']) {
    await assertRefused(read(body, 'application/json', wire))
  }
  const texts = JSON.stringify({ a: '"b":1,"b":', c: '\\":', d: ':' })
  assert.equal((await entries(texts, 'application/json', wire)).length, 3)
})

test('a body of a type that the route does not take is 415', async () => {
  await assertRefused(read('{"a":1}', 'application/json', wireFrom('form')), 415)
  await assertRefused(read('a=1', form, wireFrom('json')), 415)
  await assertRefused(read('a=1', `x${form}`), 415)
})

test('the query is read where the route takes it, and one parameter in both places is given twice', async () => {
  const both = wireFrom('form', 'query')
  assert.deepEqual(await entries('a=1', form, both, '?b=2'), [
    ['b', '2'],
    ['a', '1'],
  ])
  await assertRefused(read('a=1', form, both, '?a=1'))
  await assertRefused(read('a=1', form, wireFrom('form'), '?b=2'))
  assert.deepEqual(await entries('a=1', form, wireFrom('form'), '?'), [['a', '1']])
})

test('as many parameters as the limit are read, one more is refused', async () => {
  const many = (count: number) => Array.from({ length: count }, (_, number) => `p${number}=1`).join('&')
  assert.equal((await read(many(maxParameters))).size, maxParameters)
  await assertRefused(read(many(maxParameters + 1)))
})

test('a body as long as the limit is read, one byte more is 413, also when its length is not announced', async () => {
  const bodyOf = (length: number) => `a=${'x'.repeat(length - 2)}`
  const streamed = (text: string) => new Blob([text]).stream()
  assert.equal((await read(bodyOf(maxBodyBytes))).size, 1)
  assert.equal((await read(streamed(bodyOf(maxBodyBytes)))).size, 1)
  await assertRefused(read(streamed(bodyOf(maxBodyBytes + 1))), 413)
})

test('the words of a refusal name a parameter of the protocol, and never what was sent', async () => {
  await assert.rejects(read('scope=a&scope=b'), /The parameter scope is given more than once/)
  await assert.rejects(read('hush=a&hush=b'), (error) => !String(error).includes('hush'))
})

test('a sender who breaks off in the middle is refused as a caller, not reported as a failure', async () => {
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('a=1'))
      controller.error(new Error('aborted'))
    },
  })
  await assertRefused(read(broken))
})
