import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type Dev, startDev } from '../support/dev.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing } from '../support/programs.ts'
import { basic, postForm } from '../support/server.ts'
import {
  call,
  fillIn,
  publishedPage,
  runNode,
  runPhp,
  runPostman,
  runPython,
  snippet,
  strayed,
} from './page.ts'

const page = publishedPage('004_b97a721c7d3bc39a.txt')
/** Sent beside the token, as the page says. */
const otherHeaders = {
  'x-api-key': 'MY_API_KEY',
  Referer: 'https://site.example',
  Origin: 'https://site.example',
}

let dev: Dev

before(async () => {
  dev = await startDev({ dialect: 'realtyna' })
})

after(() => dev[Symbol.asyncDispose]())

/** The page's code that gets a token, with its placeholders filled in. */
function tokenCode(file: string, { description }: Dev = dev): string {
  return fillIn(snippet(`realtyna/${file}`), {
    MY_CLIENT_ID: description.client.client_id,
    MY_CLIENT_SECRET: description.client.client_secret,
    MY_AUTHENTICATION_URL: description.endpoints.token ?? '',
  })
}

/** The page's code that calls the API with a token. */
function dataCode(file: string, { description }: Dev = dev): string {
  return fillIn(snippet(`realtyna/${file}`), {
    'https://my-api-endpoint': `${description.endpoints.api}/whoami`,
    MY_REFERER: otherHeaders.Referer,
    MY_ORIGIN: otherHeaders.Origin,
  })
}

async function askToken({ description }: Dev = dev): Promise<string> {
  const { client_id: id, client_secret: secret } = description.client
  const parameters = { grant_type: 'client_credentials', client_id: id }
  const response = await postForm(description.endpoints.token ?? '', parameters, { id, secret })
  assert.equal(response.status, 200)
  return ((await response.json()) as { access_token: string }).access_token
}

async function assertCalls(token: string): Promise<void> {
  const who = await call(dev, '/whoami', { Authorization: token, ...otherHeaders })
  assert.equal(who.status, 200)
  assert.equal(((await who.json()) as { client_id: string }).client_id, dev.description.client.client_id)
  const read = await call(dev, '/scopes/read', { Authorization: token, ...otherHeaders })
  assert.equal(read.status, 200)
}

if (page !== undefined)
  test('the snippets are still what the page says', () => {
    assert.deepEqual(strayed('realtyna', page), [])
  })

test("the page's Python gets a token, which calls the API", {
  skip: missing('python3-requests'),
}, async () => {
  await assertCalls(
    await runPython(`${tokenCode('token.py.txt')}\nprint(get_token_by_client_id_and_client_secret())`),
  )
})

test("the page's JavaScript gets a token with axios, which calls the API", async () => {
  await assertCalls(await runNode(tokenCode('token.js.txt')))
})

test("the page's PHP gets a token, which calls the API", { skip: missing('php') }, async () => {
  await assertCalls(await runPhp(tokenCode('token.php.txt')))
})

test("the page's Postman guide gets a token, which calls the API", async () => {
  using folder = temporaryFolder()
  const { client, endpoints } = dev.description
  const credentials = { client_id: client.client_id, client_secret: client.client_secret }
  const [token, who] = await runPostman(
    'realtyna/postman.json',
    { ...credentials, token_url: endpoints.token ?? '', api_url: endpoints.api ?? '' },
    folder.file('report.json'),
  )
  assert.deepEqual([token?.code, who?.code, who?.body.client_id], [200, 200, client.client_id])
})

test("the page's JavaScript calls the API with a good token", async () => {
  const code = fillIn(dataCode('data.js.txt'), { YOUR_ACCESS_TOKEN: await askToken() })
  assert.ok((await runNode(code)).includes(`client_id: '${dev.description.client.client_id}'`))
})

test("the page's PHP calls the API with a good token", { skip: missing('php') }, async () => {
  const printed = await runPhp(
    `${dataCode('data.php.txt')}\necho get_data_from_endpoint('${await askToken()}');`,
  )
  assert.equal(JSON.parse(printed).client_id, dev.description.client.client_id)
})

test("the page's Python gets a new token when its old one is expired, and its second try works", {
  skip: missing('python3-requests'),
}, async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('config.json'), JSON.stringify({ accessTokenLifetime: '2s' }))
  await using brief = await startDev({ dialect: 'realtyna', args: ['--config', folder.file('config.json')] })
  const expired = await askToken(brief)
  await untilRefused(brief, expired)
  const printed = await runPython(
    [
      tokenCode('token.py.txt', brief),
      dataCode('data.py.txt', brief),
      `response = get_data_from_endpoint('${expired}')`,
      "print(response.status_code, response.request.headers['Authorization'], response.json()['client_id'])",
    ].join('\n'),
  )
  const [status, token, clientId] = printed.split(' ')
  assert.deepEqual([status, clientId], ['200', brief.description.client.client_id])
  assert.notEqual(token, expired)
})

/** Polls, as a token that lives for two seconds still opens the API at first. */
async function untilRefused(brief: Dev, token: string): Promise<void> {
  const headers = { Authorization: token, ...otherHeaders }
  await eventually(async () => {
    const { status } = await call(brief, '/whoami', headers)
    assert.ok(status === 200 || status === 401, `${status}`)
    return status === 401
  })
}

test('the token is an HS256 JWT whose header says nothing else, and no public key checks it', async () => {
  const [header = ''] = (await askToken()).split('.')
  assert.equal(Buffer.from(header, 'base64url').toString(), '{"alg":"HS256","typ":"JWT"}')
  assert.equal(dev.description.endpoints.jwks, null)
  assert.equal((await fetch(`${dev.description.issuer}/jwks`)).status, 404)
})

test('3: client_id in header and body is taken when equal, refused when not, and nothing is issued', async () => {
  const { client, resource_server, endpoints } = dev.description
  const credentials = { id: client.client_id, secret: client.client_secret }
  const ask = (client_id: string) =>
    postForm(endpoints.token ?? '', { grant_type: 'client_credentials', client_id }, credentials)
  assert.equal((await ask(client.client_id)).status, 200)
  for (const other of [resource_server.client_id, 'unknown', client.client_id.toUpperCase()]) {
    const response = await ask(other)
    assert.equal(response.status, 400)
    const body = (await response.json()) as Record<string, unknown>
    assert.deepEqual([body.error, body.access_token], ['invalid_request', undefined])
  }
})

test('Authorization holds the token bare or after Bearer, undisturbed by the other headers', async () => {
  const token = await askToken()
  for (const value of [token, `Bearer ${token}`, `bearer ${token}`]) {
    for (const others of [{}, otherHeaders]) {
      const headers = { Authorization: value, ...others }
      assert.equal((await call(dev, '/whoami', headers)).status, 200)
      assert.equal((await call(dev, '/scopes/write', headers)).status, 200)
    }
  }
})

test('the other headers open nothing by themselves, nor does a token that is not whole', async () => {
  const token = await askToken()
  const { client_id, client_secret } = dev.description.client
  assert.equal((await call(dev, '/info', otherHeaders)).status, 401)
  for (const value of [
    token.slice(0, -2),
    `Token ${token}`,
    basic(client_id, client_secret),
    `Basic ${token}`,
  ]) {
    assert.equal((await call(dev, '/info', { Authorization: value, ...otherHeaders })).status, 401, value)
  }
})
