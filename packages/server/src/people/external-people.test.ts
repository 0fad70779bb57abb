import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { OAuthError } from '../base/oauth-error.ts'
import type { PeopleInput, VerifyPerson } from '../config/config.ts'
import { openTestStore, type TestStore } from '../store/testing/databases.ts'
import { createExternalPeople } from './external-people.ts'
import { maxAnswerBytes } from './external-request.ts'

const secret = 'what this system and the other one know'
const password = 'a password of the other system'
const now = 1_800_000_000
const jane = { id: '42', name: 'Jane Black', email: 'Jane@Example.com', scope: 'read' }

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** The owner's system: a real server, that is asked over HTTP. */
async function ownersSystem(listener: Listener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/people`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** As an owner would write it from the documentation: checks the signature over the time and the body as it came. */
async function checkedBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await text(request)
  const [, time, mac] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['latchkey-signature'])) ?? []
  assert.equal(Number(time), now)
  assert.equal(mac, createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'))
  return JSON.parse(body)
}

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

/** Long enough for an answer on a machine that is busy. */
const patientMs = 60_000

async function ask(
  at: TestStore,
  people: PeopleInput,
  attempt = { username: 'jane', password },
  timeoutMs = patientMs,
) {
  const find = createExternalPeople({ people, secret, clock: () => now, store: at.store, timeoutMs })
  return (await find(attempt.username)).check(attempt.password)
}

const verifying = (verify: unknown): PeopleInput => ({ verify: verify as VerifyPerson })

/** 503 with a reason that helps and holds no secret, and nobody got a row. */
async function assertUnavailable(
  at: TestStore,
  people: PeopleInput,
  reason: RegExp,
  timeoutMs?: number,
): Promise<void> {
  await assert.rejects(ask(at, people, undefined, timeoutMs), (error) => {
    assert.ok(error instanceof OAuthError)
    assert.deepEqual([error.status, error.code], [503, 'temporarily_unavailable'])
    assert.match(error.reason ?? '', reason)
    assert.ok(error.headers['retry-after'])
    const told = [error.message, error.reason, String(error.cause)].join('\n')
    for (const word of [password, secret, 'token-in-url']) assert.ok(!told.includes(word), told)
    return true
  })
  assert.deepEqual(await at.store.users.list(10), [])
}

test('a person of another system is asked for by a signed POST, and gets a row at the first sign-in', async () => {
  await using at = await openTestStore('SQLite')
  await using system = await ownersSystem(async (request, response) => {
    assert.equal(request.method, 'POST')
    assert.equal(request.headers['content-type'], 'application/json')
    assert.deepEqual(await checkedBody(request), { username: 'jane', password })
    json(response, 200, { ...jane, department: 'Sales' })
  })
  const user = await ask(at, { url: system.url })
  const { id, username, login, name, email, scope, password_hash } = (await at.store.users.find('42')) ?? {}
  assert.deepEqual(
    { id, username, login, name, email, scope, password_hash },
    {
      id: '42',
      username: 'external:42',
      login: 'jane',
      name: 'Jane Black',
      email: 'jane@example.com',
      scope: 'read',
      password_hash: '',
    },
  )
  assert.equal(user?.id, '42')
  await ask(at, { url: system.url })
  assert.equal((await at.store.users.list(10)).length, 1)
})

test('401, 403 and 404 are nobody', async () => {
  await using at = await openTestStore('SQLite')
  for (const status of [401, 403, 404]) {
    await using system = await ownersSystem((_, response) => json(response, status, { error: 'no' }))
    assert.equal(await ask(at, { url: system.url }), undefined)
  }
  assert.deepEqual(await at.store.users.list(10), [])
})

test('a system that is down, fails, or answers what it may not is 503', async () => {
  await using at = await openTestStore('SQLite')
  const answers: [Listener, RegExp][] = [
    [(_, response) => json(response, 500, jane), /the answer was 500/],
    [(_, response) => json(response, 201, jane), /the answer was 201/],
    [(_, response) => json(response, 429, jane), /the answer was 429/],
    [(_, response) => response.end('<html>token-in-url'), /no JSON/],
    [(_, response) => response.end(''), /no JSON/],
    [(_, response) => json(response, 200, [jane]), /a person that cannot be/],
    [(_, response) => json(response, 200, { ...jane, id: 42 }), /id: write a text/],
    [(_, response) => json(response, 200, { ...jane, id: '' }), /id: /],
    [(_, response) => json(response, 200, { ...jane, id: 'a b' }), /id: /],
    [(_, response) => json(response, 200, { ...jane, name: '' }), /name: /],
    [(_, response) => json(response, 200, { ...jane, email: 'nowhere' }), /email: /],
    [(_, response) => json(response, 200, { ...jane, scope: 'a"b' }), /scope: /],
    [(_, response) => json(response, 200, { id: '42' }), /name: /],
    [(request) => request.destroy(), /failed with TypeError/],
  ]
  for (const [listener, reason] of answers) {
    await using system = await ownersSystem(listener)
    await assertUnavailable(at, { url: system.url }, reason)
  }
  const gone = await ownersSystem(() => {})
  await gone[Symbol.asyncDispose]()
  await assertUnavailable(at, { url: gone.url }, /ECONNREFUSED/)
})

test('80: a redirect is not followed: a password goes to nobody else', async () => {
  await using at = await openTestStore('SQLite')
  let isAsked = false
  await using other = await ownersSystem((_, response) => {
    isAsked = true
    json(response, 200, jane)
  })
  for (const status of [301, 302, 303, 307, 308]) {
    await using system = await ownersSystem((_, response) =>
      response.writeHead(status, { location: other.url }).end(),
    )
    await assertUnavailable(at, { url: system.url }, new RegExp(`the answer was ${status}`))
  }
  assert.equal(isAsked, false)
})

test('a system that is slow to answer, or slow within its answer, is 503', async () => {
  await using at = await openTestStore('SQLite')
  await using silent = await ownersSystem(() => {})
  await assertUnavailable(at, { url: silent.url }, /no answer within 300 ms/, 300)
  await using slow = await ownersSystem((_, response) => response.writeHead(200).write('{'))
  await assertUnavailable(at, { url: slow.url }, /no answer within 300 ms/, 300)
})

test('an answer without an end is not read to its end', async () => {
  await using at = await openTestStore('SQLite')
  const ended = Promise.withResolvers<void>()
  await using system = await ownersSystem((_, response) => {
    response.on('close', () => ended.resolve())
    const more = () => {
      if (!response.destroyed) response.write(' '.repeat(maxAnswerBytes), () => setImmediate(more))
    }
    response.writeHead(200)
    more()
  })
  await assertUnavailable(at, { url: system.url }, /longer than \d+ bytes/)
  await ended.promise
})

test('a function of the owner says who it is, or that it is nobody', async () => {
  await using at = await openTestStore('SQLite')
  const verify: VerifyPerson = async (username, given) =>
    username === 'jane' && given === password ? { id: '42', name: 'Jane Black' } : undefined
  const user = await ask(at, { verify })
  assert.deepEqual([user?.id, user?.scope, user?.email], ['42', null, null])
  assert.equal(await ask(at, { verify }, { username: 'jane', password: 'wrong' }), undefined)
  assert.equal(
    await ask(
      at,
      verifying(() => null),
    ),
    undefined,
  )
})

test('88: a function that throws, hangs or answers what it may not is 503, and its words reach no log', async () => {
  await using at = await openTestStore('SQLite')
  const thrown = () => {
    throw Object.assign(new RangeError(`no such row: ${password}`), { code: 'ENOROW' })
  }
  await assertUnavailable(at, verifying(thrown), /failed with RangeError ENOROW at .*external-people\.test/)
  await assertUnavailable(
    at,
    verifying(async () => thrown()),
    /RangeError/,
  )
  await assertUnavailable(
    at,
    verifying(() => Promise.reject(password)),
    /failed with string/,
  )
  await assertUnavailable(
    at,
    verifying(() => new Promise(() => {})),
    /no answer within 300 ms/,
    300,
  )
  await assertUnavailable(
    at,
    verifying(async () => ({ id: password, name: '' })),
    /a person that cannot be/,
  )
  await assertUnavailable(
    at,
    verifying(async () => false),
    /a person that cannot be/,
  )
})

test('the function is told by its signal when nobody waits any longer', async () => {
  await using at = await openTestStore('SQLite')
  const aborted = Promise.withResolvers<void>()
  const verify: VerifyPerson = (_username, _password, { signal }) => {
    signal.addEventListener('abort', () => aborted.resolve())
    return new Promise(() => {})
  }
  await assertUnavailable(at, { verify }, /no answer/, 300)
  await aborted.promise
})

test('who was disabled here is refused, whatever the other system says; a lost scope ends their tokens', async () => {
  await using at = await openTestStore('SQLite')
  const { users } = at.store
  const verify = (scope: string) => verifying(async () => ({ ...jane, scope }))
  await ask(at, verify('read write'))
  const narrowed = await ask(at, verify('read'))
  assert.deepEqual([narrowed?.scope, narrowed?.epoch], ['read', 1])
  await users.disable('42', { at: now, actor: 'test', action: 'user.disabled', subject: 'user:42' })
  assert.equal(await ask(at, verify('read')), undefined)
})
