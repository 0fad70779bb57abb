import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { listen } from '@latchkey/server'
import { presets } from '../../packages/server/src/dialects/presets.ts'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signInAndAllow } from '../support/person.ts'
import { missing } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import { fillIn, type Interpreter, interpreters, readSnippets, run, type Values } from './snippets.ts'

/** A password for tokens that can be renewed, and no other way. */
const passwordAlone = {
  name: 'password-alone',
  routes: [
    {
      kind: 'token',
      method: 'POST',
      paths: ['/own/token'],
      request: { from: ['json'], defaults: { client_id: 'own' } },
    },
  ],
  grants: ['password'],
}

/** What the sample API answers to a good token, and only to that. */
const success = /Your credential is valid\./
const fresh = /^200\b.*Your credential is valid\./s
/** An introspection answer, as each language prints it. */
const good = /['"]?active['"]?: ?true/i

type Texts = Record<string, string>

/** Dialects that no preset has: what the snippets must say otherwise. */
const ownDialects = {
  'credentials in the URL, a lifetime in minutes, the token inside': {
    name: 'in-url',
    routes: [
      {
        kind: 'token',
        method: 'GET',
        paths: ['/login'],
        request: {
          from: ['query'],
          isBasicAccepted: false,
          rename: { appid: 'client_id', key: 'client_secret' },
          defaults: { grant_type: 'client_credentials' },
        },
        answer: {
          'data.token': 'access_token',
          'data.minutes': { lifetime: 'expires_in', unit: 'minutes' },
        },
      },
    ],
    api: [{ prefix: '/api', credentials: [{ query: 'token' }] }],
  },
  'credentials in headers, JSON, the token in a header': {
    name: 'in-headers',
    routes: [
      {
        kind: 'token',
        method: 'POST',
        paths: ['/session'],
        request: {
          from: ['json'],
          headers: { 'x-app': 'client_id', 'x-secret': 'client_secret' },
          values: { grant_type: { app: 'client_credentials' } },
        },
        answer: { jwt: 'access_token', until: { lifetime: 'expires_in', unit: 'iso_date' } },
      },
    ],
    api: [{ prefix: '/api', credentials: [{ header: 'x-token' }] }],
  },
}

test('whoever signs in with a password is shown how to renew, where the app is one that the dialect names', async () => {
  await using academy = await startServer({ dialect: 'make-academy', scopes: { connect: 'Connect' } })
  await using byPassword = await startServer({ dialect: passwordAlone, passwordGrant: true })
  for (const server of [academy, byPassword]) {
    const { curl = {} } = await readSnippets(server.latchkey.urls.docs)
    assert.match(curl['Renew without the password'] ?? '', /\/token(?!.*YOUR_CLIENT)/s)
    assert.match(curl['Renew without the password'] ?? '', /refresh_token/)
    assert.doesNotMatch(curl['End the connection'] ?? 'YOUR_CLIENT', /YOUR_CLIENT/)
  }
})

for (const dialect of Object.keys(presets)) {
  test(`the snippets of ${dialect} run as they are`, async (t) => {
    await using dev = await startDev({ dialect })
    await runAll(t, dev)
  })
}

for (const [name, dialect] of Object.entries(ownDialects)) {
  test(`the snippets of a dialect run as they are: ${name}`, async (t) => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('latchkey.config.json'), JSON.stringify({ dialect, ...required }))
    await using dev = await startDev({ args: ['--config', folder.file('latchkey.config.json')] })
    await runAll(t, dev)
  })
}

/** What every config file says; `latchkey dev` puts its own in place. */
const required = { issuer: 'http://localhost', audience: 'http://localhost/api' }

async function runAll(t: TestContext, { description }: Dev): Promise<void> {
  const snippets = await readSnippets(description.endpoints.docs ?? '')
  for (const interpreter of interpreters) {
    const { language, needs } = interpreter
    await t.test(language, { skip: needs ? missing(needs) : false }, async () => {
      const own = snippets[language] ?? {}
      if (own['Get a token']) await runFirstSteps(interpreter, own, description)
      if (own['Send the person to us']) await connectAndEnd(interpreter, own, description)
      if (own['Sign in with a password']) {
        const values = valuesOf(description)
        const first = await getAndCall(interpreter, own, values, 'Sign in with a password')
        if (own['Renew without the password']) {
          await renewAndEnd(interpreter, own, { ...values, ...first }, passwordTitles)
        }
      }
      const ran = ['Get a token', 'Send the person to us'].filter((title) => own[title])
      assert.ok(ran.length > 0)
    })
  }
}

/** What the reader of a page was given; the first of the demo people reads it. */
function valuesOf({ client, users }: Dev['description']): Values {
  const [{ username = '', password = '' } = {}] = users
  return {
    client: { id: client.client_id, secret: client.client_secret },
    redirectUri: client.redirect_uri ?? '',
    username,
    password,
  }
}

/** A token is got, kept fresh, checked and ended. */
async function runFirstSteps(
  interpreter: Interpreter,
  own: Texts,
  description: Dev['description'],
): Promise<void> {
  const values = valuesOf(description)
  const { client_id: id, client_secret: secret } = description.resource_server
  const check = (token: string) =>
    run(interpreter, fillIn(own['Check a token'] ?? '', { client: { id, secret }, token }))
  const { token } = await getAndCall(interpreter, own, values, 'Get a token')
  assert.match(await run(interpreter, fillIn(own['Keep a token fresh'] ?? '', values)), fresh)
  assert.match(await check(token), good)
  await endIt(interpreter, own, { ...values, token })
  assert.doesNotMatch(await check(token), good)
}

const prints: Record<string, (name: 'token' | 'refreshToken') => string> = {
  python: (name) => `print(${name === 'token' ? 'token' : 'refresh_token'})`,
  javascript: (name) => `console.log(${name})`,
  php: (name) => `echo "$${name}\\n";`,
}

/**
 * A snippet that gets a token, and the call that goes on from it. Curl's are commands of their own; in a language the
 * second goes below the first.
 */
async function getAndCall(
  interpreter: Interpreter,
  own: Texts,
  values: Values,
  title: string,
): Promise<{ token: string; refreshToken: string }> {
  const first = fillIn(own[title] ?? '', values)
  const hasRefreshToken = /refresh_?token/i.test(own[title] ?? '')
  const print = prints[interpreter.language]
  if (!print) {
    const answer = await run(interpreter, first)
    const token = /"(?:access_token|token|jwt)":"([^"]+)"/.exec(answer)?.[1] ?? ''
    const called = await run(interpreter, fillIn(own['Call the API'] ?? '', { ...values, token }))
    assert.match(called, success)
    return { token, refreshToken: /"refresh_token":"([^"]+)"/.exec(answer)?.[1] ?? '' }
  }
  const show = [print('token'), hasRefreshToken ? print('refreshToken') : print('token')]
  const lines = await run(interpreter, [first, ...show, own['Call the API']].join('\n'))
  const [token = '', refreshToken = '', answer = ''] = lines.split(/\n(.*?)\n(.*)/s)
  assert.match(answer, fresh)
  return { token, refreshToken: hasRefreshToken ? refreshToken : '' }
}

/** Ends the token of the earlier steps: below step 1 it would end one of its own. */
async function endIt(interpreter: Interpreter, own: Texts, values: Values): Promise<void> {
  const words = fillIn(own['End a token'] ?? '', values)
  if (interpreter.language === 'curl') {
    assert.equal(await run(interpreter, words), '{}')
    return
  }
  const below = interpreter.language === 'php' ? `$token = '${values.token}';` : `token = '${values.token}'`
  const step1 = fillIn(own['Get a token'] ?? '', values).replace('const token', 'let token')
  assert.match(await run(interpreter, `${step1}\n${below}\n${words}`), /^200\s*$/)
}

/** A person follows the link and allows the app, which gets a token, renews it, and disconnects where it can. */
async function connectAndEnd(
  interpreter: Interpreter,
  own: Texts,
  description: Dev['description'],
): Promise<void> {
  const values = valuesOf(description)
  const printed = await run(interpreter, fillIn(own['Send the person to us'] ?? '', values))
  const [link = '', verifier = ''] = printed.split('\n')
  const { username = '', password = '' } = values
  const back = await signInAndAllow({ authorizationUrl: link, username, password })
  assert.ok(new URL(link).searchParams.get('state'))
  assert.equal(back.searchParams.get('state'), new URL(link).searchParams.get('state'))
  const code = back.searchParams.get('code') ?? ''
  const first = await getAndCall(interpreter, own, { ...values, code, verifier }, 'Exchange the code')
  if (own['Renew the token']) await renewAndEnd(interpreter, own, { ...values, ...first }, codeTitles)
}

const codeTitles = { renewal: 'Renew the token', end: 'Disconnect' }
const passwordTitles = { renewal: 'Renew without the password', end: 'End the connection' }

/** A token is renewed by its refresh token, and both end when the connection does. */
async function renewAndEnd(
  interpreter: Interpreter,
  own: Texts,
  values: Values,
  { renewal, end }: typeof codeTitles,
): Promise<void> {
  assert.ok(values.refreshToken)
  const next = await getAndCall(interpreter, own, values, renewal)
  assert.notEqual(next.refreshToken, values.refreshToken)
  const ended = await run(interpreter, fillIn(own[end] ?? '', { ...values, ...next }))
  assert.equal(ended.trim(), '200')
  await assert.rejects(getAndCall(interpreter, own, { ...values, ...next }, renewal))
}

test('the program that keeps a token fresh gets a new one when the API refuses it, and tries once more', async (t) => {
  await using server = await startServer()
  for (const interpreter of interpreters) {
    const { language, needs } = interpreter
    await t.test(language, { skip: needs ? missing(needs) : false }, async () => {
      const seen: (string | null)[] = []
      const listener = await listen({ host: '127.0.0.1', port: 0 })
      listener.serve(async (request) => {
        seen.push(request.headers.get('authorization'))
        return Response.json({}, { status: seen.length === 1 ? 401 : 200 })
      })
      try {
        const program = (await readSnippets(server.latchkey.urls.docs))[language]?.['Keep a token fresh']
        const here = fillIn(program ?? '', { client: server.client }).replaceAll(
          `${server.url}/api`,
          `http://127.0.0.1:${listener.port}`,
        )
        assert.match(await run(interpreter, here), /^200\b/)
      } finally {
        await listener.close()
      }
      assert.equal(seen.length, 2)
      assert.notEqual(seen[0], seen[1])
    })
  }
})
