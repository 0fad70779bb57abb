import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRoutes } from '../dialects/compile.ts'
import { parseDialect } from '../dialects/dialect.ts'
import {
  afterSignIn,
  type Continuation,
  continuationOf,
  continuationUrl,
  interactionLifetimeSeconds,
  maxContinuationLength,
  readContinuation,
  readContinuedRequest,
  readInteraction,
  withoutInteraction,
} from './continuation.ts'

const issuer = 'https://auth.example.com/login'
const wires = compileRoutes(
  parseDialect({
    name: 'two',
    routes: [{ kind: 'authorization', method: 'GET', paths: ['/authorize', '/v2/authorize'] }],
  }),
)
const config = { issuer, secrets: ['new secret', 'old secret'] }
const now = 1_800_000_000

function read(text: string): Continuation {
  const continuation = readContinuation(text, wires, issuer)
  assert.ok(continuation, text)
  return continuation
}

test('a continuation is the path and query of one of the authorization routes, under the issuer', () => {
  for (const text of ['/login/authorize', '/login/v2/authorize?client_id=a', '/login/authorize?a=%2F&b="'])
    assert.equal(continuationUrl(read(text), issuer), `https://auth.example.com${text}`)
  const request = new Request(`${issuer}/authorize?client_id=a&state=x%20y`)
  assert.equal(continuationOf(request, { config, wires }), '/login/authorize?client_id=a&state=x%20y')
})

test('69: anything else is none', () => {
  for (const text of [
    undefined,
    null,
    '',
    '/',
    '/authorize?a',
    '/login/token?a',
    '/login/authorize/',
    '/login/authorize/../token',
    '/login/Authorize',
    '//evil.com/login/authorize',
    'https://auth.example.com/login/authorize',
    'https://evil.com/login/authorize',
    '/login/authorize#x',
    '/login/authorize?a b',
    '/login/authorize?a\r\nb',
    '/login/authorize?é',
    '/login\\authorize',
    `/login/authorize?${'x'.repeat(maxContinuationLength)}`,
  ])
    assert.equal(readContinuation(text, wires, issuer), undefined, String(text))
})

test('the parameters of a continuation are those of its request', async () => {
  const continuation = read('/login/authorize?client_id=a&state=x%20y%2B&empty=')
  const { wire, parameters } = await readContinuedRequest(continuation, { config, wires })
  assert.equal(wire.kind, 'authorization')
  assert.deepEqual(
    [...parameters],
    [
      ['client_id', 'a'],
      ['state', 'x y+'],
    ],
  )
})

test('what a person did is written into the request that they did it for, and taken out again', async () => {
  for (const text of ['/login/authorize', '/login/authorize?a=1', '/login/authorize?a=1&b=2']) {
    const marked = afterSignIn(read(text), { id: 'john.doe of 7' }, now, config)
    assert.deepEqual(readInteraction(read(marked), now, config), {
      startedAt: now,
      accountId: 'john.doe of 7',
    })
    assert.equal(withoutInteraction(marked), text)
    const again = afterSignIn(marked, { id: 'jane' }, now + 1, config)
    assert.equal(readInteraction(again, now, config)?.accountId, 'jane')
    assert.equal(withoutInteraction(again), text)
    await readContinuedRequest(again, { config, wires })
  }
})

test('the longest request is still one when it is marked, and nothing else may be longer', () => {
  const start = '/login/authorize?a='
  const longest = read(`${start}${'x'.repeat(maxContinuationLength - start.length)}`)
  const marked = read(afterSignIn(longest, { id: 'j'.repeat(200) }, now, config))
  assert.ok(readInteraction(marked, now, config))
  assert.equal(readContinuation(`${longest}x`, wires, issuer), undefined)
  assert.equal(readContinuation(`${marked}${'x'.repeat(1024)}`, wires, issuer), undefined)
})

test('60: it holds for no other request, person or time, not for ever, and under our secrets alone', () => {
  const marked = afterSignIn(read('/login/authorize?a=1'), { id: 'john' }, now, config)
  const readAs = (text: string, at = now, secrets = config.secrets) =>
    readInteraction(text as Continuation, at, { secrets })
  assert.ok(readAs(marked))
  assert.ok(readAs(marked, now, ['newer secret', 'new secret']))
  for (const forged of [
    marked.replace('a=1', 'a=2'),
    marked.replace('.john.', '.jane.'),
    marked.replace(String(now), String(now + 1)),
    marked.replace('/authorize', '/v2/authorize'),
    `${marked}&b=2`,
    marked.slice(0, -1),
    withoutInteraction(marked),
    marked.replace('.john.', '.%ff.'),
  ])
    assert.equal(readAs(forged), undefined, forged)
  assert.equal(readAs(marked, now, ['another secret']), undefined)
  assert.ok(readAs(marked, now + interactionLifetimeSeconds - 1))
  assert.equal(readAs(marked, now + interactionLifetimeSeconds), undefined)
})
