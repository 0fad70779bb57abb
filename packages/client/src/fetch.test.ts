import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createTokenClient } from './index.ts'
import { reasonOf } from './reason.ts'
import { startTokenServer } from './testing/token-server.ts'
import { accepting, makeFetch, redirect, spyOnFetch, startApi } from './testing/two-apis.ts'

const refusal = (challenge: string) => () => ({ status: 401, headers: { 'www-authenticate': challenge } })

test('a call carries the credential, in a header or in the URL', async () => {
  await using api = await startApi(() => ({}))
  for (const way of ['authorization', 'x-api-key', 'query'] as const) {
    const response = await makeFetch([api.origin], { way }).fetch(`${api.origin}/a?b=c`)
    assert.equal(await response.text(), 'fine')
    assert.equal(response.redirected, false)
    assert.equal(reasonOf(response), undefined)
  }
  const [bearer, key, query] = api.received
  assert.deepEqual([bearer?.headers.authorization, bearer?.path], ['Bearer t1', '/a?b=c'])
  assert.deepEqual([key?.headers['x-api-key'], key?.headers.authorization], ['t1', undefined])
  assert.deepEqual([query?.path, query?.headers.authorization], ['/a?b=c&access_token=t1', undefined])
})

test('a string, a URL and a Request are the same call, and so are the three shapes of headers', async () => {
  await using api = await startApi(({ headers }) => ({ body: `${headers.authorization} ${headers.a}` }))
  const client = makeFetch([api.origin])
  const url = `${api.origin}/x`
  for (const headers of [{ A: '1' }, [['a', '1']] as [string, string][], new Headers({ a: '1' })])
    for (const response of [
      await client.fetch(url, { headers }),
      await client.fetch(new URL(url), { headers }),
      await client.fetch(new Request(url, { headers: { a: '2' } }), { headers }),
      await client.fetch(new Request(url, { headers })),
    ])
      assert.equal(await response.text(), 'Bearer t1 1')
})

test('a Request is sent with its method and body', async () => {
  await using api = await startApi(() => ({}))
  const client = makeFetch([api.origin])
  const make = () => new Request(`${api.origin}/x`, { method: 'PUT', body: 'text' })
  await client.fetch(make())
  await client.fetch(make(), { method: 'PATCH' })
  await client.fetch(make(), { body: 'other' })
  const seen = api.received.map(({ method, path, body }) => `${method} ${path} ${body}`)
  assert.deepEqual(seen, ['PUT /x text', 'PATCH /x text', 'PUT /x other'])
  assert.equal(api.received[0]?.headers['content-length'], '4')
})

test('what the client does not know reaches the fetch beneath, in the retry as well', async () => {
  await using api = await startApi(accepting('t2'))
  const spy = spyOnFetch()
  const given = { cf: { cacheTtl: 5 }, agent: () => undefined, priority: 'high' }
  await makeFetch([api.origin], { fetch: spy.fetch }).fetch(api.origin, given as RequestInit)
  const seen = spy.calls.map(({ init = {} }) =>
    Object.fromEntries(Object.keys(given).map((name) => [name, Reflect.get(init, name)])),
  )
  assert.deepEqual(seen, [given, given])
})

test('an origin that is not allowed is called just as it was asked for', async () => {
  await using api = await startApi(() => ({ status: 401 }))
  const spy = spyOnFetch()
  const [input, init] = [new Request(api.origin), { redirect: 'manual' } as const]
  const response = await makeFetch([], { fetch: spy.fetch }).fetch(input, init)
  assert.equal(reasonOf(response), undefined)
  assert.equal(spy.calls.length, 1)
  assert.ok(spy.calls[0]?.input === input && spy.calls[0].init === init)
})

test('a 401 gets a new token and one more try, with any body that can be read again', async () => {
  const form = new FormData()
  form.append('file', new Blob(['text']), 'name.txt')
  const bodies = [
    'text',
    new URLSearchParams({ a: 'text' }),
    new Blob(['text']),
    form,
    new TextEncoder().encode('text'),
  ]
  for (const body of [...bodies, new TextEncoder().encode('text').buffer, new DataView(new ArrayBuffer(4))]) {
    await using api = await startApi(accepting('t2'))
    const client = makeFetch([api.origin])
    const response = await client.fetch(api.origin, { method: 'POST', body })
    assert.equal(response.status, 200)
    const [first, second] = api.received
    assert.equal(second?.body.length, first?.body.length)
    if (body !== form)
      assert.deepEqual(
        [second?.body, second?.headers['content-type']],
        [first?.body, first?.headers['content-type']],
      )
    else assert.match(String(second?.headers['content-type']), /multipart\/form-data; boundary=/)
    assert.deepEqual(
      client.asked.map(({ rejected }) => rejected),
      [undefined, 't1'],
    )
  }
})

test("a Request's text or form is sent again with its length and type, and so is one without a body", async () => {
  const form = new FormData()
  form.append('file', new Blob(['text']), 'name.txt')
  for (const body of ['text', 'x'.repeat(100_000), new URLSearchParams({ a: '1' }), form, null]) {
    await using api = await startApi(accepting('t2'))
    const response = await makeFetch([api.origin]).fetch(new Request(api.origin, { method: 'POST', body }))
    assert.equal(response.status, 200)
    const [first, second] = api.received
    assert.equal(second?.body, first?.body)
    for (const name of ['content-length', 'content-type'])
      assert.equal(second?.headers[name], first?.headers[name])
    assert.equal(first?.headers['transfer-encoding'], undefined)
  }
})

for (const [type, isReplayed] of [
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['application/problem+json', true],
  ['application/x-www-form-urlencoded', true],
  ['text/plain', true],
  ['application/x-ndjson', false],
  ['application/jsonl', false],
  ['application/json-seq', false],
  ['application/octet-stream', false],
  ['text/csv', false],
  [undefined, false],
] as const)
  test(`a Request of the type ${type} is ${isReplayed ? 'sent again' : 'not sent again: it may be a stream'}`, async () => {
    await using api = await startApi(accepting('t2'))
    const body = new TextEncoder().encode('{}\n{}\n')
    const headers = new Headers(type ? { 'content-type': type } : {})
    const response = await makeFetch([api.origin]).fetch(
      new Request(api.origin, { method: 'POST', body, headers }),
    )
    assert.deepEqual(
      [response.status, reasonOf(response)],
      isReplayed ? [200, undefined] : [401, 'body_not_replayed'],
    )
    const bodies = api.received.map((received) => received.body)
    assert.deepEqual(bodies, Array(isReplayed ? 2 : 1).fill('{}\n{}\n'))
  })

test('a body that can be read once is not sent again: the 401 says so, and the token is a new one', async () => {
  await using api = await startApi(accepting('t2'))
  const { origin } = api
  async function* pieces() {
    yield new TextEncoder().encode('text')
  }
  const stream = () => new Blob(['text']).stream()
  const bytes = () => new Request(origin, { method: 'POST', body: stream(), duplex: 'half' })
  const calls = [
    (send: typeof fetch) => send(origin, { method: 'POST', body: stream(), duplex: 'half' }),
    (send: typeof fetch) => send(origin, { method: 'POST', body: pieces(), duplex: 'half' }),
    (send: typeof fetch) => send(bytes()),
  ]
  for (const call of calls) {
    const client = makeFetch([origin])
    const response = await call(client.fetch)
    assert.deepEqual([response.status, reasonOf(response)], [401, 'body_not_replayed'])
    assert.equal(await response.text(), 'refused')
    assert.equal(client.generation(), 2)
  }
  assert.equal(api.received.length, calls.length)
})

test('when the renewal fails, a caller whose body is spent still gets the 401', async () => {
  await using api = await startApi(accepting('t2'))
  const renew = () => Promise.reject(new Error('no token'))
  const body = new Blob(['text']).stream()
  const response = await makeFetch([api.origin], { renew }).fetch(api.origin, {
    method: 'POST',
    body,
    duplex: 'half',
  })
  assert.equal(reasonOf(response), 'body_not_replayed')
})

test('when the renewal fails, its error is thrown, and the connection is free again', async () => {
  await using api = await startApi(accepting('t2'))
  const failure = new Error('no token')
  const spy = spyOnFetch()
  const client = makeFetch([api.origin], { fetch: spy.fetch, renew: () => Promise.reject(failure) })
  await assert.rejects(client.fetch(api.origin), failure)
  assert.equal(spy.responses[0]?.bodyUsed, true)
})

test('an upload in a Request is streamed as it is, and no copy of it is kept', async () => {
  await using api = await startApi(({ body }) => ({ body: String(body.length) }))
  const spy = spyOnFetch()
  const stream = () => new Blob([new Uint8Array(5_000_000)]).stream()
  const request = new Request(api.origin, { method: 'POST', body: stream(), duplex: 'half' })
  request.clone = () => assert.fail('a copy was made')
  const upload = await makeFetch([api.origin], { fetch: spy.fetch }).fetch(request)
  assert.equal(await upload.text(), '5000000')
  assert.equal(spy.calls[0]?.input, request)
  await fetch(api.origin, { method: 'POST', body: stream(), duplex: 'half' })
  const [ours, theirs] = api.received.map(({ headers }) => [
    headers['transfer-encoding'],
    headers['content-length'],
  ])
  assert.deepEqual(ours, theirs)
})

test('a Request that was used before is refused by fetch itself', async () => {
  await using api = await startApi(() => ({}))
  const request = new Request(api.origin, { method: 'POST', body: 'text' })
  await request.text()
  const message = await fetch(request).then(String, (error: TypeError) => error.message)
  await assert.rejects(makeFetch([api.origin]).fetch(request), { name: 'TypeError', message })
  assert.equal(api.received.length, 0)
})

test('insufficient_scope is no matter of the token: the 401 is handed on', async () => {
  const challenges = [
    'Bearer error="insufficient_scope", scope="a b"',
    'Basic realm="x", DPoP error=insufficient_scope',
  ]
  for (const challenge of challenges) {
    await using api = await startApi(refusal(challenge))
    const client = makeFetch([api.origin])
    const response = await client.fetch(api.origin)
    assert.deepEqual([response.status, reasonOf(response)], [401, 'insufficient_scope'])
    assert.equal(await response.text(), 'fine')
    assert.equal(client.generation(), 1)
    assert.equal(api.received.length, 1)
  }
})

test('a new token that is refused is not followed by another', async () => {
  await using api = await startApi(accepting('t9'))
  const client = makeFetch([api.origin])
  const response = await client.fetch(api.origin)
  assert.deepEqual([response.status, reasonOf(response)], [401, 'new_token_refused'])
  assert.equal(await response.text(), 'refused')
  assert.equal(api.received.length, 2)
})

test('a new token may be refused for its scope', async () => {
  await using api = await startApi(({ headers }) =>
    headers.authorization === 'Bearer t1' ? { status: 401 } : refusal('Bearer error="insufficient_scope"')(),
  )
  assert.equal(reasonOf(await makeFetch([api.origin]).fetch(api.origin)), 'insufficient_scope')
})

test('403 and other answers are handed on as they are', async () => {
  await using api = await startApi(() => ({
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  }))
  const response = await makeFetch([api.origin]).fetch(api.origin)
  assert.deepEqual([response.status, reasonOf(response)], [403, undefined])
  assert.equal(api.received.length, 1)
})

test('many calls at once each end well, and none is sent more than twice', async () => {
  await using api = await startApi(accepting('t2'))
  const client = makeFetch([api.origin])
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(api.origin)))
  assert.ok(answers.every(({ status }) => status === 200))
  assert.equal(client.generation(), 2)
  assert.ok(api.received.length <= 40)
})

test('short refusals cost no connection', async () => {
  await using api = await startApi(accepting('t2'))
  for (let call = 0; call < 10; call++) await (await makeFetch([api.origin]).fetch(api.origin)).text()
  assert.equal(api.received.length, 20)
  assert.ok(api.connections() < 10, `${api.connections()} connections`)
})

test('a HEAD is tried again as a HEAD', async () => {
  await using api = await startApi(accepting('t2'))
  const response = await makeFetch([api.origin]).fetch(api.origin, { method: 'HEAD' })
  assert.equal(response.status, 200)
  assert.deepEqual(
    api.received.map(({ method }) => method),
    ['HEAD', 'HEAD'],
  )
})

test('a signal reaches the renewal and the request, in an init or in a Request', async () => {
  const reason = new Error('enough')
  let arrived = Promise.withResolvers<void>()
  await using api = await startApi(({ path }) => {
    if (path !== '/slow') return { status: 401 }
    arrived.resolve()
    return new Promise(() => {})
  })
  for (const wrap of [
    (path: string, signal: AbortSignal) => ({ input: `${api.origin}${path}`, init: { signal } }),
    (path: string, signal: AbortSignal) => ({
      input: new Request(`${api.origin}${path}`, { signal }),
      init: {},
    }),
  ]) {
    const slow = new AbortController()
    const slowly = wrap('/slow', slow.signal)
    const waiting = makeFetch([api.origin]).fetch(slowly.input, slowly.init)
    await arrived.promise
    arrived = Promise.withResolvers()
    slow.abort(reason)
    await assert.rejects(waiting, (error) => error === reason || String(error).includes('abort'))

    const between = new AbortController()
    const renew = async ({ signal }: { signal?: AbortSignal | null | undefined }) => {
      between.abort(reason)
      signal?.throwIfAborted()
    }
    const before = api.received.length
    const { input, init } = wrap('/', between.signal)
    const client = makeFetch([api.origin], { renew })
    await assert.rejects(client.fetch(input, init), reason)
    const signals = client.asked.map(({ signal }) => signal?.reason)
    assert.deepEqual(signals, [reason, reason])
    assert.equal(api.received.length, before + 1)
  }
})

test('an abort between the 401 and its renewal is thrown, also when the body is spent', async () => {
  await using api = await startApi(() => ({ status: 401 }))
  const controller = new AbortController()
  const renew = async () => controller.abort(new Error('enough'))
  const { signal } = controller
  const body = new Blob(['text']).stream()
  const renewAndFail = () => renew().then(() => Promise.reject(new Error('no token')))
  const spent = makeFetch([api.origin], { renew: renewAndFail })
  await assert.rejects(spent.fetch(api.origin, { method: 'POST', body, duplex: 'half', signal }), /enough/)
})

test('a URL that is none is refused as fetch refuses it', async () => {
  await assert.rejects(makeFetch([]).fetch('/relative'), TypeError)
})

test("a caller's own credential is left alone", async () => {
  await using api = await startApi(() => ({ status: 401 }))
  const own = { authorization: 'Basic own' }
  for (const headers of [own, Object.entries(own) as [string, string][], new Headers(own)]) {
    const client = makeFetch([api.origin])
    for (const call of [
      () => client.fetch(api.origin, { headers }),
      () => client.fetch(new Request(api.origin, { headers })),
    ])
      assert.equal(reasonOf(await call()), undefined)
    assert.deepEqual(client.asked, [])
  }
  const client = makeFetch([api.origin], { way: 'x-api-key' })
  await client.fetch(api.origin, { headers: { 'X-API-Key': 'mine' } })
  assert.equal(client.generation(), 1)
  assert.equal(api.received.length, 7)
  assert.equal(api.received[6]?.headers['x-api-key'], 'mine')
  assert.ok(api.received.slice(0, 6).every(({ headers }) => headers.authorization === 'Basic own'))
})

test('a redirect within the origin is followed with the credential, and a new token starts from the first URL', async () => {
  await using api = await startApi((request) =>
    request.path === '/a' ? redirect('/b', 307) : accepting('t2')(request),
  )
  const response = await makeFetch([api.origin]).fetch(`${api.origin}/a`)
  assert.deepEqual([response.status, response.redirected, response.url], [200, true, `${api.origin}/b`])
  assert.deepEqual(
    api.received.map(({ path, headers }) => [path, headers.authorization]),
    [
      ['/a', 'Bearer t1'],
      ['/b', 'Bearer t1'],
      ['/a', 'Bearer t2'],
      ['/b', 'Bearer t2'],
    ],
  )
})

test('a POST that was redirected is not done again: the 401 says so, and the token is a new one', async () => {
  await using api = await startApi((request) =>
    request.path === '/a' ? redirect('/b', 303) : accepting('t2')(request),
  )
  const client = makeFetch([api.origin])
  const response = await client.fetch(`${api.origin}/a`, { method: 'POST', body: 'text' })
  assert.deepEqual([response.status, reasonOf(response)], [401, 'body_not_replayed'])
  assert.equal(client.generation(), 2)
  assert.deepEqual(
    api.received.map(({ method, path }) => `${method} ${path}`),
    ['POST /a', 'GET /b'],
  )
})

test('no credential crosses a redirect to another origin, allowed or not, and a 401 there is no matter of the token', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    await using other = await startApi(() => ({ status: 401 }))
    await using api = await startApi(() => redirect(`${other.origin}/b`, status))
    const client = makeFetch([api.origin, other.origin])
    const response = await client.fetch(`${api.origin}/a`)
    assert.deepEqual([response.status, reasonOf(response), client.generation()], [401, undefined, 1])
    assert.equal(other.received.length, 1)
    assert.equal(other.received[0]?.headers.authorization, undefined)
  }
})

test('once away, the credential does not come back with a redirect', async () => {
  await using api = await startApi(({ path }) => (path === '/a' ? redirect(`${other.origin}/b`) : {}))
  await using other = await startApi(() => redirect(`${api.origin}/c`))
  await (await makeFetch([api.origin, other.origin]).fetch(`${api.origin}/a`)).text()
  const last = api.received.at(-1)
  assert.deepEqual([last?.path, last?.headers.authorization], ['/c', undefined])
})

test('a credential in another header or in the URL follows no redirect: the caller gets it', async () => {
  await using other = await startApi(() => ({}))
  await using api = await startApi(({ path }) => redirect(`${other.origin}${path}`, 307))
  for (const way of ['x-api-key', 'query', 'authorization and x-api-key'] as const) {
    const { fetch } = makeFetch([api.origin, other.origin], { way })
    for (const input of [api.origin, new Request(api.origin, { method: 'POST', body: 'text' })]) {
      const response = await fetch(input)
      assert.deepEqual([response.status, response.headers.has('location')], [307, true])
    }
    await assert.rejects(fetch(api.origin, { redirect: 'error' }), TypeError)
  }
  assert.equal(other.received.length, 0)
})

test('with the token in the URL a Request keeps its method, headers and body', async () => {
  await using api = await startApi(accepting('t1'))
  const headers = { a: '1', 'content-type': 'text/plain' }
  const request = new Request(`${api.origin}/x`, { method: 'PUT', headers, body: 'text' })
  await makeFetch([api.origin], { way: 'query' }).fetch(request)
  const [received] = api.received
  assert.deepEqual(
    [received?.method, received?.path, received?.headers.a, received?.body],
    ['PUT', '/x?access_token=t1', '1', 'text'],
  )
})

/** The monotonic clock stands still until it is moved. */
function mockClock({ mock }: TestContext) {
  let now = performance.now()
  mock.method(performance, 'now', () => now)
  return (milliseconds: number) => {
    now += milliseconds
  }
}

/** A client of a server whose tokens count up, and of an API, and maybe another. */
async function setScene(answer: Parameters<typeof startApi>[0], ...others: string[]) {
  const [server, api] = [await startTokenServer(), await startApi(answer)]
  const { fetch } = createTokenClient({ ...server.options, origins: [api.origin, ...others] })
  const all = new AsyncDisposableStack()
  all.use(server)
  all.use(api)
  return {
    server,
    api,
    async call(origin = api.origin) {
      const response = await fetch(origin)
      await response.arrayBuffer()
      return response
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

for (const [what, count] of [
  ['in a row', 1],
  ['at once', 30],
] as const)
  test(`an API that refuses every token costs one renewal in five seconds, with thirty calls ${what}`, async (t) => {
    const advance = mockClock(t)
    await using scene = await setScene(() => ({ status: 401 }))
    for (let period = 0; period < 3; period++) {
      for (let calls = 0; calls < 30; calls += count) {
        const responses = await Promise.all(Array.from({ length: count }, scene.call))
        for (const response of responses)
          assert.deepEqual([response.status, reasonOf(response)], [401, 'new_token_refused'])
        advance(100 * count)
      }
      assert.equal(scene.server.requests.length, 2 + period)
      advance(5_000)
    }
  })

test('a token that is revoked ten times in a row, each time after it was accepted, is renewed each time', async () => {
  const revoked = new Set<string | undefined>()
  await using scene = await setScene(({ headers }) => ({
    status: revoked.has(headers.authorization) ? 401 : 200,
  }))
  for (let times = 0; times < 10; times++) {
    assert.equal((await scene.call()).status, 200)
    revoked.add(scene.api.received.at(-1)?.headers.authorization)
    assert.equal((await scene.call()).status, 200)
  }
  assert.equal(scene.server.requests.length, 11)
})

test('an API that refused a new token and takes it later gets another one when that is revoked', async (t) => {
  const advance = mockClock(t)
  let isClosed = true
  const revoked = new Set<string | undefined>()
  await using scene = await setScene(({ headers }) => ({
    status: isClosed || revoked.has(headers.authorization) ? 401 : 200,
  }))
  assert.equal((await scene.call()).status, 401)
  isClosed = false
  assert.equal((await scene.call()).status, 200)
  revoked.add(scene.api.received.at(-1)?.headers.authorization)
  advance(5_000)
  assert.equal((await scene.call()).status, 200)
})

test('an API that refuses every token is left alone by the clock that nobody sets back', async (t) => {
  const advance = mockClock(t)
  let isClosed = true
  await using scene = await setScene(() => ({ status: isClosed ? 401 : 200 }))
  assert.equal((await scene.call()).status, 401)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 })
  advance(5_000)
  const before = scene.server.requests.length
  assert.equal((await scene.call()).status, 401)
  assert.equal(scene.server.requests.length, before + 1, 'another token was asked for')
  isClosed = false
  assert.equal((await scene.call()).status, 200)
})

test('that one API refuses every token does not keep another from getting a new one', async (t) => {
  mockClock(t)
  const refusedByOther = new Set<string | undefined>()
  await using other = await startApi(({ headers }) => ({
    status: refusedByOther.has(headers.authorization) ? 401 : 200,
  }))
  await using scene = await setScene(() => ({ status: 401 }), other.origin)
  assert.equal((await scene.call()).status, 401)
  assert.equal((await scene.call(other.origin)).status, 200)
  refusedByOther.add(other.received.at(-1)?.headers.authorization)
  assert.equal((await scene.call(other.origin)).status, 200)
})

test('a method is the same in small letters: a get that was redirected is tried again', async () => {
  await using api = await startApi((request) =>
    request.path === '/a' ? redirect('/b') : accepting('t2')(request),
  )
  const { fetch } = makeFetch([api.origin])
  assert.equal((await fetch(`${api.origin}/a`, { method: 'get' })).status, 200)
})

test('no init may be written as null, as for any fetch', async () => {
  await using api = await startApi(accepting('t1'))
  const { fetch } = makeFetch([api.origin])
  assert.equal((await fetch(api.origin, null as unknown as undefined)).status, 200)
})
