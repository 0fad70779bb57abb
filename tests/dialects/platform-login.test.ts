import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Dev, startDev } from '../support/dev.ts'
import { missing } from '../support/programs.ts'
import { call, publishedPage, unsaid } from './page.ts'

const page = publishedPage('002_85cc32bfdc77565c.txt')

let dev: Dev

before(async () => {
  dev = await startDev({ dialect: 'platform-login' })
})

after(() => dev[Symbol.asyncDispose]())

interface Answer {
  token_type: string
  access_token: string
  expires_in: number
}

const john = (): { username: string; password: string } => {
  const [{ username = '', password = '' } = {}] = dev.description.users
  return { username, password }
}

const url = (): string => `${dev.description.issuer}/authorization`

const postForm = (parameters: Record<string, string>): Promise<Response> =>
  fetch(url(), { method: 'POST', body: new URLSearchParams(parameters) })

const postJson = (body: unknown): Promise<Response> =>
  fetch(url(), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function subjectOf(token: string): Promise<unknown> {
  const who = await call(dev, '/whoami', { Authorization: `Bearer ${token}` })
  assert.equal(who.status, 200)
  return ((await who.json()) as { subject: string }).subject
}

if (page !== undefined)
  test('the page still says what these tests show', () => {
    const words = [
      'POST request to the /authorization endpoint',
      'username and password that you use to log in to the platform',
      'unique string of numbers and letters',
      'expressed in seconds',
    ]
    assert.deepEqual(unsaid(page, words), [])
  })

test('the endpoint is where the page says', () => {
  assert.equal(dev.description.endpoints.token, url())
})

test('a username and a password give a token, as a form and as JSON, without a client id', async () => {
  const subjects = new Set<unknown>()
  for (const response of [await postForm(john()), await postJson(john())]) {
    assert.equal(response.status, 200)
    const answer = (await response.json()) as Answer
    assert.deepEqual(Object.keys(answer), ['token_type', 'access_token', 'expires_in'])
    assert.deepEqual([answer.token_type, answer.expires_in], ['Bearer', 3600])
    assert.match(answer.access_token, /^[0-9a-z]{32,}$/)
    subjects.add(await subjectOf(answer.access_token))
  }
  assert.equal(subjects.size, 1)
})

test('two people are two subjects', async () => {
  const subjects = new Set<unknown>()
  for (const { username, password } of dev.description.users) {
    const { access_token } = (await (await postForm({ username, password })).json()) as Answer
    subjects.add(await subjectOf(access_token))
  }
  assert.equal(subjects.size, 2)
})

test('a token opens what the person may do, and the header of the page carries it', {
  skip: missing('curl'),
}, async () => {
  const { access_token } = (await (await postForm(john())).json()) as Answer
  for (const scope of ['read', 'write']) {
    const words = [
      '-s',
      '-H',
      `Authorization: Bearer ${access_token}`,
      `${dev.description.endpoints.api}/scopes/${scope}`,
    ]
    const { stdout } = await promisify(execFile)('curl', words)
    assert.deepEqual(JSON.parse(stdout), { scope, message: 'Allowed.' })
  }
})

test('65: a wrong password and an unknown user get the same answer', async () => {
  const wrong = await postForm({ ...john(), password: 'wrong' })
  const unknown = await postForm({ username: 'nobody', password: 'wrong' })
  assert.deepEqual([wrong.status, unknown.status], [400, 400])
  const body = await wrong.json()
  assert.deepEqual(await unknown.json(), body)
  assert.equal((body as { error: string }).error, 'invalid_grant')
})

test('a request without a username or a password is told so', async () => {
  for (const parameters of [{ username: 'john.doe' }, { password: 'x' }, {}]) {
    const response = await postForm(parameters as Record<string, string>)
    assert.equal(response.status, 400)
    assert.equal(((await response.json()) as { error: string }).error, 'invalid_request')
  }
})

test('the username and the password do not belong into the URL', async () => {
  const response = await fetch(`${url()}?${new URLSearchParams(john())}`, { method: 'POST' })
  assert.equal(response.status, 400)
})

test('the page of `latchkey dev` tells of a username and a password, and of no client secret', async () => {
  const text = await (await fetch(dev.description.endpoints.docs ?? '')).text()
  assert.match(text, /YOUR_USERNAME/)
  const [, steps = ''] = /<section id="get-token"(.*?)<section id="call-api"/s.exec(text) ?? []
  assert.match(steps, /YOUR_PASSWORD/)
  assert.doesNotMatch(steps, /YOUR_CLIENT_SECRET|client_credentials/)
})
