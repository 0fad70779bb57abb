import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { interpreters, readSnippets, run } from '../browser/snippets.ts'
import { addPerson, password, redirectUri, registerCodeClient } from '../support/connection.ts'
import { type Dev, startDev } from '../support/dev.ts'
import { Person, signInAndAllow } from '../support/person.ts'
import { missing } from '../support/programs.ts'
import { postForm, startServer } from '../support/server.ts'
import { call, publishedPage, unsaid } from './page.ts'

const page = publishedPage('001_b1d60c6e408039bc.txt')

let dev: Dev

before(async () => {
  dev = await startDev({ dialect: 'makeprintable' })
})

after(() => dev[Symbol.asyncDispose]())

/** The arguments that the page says are required. */
function authorizationUrl(more: Record<string, string> = {}): string {
  const { client, endpoints } = dev.description
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: client.redirect_uri ?? '',
    response_type: 'authorization_code',
    ...more,
  })
  return `${endpoints.authorization}?${query}`
}

const nobody = { username: '', password: '' }

function visit(url: string, decision: 'allow' | 'deny' = 'allow'): Promise<URL> {
  const [user = nobody] = dev.description.users
  return signInAndAllow({ authorizationUrl: url, decision, ...user })
}

/** The form that the page says to post. */
function exchange(code: string, more: Record<string, string> = {}): Promise<Response> {
  const { client, endpoints } = dev.description
  const { client_id, client_secret, redirect_uri } = client
  return fetch(endpoints.token ?? '', {
    method: 'POST',
    body: new URLSearchParams({
      client_id,
      client_secret,
      redirect_uri: redirect_uri ?? '',
      grant_type: 'authorization_code',
      code,
      ...more,
    }),
  })
}

const codeOf = (url: URL): string => url.searchParams.get('code') ?? ''

if (page !== undefined)
  test('the page still says what these tests show', () => {
    const words = [
      'response_type = authorization_code',
      'only for 3 minutes',
      'https://api.makeprintable.com/v1/token',
      'Required x-www-form-urlencoded data is client_id, client_secret, redirect_uri',
      'key: 12345weLove3DPrinting',
      'add_file',
    ]
    assert.deepEqual(unsaid(page, words), [])
  })

test('a person who allows comes back with a code, which gives a token that acts for them', async () => {
  const { issuer, endpoints } = dev.description
  assert.deepEqual([endpoints.authorization, endpoints.token], [`${issuer}/authorize`, `${issuer}/v1/token`])
  const back = await visit(authorizationUrl())
  assert.equal(`${back.origin}${back.pathname}`, dev.description.client.redirect_uri)
  const answer = await exchange(codeOf(back))
  assert.equal(answer.status, 200)
  const { access_token } = (await answer.json()) as { access_token: string }
  const headers = { Authorization: `Bearer ${access_token}` }
  const who = (await (await call(dev, '/whoami', headers)).json()) as Record<string, unknown>
  assert.equal(who.client_id, dev.description.client.client_id)
  assert.notEqual(who.subject, who.client_id)
  for (const scope of ['add_file', 'fix']) {
    assert.equal((await call(dev, `/scopes/${scope}`, headers)).status, 200)
  }
})

test('response_type=code works as well', async () => {
  const back = await visit(authorizationUrl({ response_type: 'code' }))
  assert.equal((await exchange(codeOf(back))).status, 200)
})

test('a person who denies comes back with access_denied and no code', async () => {
  const back = await visit(authorizationUrl({ prompt: 'consent' }), 'deny')
  assert.equal(back.searchParams.get('error'), 'access_denied')
  assert.equal(back.searchParams.has('code'), false)
})

test('the code is good once, and only with the same redirect URI', async () => {
  const code = codeOf(await visit(authorizationUrl()))
  const elsewhere = { redirect_uri: 'http://127.0.0.1/elsewhere' }
  assert.equal((await exchange(code, elsewhere)).status, 400)
  const another = codeOf(await visit(authorizationUrl()))
  assert.deepEqual([(await exchange(another)).status, (await exchange(another)).status], [200, 400])
})

test("a redirect URI that is not the app's shows a page and leads nowhere", async () => {
  const place = await new Person().open(authorizationUrl({ redirect_uri: 'http://127.0.0.1/elsewhere' }))
  assert.ok(!(place instanceof URL))
  assert.equal(place.status, 400)
})

test('the consent page names the scopes in words, and only what was asked for', async () => {
  const [{ username, password } = nobody] = dev.description.users
  const person = new Person()
  const signIn = await person.open(authorizationUrl({ scope: 'add_file', prompt: 'consent' }))
  assert.ok(!(signIn instanceof URL))
  const form = signIn.forms.find(({ open }) => open.has('password'))
  assert.ok(form)
  const consent = await person.submit(form, { username, password })
  assert.ok(!(consent instanceof URL))
  assert.match(consent.text, /Add 3D files for you/)
  assert.doesNotMatch(consent.text, /Ask for repairs/)
})

test('a token without a scope is refused where the API needs it', async () => {
  const back = await visit(authorizationUrl({ scope: 'add_file' }))
  const { access_token } = (await (await exchange(codeOf(back))).json()) as { access_token: string }
  const headers = { Authorization: `Bearer ${access_token}` }
  assert.equal((await call(dev, '/scopes/add_file', headers)).status, 200)
  assert.equal((await call(dev, '/scopes/fix', headers)).status, 403)
})

test('an API key in the header `key` opens the API, and another does not', async () => {
  const key = dev.description.api_key ?? ''
  assert.equal((await call(dev, '/info', { key })).status, 200)
  assert.equal((await call(dev, '/info', { key: 'a'.repeat(key.length) })).status, 401)
  assert.equal((await call(dev, '/info', { 'x-api-key': key })).status, 401)
})

test('24: a code is good for three minutes', async () => {
  let now = 1_800_000_000
  const clock = () => now
  await using server = await startServer({ dialect: 'makeprintable', clock })
  const parts = { store: server.latchkey.store, clock }
  const { id, secret = '' } = await registerCodeClient(parts)
  const { username } = await addPerson(parts)
  const query = { client_id: id, redirect_uri: redirectUri, response_type: 'authorization_code' }
  const statusAfter = async (seconds: number) => {
    const authorizationUrl = `${server.url}/authorize?${new URLSearchParams(query)}`
    const back = await signInAndAllow({ authorizationUrl, username, password })
    now += seconds
    const form = { grant_type: 'authorization_code', code: codeOf(back), redirect_uri: redirectUri }
    return (await postForm(`${server.url}/v1/token`, { ...form, client_id: id, client_secret: secret }))
      .status
  }
  assert.deepEqual([await statusAfter(179), await statusAfter(181)], [200, 400])
})

test('the examples that the page left out are on ours, in PHP and Python, and they run', async (t) => {
  const { client, endpoints } = dev.description
  const snippets = await readSnippets(endpoints.docs ?? '')
  for (const interpreter of interpreters) {
    const { language, needs } = interpreter
    if (language !== 'php' && language !== 'python') continue
    await t.test(language, { skip: needs ? missing(needs) : false }, async () => {
      const own = snippets[language] ?? {}
      const fill = (title: string, code = '') =>
        (own[title] ?? '')
          .replaceAll('YOUR_CLIENT_ID', client.client_id)
          .replaceAll('YOUR_CLIENT_SECRET', client.client_secret)
          .replaceAll('YOUR_REDIRECT_URI', client.redirect_uri ?? '')
          .replaceAll('YOUR_CODE', code)
      const link = (await run(interpreter, fill('Send the person to us'))).trim()
      assert.equal(new URL(link).searchParams.get('response_type'), 'authorization_code')
      const back = await visit(link)
      assert.equal(back.searchParams.get('state'), new URL(link).searchParams.get('state'))
      const program = [fill('Exchange the code', codeOf(back)), own['Call the API']].join('\n')
      assert.match(await run(interpreter, program), /^200\b.*Your credential is valid\./s)
    })
  }
})
