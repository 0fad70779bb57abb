import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { registerApp } from '../../packages/server/src/clients/registration.ts'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing } from '../support/programs.ts'
import { basic, startServer, type TestServer } from '../support/server.ts'
import { call, fillIn, publishedPage, runPostman, runPython, snippet, strayed } from './page.ts'

const page = publishedPage('000_b67707fa5c6f4d02.txt')
const publishedOrigin = 'https://api.makeleaps.com'
const paths = ['/user/oauth2/token/', '/user/oauth2/token', '/user/oath2/token/', '/user/oath2/token']

let dev: Dev

before(async () => {
  dev = await startDev({ dialect: 'makeleaps' })
})

after(() => dev[Symbol.asyncDispose]())

interface Answer {
  access_token: string
  token_type: string
  expires_in: number
  scope: string
}

/** What the page says the server answers, but for the token. */
function assertAnswer({ access_token, ...rest }: Partial<Answer>): void {
  const { access_token: _, ...published } = JSON.parse(snippet('makeleaps/answer.json.txt'))
  assert.deepEqual(rest, published)
  assert.ok(access_token)
}

async function assertCalls(token: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` }
  const who = await call(dev, '/whoami', headers)
  assert.equal(who.status, 200)
  assert.equal(((await who.json()) as { client_id: string }).client_id, dev.description.client.client_id)
  for (const scope of ['read', 'write'])
    assert.equal((await call(dev, `/scopes/${scope}`, headers)).status, 200)
}

const authorization = (): string => {
  const { client_id, client_secret } = dev.description.client
  return basic(client_id, client_secret)
}

function askToken(
  url: string,
  headers: Record<string, string>,
  body: string | URLSearchParams = new URLSearchParams({ grant_type: 'client_credentials' }),
): Promise<Response> {
  return fetch(url, { method: 'POST', redirect: 'manual', headers, body })
}

if (page !== undefined)
  test('the snippets are still what the page says', () => {
    assert.deepEqual(strayed('makeleaps', page), [])
  })

test("the page's Python gets a token, which calls the API", {
  skip: missing('python3-requests'),
}, async () => {
  const { client, issuer } = dev.description
  const code = fillIn(snippet('makeleaps/token.py.txt'), {
    // Mended: both texts lack their `f`.
    "'{self.client_id}": "f'{self.client_id}",
    "'Basic {": "f'Basic {",
    [publishedOrigin]: issuer,
    'self.client_id': `"${client.client_id}"`,
    'self.client_secret': `"${client.client_secret}"`,
  })
  // Mended: the imports are missing.
  const printed = await runPython(`import base64, requests\n${code}\nprint(response.text)`)
  const answer = JSON.parse(printed) as Answer
  assertAnswer(answer)
  await assertCalls(answer.access_token)
})

test("the page's HTTP request gets a token, byte by byte", async () => {
  const { host, hostname, port } = new URL(dev.description.issuer)
  const request = fillIn(snippet('makeleaps/token.http.txt').trimEnd(), {
    'api.makeleaps.com': host,
    [/Basic X+==/.exec(snippet('makeleaps/token.http.txt'))?.[0] ?? '']: authorization(),
  })
  const socket = connect(Number(port), hostname)
  socket.write(request.replaceAll('\n', '\r\n'))
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (text.endsWith('}')) break
  }
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  const answer = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as Answer
  assertAnswer(answer)
  await assertCalls(answer.access_token)
})

test('a Postman collection of the page gets a token and calls the API', async () => {
  using folder = temporaryFolder()
  const { client, endpoints } = dev.description
  const credentials = { client_id: client.client_id, client_secret: client.client_secret }
  const [token, who] = await runPostman(
    'makeleaps/postman.json',
    { ...credentials, token_url: endpoints.token ?? '', api_url: endpoints.api ?? '' },
    folder.file('report.json'),
  )
  assertAnswer(token?.body ?? {})
  assert.deepEqual([who?.code, who?.body.client_id], [200, client.client_id])
})

test('each of the four paths answers itself, without a redirect', async () => {
  for (const path of paths) {
    const response = await askToken(`${dev.description.issuer}${path}`, { authorization: authorization() })
    assert.equal(response.status, 200, path)
    assertAnswer((await response.json()) as Answer)
  }
  assert.equal(dev.description.endpoints.token, `${dev.description.issuer}${paths[0]}`)
})

test("the prose's JSON body is taken as the form is", async () => {
  const headers = { authorization: authorization(), 'content-type': 'application/json' }
  for (const path of paths) {
    const response = await askToken(
      `${dev.description.issuer}${path}`,
      headers,
      '{ "grant_type": "client_credentials" }',
    )
    assert.equal(response.status, 200, path)
    assertAnswer((await response.json()) as Answer)
  }
})

test('Basic works padded and not, and raw where RFC 6749 would percent-encode', async () => {
  await using server = await startServer({ dialect: 'makeleaps' })
  const secrets = ['p%41ss+word/:&=?~secret', '100%zz:+secret+of+mine', 'plain-secret-0123']
  const taken: string[] = []
  for (const [index, secret] of secrets.entries()) {
    const id = `team/app+1%20=&x@example.com${index}`
    await registerClient(server, id, secret)
    const encoded = basic(encodeURIComponent(id), encodeURIComponent(secret))
    taken.push(...[basic(id, secret), encoded].flatMap((value) => [value, value.replace(/=+$/, '')]))
    const wrong = await askToken(server.latchkey.urls.token, { authorization: basic(id, `${secret}x`) })
    assert.equal(wrong.status, 401)
    assert.ok(!('access_token' in ((await wrong.json()) as object)))
  }
  assert.ok(taken.some((value) => value.endsWith('=')))
  for (const value of taken) {
    const response = await askToken(server.latchkey.urls.token, { authorization: value })
    assert.equal(response.status, 200, value)
    assertAnswer((await response.json()) as Answer)
  }
})

async function registerClient({ latchkey }: TestServer, id: string, secret: string): Promise<void> {
  const parts = { store: latchkey.store, clock: systemClock }
  await registerApp(parts, { name: 'App', type: 'confidential', scope: 'read write', id, secret }, 'test')
}

test('a client asks 1,000 times in a minute, and no token ends an earlier one', async () => {
  const tokens: string[] = []
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await askToken(dev.description.endpoints.token ?? '', {
          authorization: authorization(),
        })
        assert.equal(response.status, 200)
        return (await response.json()) as Answer
      }),
    )
    tokens.push(...answers.map(({ access_token }) => access_token))
  }
  assert.equal(new Set(tokens).size, 1000)
  for (let start = 0; start < tokens.length; start += 50) {
    const some = tokens.slice(start, start + 50)
    const calls = await Promise.all(
      some.map((token) => call(dev, '/info', { Authorization: `Bearer ${token}` })),
    )
    assert.ok(calls.every(({ status }) => status === 200))
  }
})

test('the API takes the token after Bearer, and only there', async () => {
  const response = await askToken(dev.description.endpoints.token ?? '', { authorization: authorization() })
  const { access_token } = (await response.json()) as Answer
  assert.equal((await call(dev, '/info', { Authorization: access_token })).status, 401)
  assert.equal((await call(dev, `/info?access_token=${access_token}`, {})).status, 400)
  assert.equal((await call(dev, '/info', { Authorization: `Bearer ${access_token}` })).status, 200)
})
