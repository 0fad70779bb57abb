import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import axios, {
  type AxiosAdapter,
  type AxiosError,
  type AxiosResponse,
  type CreateAxiosDefaults,
} from 'axios'
import { axiosAdapter, axiosReasonOf } from './axios.ts'
import { dialect, type ServerDialect } from './dialect.ts'
import { TokenError } from './errors.ts'
import { createTokenClient, type Dialect } from './index.ts'

/** A request as a server got it. */
interface Seen {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
  token: string | undefined
}

type Handler = (seen: Seen, response: ServerResponse) => void

/** A server that remembers each request in full. */
async function listen(handle: Handler) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const { searchParams } = new URL(url, 'http://localhost')
    const header = headers.authorization?.replace('Bearer ', '') ?? headers['x-api-key']
    const token = String(header ?? searchParams.get('api_key') ?? '') || undefined
    const arrived = { method, path: url, headers, body: await text(request), token }
    seen.push(arrived)
    handle(arrived, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Redirects as the path says: `/302?to=…`. */
function redirects({ path }: Seen, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(path, 'http://localhost')
  const status = /^\/(30\d)$/.exec(pathname)?.[1]
  const to = searchParams.get('to')
  if (!status || to === null) return false
  response.writeHead(Number(status), { location: to }).end('moved')
  return true
}

/** A token server that gives t1, t2, …; an API that takes the last one alone; and another origin that takes anything. */
async function start(change: ServerDialect = {}, present?: Dialect['present'], beforeToken = async () => {}) {
  let last = 0
  let isDown = false
  const tokens = await listen(async (_, response) => {
    await beforeToken()
    if (isDown) return response.writeHead(503).end()
    last++
    const answer = { access_token: `t${last}`, token_type: 'Bearer', expires_in: 3600 }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  let live = 't1'
  const challenges: Record<string, string> = {
    '/scope': 'Basic realm="api", Bearer error="insufficient_scope", scope="write"',
    '/scope-later': 'Bearer error=insufficient_scope',
    '/never': 'Bearer error="invalid_token"',
    '/never-in-scope': 'Bearer error="invalid_token", error_description="insufficient_scope"',
  }
  const api = await listen((seen, response) => {
    const isStale = seen.path === '/scope-later' && seen.token !== live
    const challenge = isStale ? 'Bearer' : challenges[seen.path]
    if (challenge) return response.writeHead(401, { 'www-authenticate': challenge }).end('{}')
    if (redirects(seen, response)) return
    const isTaken = seen.token === live
    response.writeHead(isTaken ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ isTaken, body: seen.body }))
  })
  const other = await listen((seen, response) => {
    if (redirects(seen, response)) return
    response.writeHead(seen.path.startsWith('/401') ? 401 : 200).end('{}')
  })
  const client = createTokenClient({
    tokenEndpoint: `${tokens.url}/token`,
    clientId: 'app',
    origins: [api.url],
    dialect: { ...dialect(change), ...(present && { present }) },
  })
  return {
    client,
    tokens,
    api,
    other,
    /** Ends the token in use: the API takes the next one. */
    revoke: () => {
      live = `t${last + 1}`
    },
    breakTokenServer: () => {
      isDown = true
    },
    create: (adapter: 'http' | 'fetch', defaults: CreateAxiosDefaults = {}) =>
      axios.create({ baseURL: api.url, ...defaults, adapter: axiosAdapter(client, axios, { adapter }) }),
    async [Symbol.asyncDispose]() {
      for (const server of [tokens, api, other]) await server[Symbol.asyncDispose]()
    },
  }
}

/** The answer, whether axios rejects its status or not. */
const settled = (work: Promise<AxiosResponse>): Promise<{ response: AxiosResponse; error?: AxiosError }> =>
  work.then(
    (response) => ({ response }),
    (error) => {
      assert.ok(axios.isAxiosError(error) && error.response, String(error))
      return { response: error.response, error }
    },
  )

const tokensAt = ({ seen }: { seen: Seen[] }) => seen.map(({ token }) => token)

for (const adapter of ['http', 'fetch'] as const) {
  test(`${adapter}: a request carries the token, which is not in the config of its response`, async () => {
    await using parts = await start()
    const response = await parts.create(adapter).get('/a', { params: { q: 'a b' } })
    assert.equal(response.status, 200)
    assert.deepEqual(tokensAt(parts.api), ['t1'])
    assert.equal(parts.api.seen[0]?.path, '/a?q=a+b')
    assert.equal(response.config.url, '/a')
    assert.ok(!JSON.stringify(response.config).includes('t1'))
  })

  test(`${adapter}: only the client's origins get the token, by where the request really goes`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    await api.get(`${parts.other.url}/a`)
    await api.get('/a', { baseURL: parts.other.url })
    await api.get(`${parts.api.url}/a`, { baseURL: parts.other.url, allowAbsoluteUrls: false })
    await api.get(`${parts.api.url}/a`, { baseURL: parts.other.url })
    assert.deepEqual(tokensAt(parts.other), [undefined, undefined, undefined])
    assert.deepEqual(tokensAt(parts.api), ['t1'])
  })

  test(`${adapter}: a refused token is replaced and the request repeated, interceptors and transformations once`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    let runs = 0
    api.interceptors.request.use((config) => {
      runs++
      return config
    })
    await api.get('/first')
    parts.revoke()
    runs = 0
    const { data } = await api.post(
      '/second',
      { a: 1 },
      {
        transformRequest: [
          (body) => {
            runs++
            return JSON.stringify(body)
          },
        ],
      },
    )
    assert.equal(runs, 2)
    assert.deepEqual(data, { isTaken: true, body: '{"a":1}' })
    assert.deepEqual(tokensAt(parts.api), ['t1', 't1', 't2'])
    assert.equal(parts.tokens.seen.length, 2)
  })

  test(`${adapter}: siblings that are refused at once share one renewal`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    await api.get('/a')
    parts.revoke()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => api.get(`/${i}`)))
    assert.ok(answers.every(({ status }) => status === 200))
    assert.equal(parts.tokens.seen.length, 2)
  })

  for (const validateStatus of [undefined, null]) {
    const how = validateStatus === null ? 'is taken by validateStatus' : 'is an error of axios'
    test(`${adapter}: a 401 that the caller gets ${how}, and has its reason`, async () => {
      await using parts = await start()
      const api = parts.create(adapter, validateStatus === null ? { validateStatus } : {})
      const ask = async (path: string, headers = {}) => {
        const { response, error } = await settled(api.get(path, { headers }))
        assert.equal(response.status, 401)
        assert.equal(error === undefined, validateStatus === null)
        assert.ok(!JSON.stringify(error ?? response.config).includes('t1'))
        assert.equal(axiosReasonOf(error), error && axiosReasonOf(response))
        return axiosReasonOf(response)
      }
      assert.equal(await ask('/scope'), 'insufficient_scope')
      assert.equal(parts.tokens.seen.length, 1)
      assert.equal(await ask('/never'), 'new_token_refused')
      assert.deepEqual(tokensAt(parts.api), ['t1', 't1', 't2'])
      assert.equal(await ask('/never-in-scope'), 'new_token_refused')
      parts.revoke()
      assert.equal(await ask('/scope-later'), 'insufficient_scope')
      assert.equal(await ask('/own', { Authorization: 'Bearer mine' }), undefined)
      assert.deepEqual([parts.tokens.seen.length, tokensAt(parts.api).at(-1)], [4, 'mine'])
    })
  }

  test(`${adapter}: auth, a user in the URL, and a header left out on purpose are the caller's own`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    const auth = { username: 'john', password: 'x' }
    const { response } = await settled(api.get('/a', { auth }))
    assert.equal(axiosReasonOf(response), undefined)
    await settled(api.get(parts.api.url.replace('//', '//john:x@')))
    await settled(api.get('/a', { headers: { Authorization: false } }))
    const sent = parts.api.seen.map(({ headers }) => headers.authorization)
    assert.deepEqual(sent, ['Basic am9objp4', 'Basic am9objp4', undefined])
    assert.equal(parts.tokens.seen.length, 0)
  })

  test(`${adapter}: data that can be read again is sent again`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    const form = new FormData()
    form.set('a', 'text')
    form.set('file', new Blob(['bytes']), 'a.txt')
    const bodies = [
      'text',
      { a: 1 },
      new URLSearchParams({ a: '1' }),
      Buffer.from('buffer'),
      new Blob(['b']),
      form,
    ]
    for (const body of bodies) {
      parts.revoke()
      await api.get('/warm').catch(() => undefined)
      parts.revoke()
      parts.api.seen.length = 0
      assert.equal((await api.post('/a', body)).status, 200)
      const [first, second] = parts.api.seen.map(({ body }) => body.replaceAll(/boundary-\S+|-{4,}\S+/g, 'B'))
      assert.equal(second, first)
      assert.ok(second)
    }
  })

  test(`${adapter}: a stream is not sent again: the token is renewed, and the caller told`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    await api.get('/a')
    const web = () => new Response('stream').body
    for (const make of adapter === 'http' ? [() => Readable.from(['stream']), packaged] : [web]) {
      parts.revoke()
      const { response } = await settled(api.post('/b', make()))
      assert.equal(axiosReasonOf(response), 'body_not_replayed')
      assert.equal((await api.post('/b', make())).status, 200)
    }
  })

  test(`${adapter}: a refused stream answer is let go of, and the second one handed on`, async () => {
    await using parts = await start()
    const api = parts.create(adapter, { responseType: 'stream' })
    await api.get('/a')
    parts.revoke()
    const { data } = await api.get('/a')
    const read = await text(adapter === 'http' ? data : Readable.fromWeb(data))
    assert.deepEqual(JSON.parse(read), { isTaken: true, body: '' })
  })

  test(`${adapter}: the connection of a refused stream answer is freed`, async () => {
    await using parts = await start()
    const closed = Promise.withResolvers<void>()
    await using endless = await listen(({ token }, response) => {
      if (token === 't2') return response.end('all of it')
      response.writeHead(401).write('some of it')
      response.on('close', closed.resolve)
    })
    const client = createTokenClient({
      tokenEndpoint: parts.tokens.url,
      clientId: 'app',
      origins: [endless.url],
    })
    const api = axios.create({ baseURL: endless.url, adapter: axiosAdapter(client, axios, { adapter }) })
    assert.equal((await api.get('/a', { responseType: 'stream' })).status, 200)
    await closed.promise
  })

  test(`${adapter}: an aborted request waits for no token`, async () => {
    const controller = new AbortController()
    await using silent = await listen(() => controller.abort())
    const client = createTokenClient({ tokenEndpoint: silent.url, clientId: 'app', origins: [silent.url] })
    const api = axios.create({ baseURL: silent.url, adapter: axiosAdapter(client, axios, { adapter }) })
    const work = api.get('/a', { signal: controller.signal })
    await assert.rejects(work, (error) => axios.isCancel(error))
    assert.deepEqual(
      silent.seen.map(({ method }) => method),
      ['POST'],
    )
  })

  test(`${adapter}: an aborted request waits for no renewal`, async () => {
    await using tokens = await listen((_, response) => {
      const answer = { access_token: 't1', token_type: 'Bearer', expires_in: 3600 }
      if (tokens.seen.length === 1) response.end(JSON.stringify(answer))
      else controller.abort()
    })
    await using refusing = await listen((_, response) => response.writeHead(401).end())
    const client = createTokenClient({ tokenEndpoint: tokens.url, clientId: 'app', origins: [refusing.url] })
    const api = axios.create({ baseURL: refusing.url, adapter: axiosAdapter(client, axios, { adapter }) })
    const controller = new AbortController()
    await assert.rejects(api.get('/a', { signal: controller.signal }), (error) => axios.isCancel(error))
    assert.deepEqual([tokens.seen.length, refusing.seen.length], [2, 1])
  })

  test(`${adapter}: without a token there is a TokenError, and the API is not asked`, async () => {
    await using parts = await start()
    parts.breakTokenServer()
    await assert.rejects(parts.create(adapter).get('/a'), (error) => error instanceof TokenError)
    assert.equal(parts.api.seen.length, 0)
  })

  test(`${adapter}: a redirect within the origin takes the token along, and a new token starts from the first URL`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    for (const status of [301, 302, 303, 307, 308])
      assert.equal((await api.get(`/${status}`, { params: { to: '/b?x=1' } })).status, 200)
    for (const [method, before, after] of [
      ['GET', 't1', 't2'],
      ['HEAD', 't2', 't3'],
    ] as const) {
      parts.revoke()
      parts.api.seen.length = 0
      assert.equal((await api.request({ method, url: '/302', params: { to: '/b' } })).status, 200)
      const sent = parts.api.seen.map(({ path, token }) => `${path.split('?')[0]} ${token}`)
      assert.deepEqual(sent, [`/302 ${before}`, `/b ${before}`, `/302 ${after}`, `/b ${after}`])
    }
  })

  test(`${adapter}: the token does not go to another origin, and a 401 there is no matter of the token`, async () => {
    await using parts = await start()
    const params = { to: `${parts.other.url}/401` }
    for (const status of [301, 302, 303, 307, 308]) {
      const { response } = await settled(parts.create(adapter).get(`/${status}`, { params }))
      assert.deepEqual([response.status, axiosReasonOf(response)], [401, undefined])
    }
    assert.ok(parts.other.seen.every((seen) => !JSON.stringify(seen).includes('t1')))
    assert.deepEqual([parts.api.seen.length, parts.other.seen.length, parts.tokens.seen.length], [5, 5, 1])
  })

  test(`${adapter}: once away, the token does not come back with a redirect`, async () => {
    await using parts = await start()
    const { api, other } = parts
    const via = (url: string) => `${other.url}/302?to=${encodeURIComponent(url)}`
    await settled(parts.create(adapter).get('/302', { params: { to: via(via(`${api.url}/back`)) } }))
    const cameBack = api.seen.filter(({ path }) => path === '/back')
    assert.ok(cameBack.length > 0)
    assert.ok([...other.seen, ...cameBack].every((seen) => !JSON.stringify(seen).includes('Bearer')))
  })

  test(`${adapter}: a POST or PUT that was redirected is not done again: the 401 says so, and the token is a new one`, async () => {
    await using parts = await start()
    const api = parts.create(adapter)
    for (const [method, path] of Object.entries({ POST: '/303', PUT: '/307' })) {
      await api.get('/warm')
      parts.revoke()
      parts.api.seen.length = 0
      const { response } = await settled(
        api.request({ method, url: path, params: { to: '/b' }, data: { a: 1 } }),
      )
      assert.deepEqual([response.status, axiosReasonOf(response)], [401, 'body_not_replayed'])
      assert.equal(parts.api.seen.length, 2)
    }
    assert.equal(parts.tokens.seen.length, 3)
  })

  for (const credential of [{ header: 'x-api-key' }, { query: 'api_key' }]) {
    const where = 'header' in credential ? 'another header' : 'the URL'

    test(`${adapter}: a token in ${where} follows no redirect: the caller gets it`, async () => {
      await using parts = await start({ credential })
      const api = parts.create(adapter)
      for (const to of ['/b', `${parts.other.url}/b`]) {
        for (const options of [
          {},
          { maxRedirects: 5 },
          { fetchOptions: { redirect: 'follow', keepalive: false } },
        ]) {
          const { response, error } = await settled(
            api.post('/307', { a: 1 }, { ...options, params: { to } }),
          )
          assert.deepEqual([response.status, response.headers.location], [307, to])
          assert.ok(error && !JSON.stringify(error).includes('t1'))
        }
      }
      assert.deepEqual(tokensAt(parts.api), Array(6).fill('t1'))
      assert.equal(parts.other.seen.length, 0)
    })

    test(`${adapter}: a token in ${where} is held back besides one in Authorization`, async () => {
      const present = (token: string, url: URL) => {
        const shown = dialect({ credential }).present(token, url)
        return { ...shown, headers: { ...shown.headers, authorization: `Bearer ${token}` } }
      }
      await using parts = await start({}, present)
      const { response } = await settled(
        parts.create(adapter).get('/302', { params: { to: parts.other.url } }),
      )
      assert.deepEqual([response.status, parts.other.seen.length], [302, 0])
    })

    test(`${adapter}: a refused token in ${where} is replaced, and the request repeated with its data`, async () => {
      await using parts = await start({ credential })
      const api = parts.create(adapter)
      await api.get('/warm')
      parts.revoke()
      const options = { params: { q: 'a b' }, allowAbsoluteUrls: false }
      const { data } = await api.put('/a', { a: 1 }, options)
      assert.deepEqual(data, { isTaken: true, body: '{"a":1}' })
      assert.deepEqual(tokensAt(parts.api), ['t1', 't1', 't2'])
      assert.equal(parts.api.seen[2]?.path, `/a?q=a+b${'query' in credential ? '&api_key=t2' : ''}`)
    })
  }

  test(`${adapter}: redirects that are not to be followed are not`, async () => {
    await using parts = await start()
    const options = { params: { to: '/b' }, maxRedirects: 0, validateStatus: null }
    assert.equal((await parts.create(adapter).get('/302', options)).status, 302)
    assert.equal(parts.api.seen.length, 1)
  })

  test(`${adapter}: redirects without end are an error`, async () => {
    await using parts = await start()
    const to = '/302?to=/302?to=/302'
    await using loop = await listen((_, response) => response.writeHead(302, { location: to }).end())
    const client = createTokenClient({
      tokenEndpoint: parts.tokens.url,
      clientId: 'app',
      origins: [loop.url],
    })
    const api = axios.create({ baseURL: loop.url, adapter: axiosAdapter(client, axios, { adapter }) })
    await assert.rejects(api.get('/'), (error) => {
      assert.ok(axios.isAxiosError(error))
      assert.ok(!JSON.stringify(error).includes('t1'))
      return true
    })
    assert.ok(loop.seen.length <= 25)
  })
}

/** A form of the package form-data, as axios makes it in Node.js. */
const packaged = () => axios.toFormData({ file: Buffer.from('stream') })

test('http: a beforeRedirect of the caller runs, and cannot bring the token to another origin, nor back from there', async () => {
  await using parts = await start()
  const { api, other } = parts
  const back = `${api.url}/back`
  const hosts: string[] = []
  const app = parts.create('http', {
    beforeRedirect(options) {
      hosts.push(options.href)
      const own = { 'x-own': 'kept', authorization: 'Bearer t1', 'x-copy': 't1' }
      options.headers = { ...options.headers, ...own }
    },
  })
  const away = `${other.url}/302?to=${encodeURIComponent(back)}`
  await settled(app.get('/302', { params: { to: away } }))
  assert.deepEqual(hosts, [away, back])
  for (const { headers } of [other.seen[0], api.seen[1]] as Seen[])
    assert.deepEqual(
      [headers['x-own'], headers.authorization, headers['x-copy']],
      ['kept', undefined, undefined],
    )
})

test('fetch: the caller’s own wish for redirects is kept', async () => {
  await using parts = await start()
  const api = parts.create('fetch')
  const params = { to: '/b' }
  const manual = { params, fetchOptions: { redirect: 'manual' }, validateStatus: null }
  assert.equal((await api.get('/302', manual)).status, 302)
  await assert.rejects(api.get('/302', { params, fetchOptions: { redirect: 'error' } }))
})

test('fetch: a fetch of the app’s own is used, and as nobody saw its redirects, a POST is not done again', async () => {
  await using parts = await start()
  let calls = 0
  const env = {
    fetch: (...call: Parameters<typeof fetch>) => {
      calls++
      return fetch(...call)
    },
  }
  const api = parts.create('fetch', { env })
  await api.get('/a')
  parts.revoke()
  const { response } = await settled(api.post('/a', { a: 1 }))
  assert.equal(axiosReasonOf(response), 'body_not_replayed')
  parts.revoke()
  assert.equal((await api.get('/a')).status, 200)
  assert.equal(calls, 4)
})

test('a header of the caller’s own where the API takes its token is left alone', async () => {
  await using parts = await start({ credential: { header: 'x-api-key' } })
  const { response } = await settled(parts.create('http').get('/a', { headers: { 'X-API-Key': 'mine' } }))
  assert.deepEqual([axiosReasonOf(response), tokensAt(parts.api)], [undefined, ['mine']])
})

test('the adapter may become the default of axios itself, and a function may stand in for its own', async () => {
  await using parts = await start()
  const before = axios.defaults.adapter
  try {
    axios.defaults.adapter = axiosAdapter(parts.client, axios)
    assert.equal((await axios.get(`${parts.api.url}/a`)).status, 200)
  } finally {
    if (before) axios.defaults.adapter = before
  }
  const adapter: AxiosAdapter = async (config) => {
    const status = config.headers.get('authorization') === 'Bearer t2' ? 200 : 401
    return { config, status, statusText: '', headers: {}, data: null }
  }
  const api = axios.create({
    baseURL: parts.api.url,
    adapter: axiosAdapter(parts.client, axios, { adapter }),
  })
  assert.equal((await api.get('/a')).status, 200)
})

test('where an XMLHttpRequest has followed to another origin, its 401 ends no token; within the origin a POST is not done again', async () => {
  await using parts = await start()
  const { api, other, client } = parts
  let sent = 0
  const ask = async (method: string, responseURL: string) => {
    const adapter: AxiosAdapter = async (config) => {
      sent++
      return { config, status: 401, statusText: '', headers: {}, data: null, request: { responseURL } }
    }
    const app = axios.create({ adapter: axiosAdapter(client, axios, { adapter }) })
    sent = 0
    const reason = axiosReasonOf(await app.request({ method, url: `${api.url}/a#top` }))
    return [reason, sent, parts.tokens.seen.length]
  }
  assert.deepEqual(await ask('GET', `${other.url}/a`), [undefined, 1, 1])
  assert.deepEqual(await ask('POST', `${api.url}/b`), ['body_not_replayed', 1, 2])
  assert.deepEqual(await ask('GET', `${api.url}/b`), ['new_token_refused', 2, 3])
  assert.deepEqual(await ask('POST', `${api.url}/a`), ['new_token_refused', 2, 4])
})

test('an axios whose fetch adapter does not know maxRedirects follows none with a token in another header either', async () => {
  await using parts = await start({ credential: { header: 'x-api-key' } })
  const adapter: AxiosAdapter = async (config) => {
    const { url, params, fetchOptions } = config
    return { config, status: 200, statusText: '', headers: {}, data: { url, params, fetchOptions } }
  }
  const api = axios.create({
    baseURL: parts.api.url,
    adapter: axiosAdapter(parts.client, axios, { adapter }),
  })
  const params = { q: 1 }
  const fetchOptions = { redirect: 'follow', keepalive: true }
  const { data } = await api.get('/a', { params, fetchOptions })
  assert.deepEqual(data, { url: '/a', params, fetchOptions: { redirect: 'manual', keepalive: true } })
})

test('data that is read once is not sent again, whatever it is of', async () => {
  await using parts = await start()
  const adapter: AxiosAdapter = async (config) => ({
    config,
    status: 401,
    statusText: '',
    headers: {},
    data: null,
  })
  const api = axios.create({
    baseURL: parts.api.url,
    adapter: axiosAdapter(parts.client, axios, { adapter }),
  })
  const generated = (async function* () {})()
  // Not every browser's stream can be iterated.
  for (const data of [generated, { getReader: () => undefined }, { pipe: () => undefined }]) {
    const response = await api.post('/a', data, { transformRequest: [() => data] })
    assert.equal(axiosReasonOf(response), 'body_not_replayed')
  }
})

test('what is relative to a page goes to its origin, whatever the defaults of axios itself have become', async () => {
  await using parts = await start()
  const adapter: AxiosAdapter = async (config) => {
    const data = config.headers.get('authorization')
    return { config, status: 200, statusText: '', headers: {}, data }
  }
  const api = axios.create({ adapter: axiosAdapter(parts.client, axios, { adapter }) })
  const page = { href: `${parts.api.url}/page` }
  Object.defineProperty(globalThis, 'location', { value: page, configurable: true })
  axios.defaults.baseURL = parts.other.url
  try {
    assert.equal((await api.get('/a')).data, 'Bearer t1')
    page.href = `${parts.other.url}/page`
    assert.equal((await api.get('/a')).data, undefined)
  } finally {
    delete axios.defaults.baseURL
    Reflect.deleteProperty(globalThis, 'location')
  }
})

for (const [how, settings, said] of [
  ['alone', {}, { message: 'timeout of 100ms exceeded', code: 'ECONNABORTED' }],
  ['with words', { timeoutErrorMessage: 'Too slow.' }, { message: 'Too slow.', code: 'ECONNABORTED' }],
  ['made clear', { transitional: { clarifyTimeoutError: true } }, { code: 'ETIMEDOUT' }],
] as const)
  test(`a timeout, ${how}, ends the wait for a token by the error of axios, and the renewal goes on`, async () => {
    const renewal = Promise.withResolvers<void>()
    await using parts = await start({}, undefined, () => renewal.promise)
    const api = parts.create('http', { timeout: 100, ...settings })
    await assert.rejects(api.get('/a'), (error: AxiosError) => {
      assert.ok(axios.isAxiosError(error))
      assert.equal(error.config?.url, '/a')
      const { message, code } = error
      assert.deepEqual({ message, code }, { message, ...said })
      return true
    })
    assert.equal(parts.api.seen.length, 0)
    renewal.resolve()
    assert.equal((await parts.create('http').get('/a')).status, 200)
    assert.equal(parts.tokens.seen.length, 1)
  })

test('a timeout ends the wait for a new token as well, and neither none nor an endless one ends anything', async () => {
  let isSlow = false
  const renewal = Promise.withResolvers<void>()
  await using parts = await start({}, undefined, async () => {
    if (isSlow) await renewal.promise
  })
  // Of the app's own: those of axios have timers of their own, for which some of these are too long.
  const adapter: AxiosAdapter = async (config) => {
    return { config, status: 200, statusText: '', headers: {}, data: null }
  }
  const own = axiosAdapter(parts.client, axios, { adapter })
  for (const timeout of [0, -1, 1.5e9, 2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY])
    assert.equal((await axios.get(`${parts.api.url}/a`, { adapter: own, timeout })).status, 200)
  isSlow = true
  parts.revoke()
  const error = await parts
    .create('http', { timeout: 500 })
    .get('/a')
    .catch((thrown) => thrown)
  assert.deepEqual([error.code, tokensAt(parts.api).at(-1)], ['ECONNABORTED', 't1'])
  renewal.resolve()
})

test('a signal of an older polyfill is no hindrance', async () => {
  await using parts = await start()
  const signal = { aborted: false, addEventListener() {}, removeEventListener() {} }
  assert.equal((await parts.create('http').get('/a', { signal })).status, 200)
})

test('what axios itself refuses is its own error', async () => {
  await using parts = await start()
  const api = axios.create({ adapter: axiosAdapter(parts.client, axios) })
  await assert.rejects(api.get('/relative'), (error) => !(error instanceof TokenError))
  await assert.rejects(api.get('ftp://127.0.0.1/'), (error) => axios.isAxiosError(error))
  assert.equal(parts.tokens.seen.length, 0)
})

test('only 401s of the adapter have a reason', () => {
  for (const value of [undefined, null, 'x', new Error('x'), { response: undefined }, {}])
    assert.equal(axiosReasonOf(value), undefined)
})
