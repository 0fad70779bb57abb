import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { listen } from '@latchkey/server'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import { fillIn, type Interpreter, interpreters, readSnippets, run } from './snippets.ts'

/** What the sample API answers to a good token, and only to that. */
const success = /Your credential is valid\./
const fresh = /^200\b.*Your credential is valid\./s
/** An introspection answer, as each language prints it. */
const good = /['"]?active['"]?: ?true/i

type Texts = Record<string, string>
interface Client {
  id: string
  secret: string
}

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

for (const dialect of ['standard', 'makeleaps', 'realtyna']) {
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
  const client = { id: description.client.client_id, secret: description.client.client_secret }
  const snippets = await readSnippets(description.endpoints.docs ?? '')
  for (const interpreter of interpreters) {
    const { language, needs } = interpreter
    await t.test(language, { skip: needs ? missing(needs) : false }, async () => {
      const own = snippets[language] ?? {}
      const runFilled = (title: string, token?: string) =>
        run(interpreter, fillIn(own[title] ?? '', client, token))
      const token = await getAndCall(interpreter, own, client)
      assert.match(await runFilled('Keep a token fresh'), fresh)
      assert.match(await runFilled('Check a token', token), good)
      await endIt(interpreter, own, client, token)
      assert.doesNotMatch(await runFilled('Check a token', token), good)
    })
  }
}

/** Steps 1 and 2. Curl's are commands of their own; in a language the second goes below the first. */
async function getAndCall(interpreter: Interpreter, own: Texts, client: Client): Promise<string> {
  const first = fillIn(own['Get a token'] ?? '', client)
  if (interpreter.language === 'curl') {
    const token = /"(?:access_token|token|jwt)":"([^"]+)"/.exec(await run(interpreter, first))?.[1] ?? ''
    assert.match(await run(interpreter, fillIn(own['Call the API'] ?? '', client, token)), success)
    return token
  }
  const print = { python: 'print(token)', javascript: 'console.log(token)', php: 'echo "$token\\n";' }
  const show = print[interpreter.language as keyof typeof print]
  const lines = await run(interpreter, [first, show, own['Call the API']].join('\n'))
  const [token = '', answer = ''] = lines.split(/\n(.*)/s)
  assert.match(answer, fresh)
  return token
}

/** Ends the token of the earlier steps: below step 1 it would end one of its own. */
async function endIt(interpreter: Interpreter, own: Texts, client: Client, token: string): Promise<void> {
  const words = fillIn(own['End a token'] ?? '', client, token)
  if (interpreter.language === 'curl') {
    assert.equal(await run(interpreter, words), '')
    return
  }
  const below = interpreter.language === 'php' ? `$token = '${token}';` : `token = '${token}'`
  const step1 = fillIn(own['Get a token'] ?? '', client).replace('const token', 'let token')
  assert.match(await run(interpreter, `${step1}\n${below}\n${words}`), /^200\s*$/)
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
        const here = fillIn(program ?? '', server.client).replaceAll(
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
