import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request as startRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { createGuard, type Guard } from './index.ts'
import { apps, type RunningApp, secretWord } from './testing/apps.ts'
import { startServer, type TestServer } from './testing/server.ts'

let server: TestServer

before(async () => {
  server = await startServer()
})

after(() => server.close())

interface Call {
  method?: string
  headers?: readonly (readonly [string, string])[]
}

/** Sends the path and the headers as they are written: twice stays twice, `//` stays `//`. */
async function call({ port }: RunningApp, path: string, { method = 'GET', headers = [] }: Call = {}) {
  const options = {
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: ['Host', `127.0.0.1:${port}`, ...headers.flat()],
  }
  const outgoing = startRequest({ ...options, agent: false }).end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const body = await text(incoming)
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body }
}

const withToken = (token: string): Call => ({ headers: [['Authorization', `Bearer ${token}`]] })

for (const [name, start] of Object.entries(apps)) {
  describe(name, () => {
    let guard: Guard
    let app: RunningApp

    before(async () => {
      guard = createGuard(server.guardOptions)
      app = await start(guard)
    })

    after(async () => {
      guard.close()
      await app.close()
    })

    test('a good token reaches the handler, with its principal', async () => {
      for (const token of [server.jwt(), server.opaque()]) {
        const answer = await call(app, '/read?x=1', withToken(token))
        assert.equal(answer.status, 200)
        assert.deepEqual(JSON.parse(answer.body), {
          word: secretWord,
          subject: 'user-1',
          scope: ['read', 'write'],
        })
      }
    })

    test('each refusal has its status, its challenge, its JSON body, and is not stored', async () => {
      const readOnly = server.jwt({ scope: 'read' })
      const refusals: [string, Call, number, string][] = [
        ['/info', {}, 401, 'unauthorized'],
        ['/info', withToken('rubbish.rubbish.rubbish'), 401, 'invalid_token'],
        ['/info', withToken(server.jwt({ exp: 1 })), 401, 'invalid_token'],
        ['/both', withToken(readOnly), 403, 'insufficient_scope'],
        [`/info?access_token=${readOnly}`, {}, 400, 'invalid_request'],
      ]
      for (const [path, request, status, error] of refusals) {
        const answer = await call(app, path, request)
        assert.equal(answer.status, status)
        assert.equal(JSON.parse(answer.body).error, error)
        assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
        assert.equal(answer.headers['cache-control'], 'no-store')
        assert.match(
          answer.headers['www-authenticate'] ?? '',
          /^Bearer resource_metadata="https:\/\/api\.example\.com\//,
        )
      }
    })

    test('HEAD is guarded like GET', async () => {
      const answer = await call(app, '/info', { method: 'HEAD' })
      assert.ok(answer.status === 401 || answer.status === 404)
    })

    test('a preflight passes the guard and gets no data', async () => {
      const headers = [
        ['Origin', 'https://app.example'],
        ['Access-Control-Request-Method', 'GET'],
      ] as const
      for (const path of ['/info', '/api/secret', '/api/admin']) {
        const answer = await call(app, path, { method: 'OPTIONS', headers })
        assert.ok([200, 204, 404].includes(answer.status), String(answer.status))
        assert.doesNotMatch(answer.body, new RegExp(secretWord))
      }
    })

    test('54: no spelling of a path leads around the guard', async () => {
      const spellings = [
        '/api/secret',
        '/%61pi/secret',
        '//api/secret',
        '/api//secret',
        '/api/secret/',
        '/API/SECRET',
      ]
      const more = [
        '/api;x=1/secret',
        '/api/secret;x=1',
        '/./api/secret',
        '/x/../api/secret',
        '/api/%73ecret',
      ]
      const odd = [
        '/api%2fsecret',
        '/api\\secret',
        '/api/secret%00',
        '/api/secret#',
        '/api/secret?',
        '/api/secret/.',
      ]
      const guarded = [
        '/info',
        '/INFO',
        '/%69nfo',
        '//info',
        '/info/',
        '/info;x=1',
        '/read',
        '/%72ead',
        '/both',
        '/info/.',
      ]
      for (const path of [
        ...spellings,
        ...more,
        ...odd,
        ...guarded,
        '/api/admin',
        '/%61pi/%61dmin',
        '//api//admin',
      ]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await call(app, path, { method })
          assert.ok([400, 401, 404].includes(answer.status), `${method} ${path}: ${answer.status}`)
          assert.doesNotMatch(answer.body, new RegExp(secretWord), path)
        }
      }
    })

    test('54: a spelling that the framework takes for the route is answered as the route is', async () => {
      for (const path of ['/api/secret', '/%61pi/secret', '//api/secret', '/api/secret/', '/API/secret']) {
        const [anonymous, known] = [await call(app, path), await call(app, path, withToken(server.jwt()))]
        assert.ok(known.status !== 200 || anonymous.status === 401, path)
      }
    })

    test('55: nested guards each check', async () => {
      const scopes = { read: 403, admin: 403, 'read admin': 200, '': 403 }
      for (const [scope, status] of Object.entries(scopes)) {
        const answer = await call(app, '/api/admin', withToken(server.jwt({ scope })))
        assert.equal(answer.status, status, scope)
      }
      assert.equal((await call(app, '/api/secret', withToken(server.jwt({ scope: 'admin' })))).status, 403)
    })

    test('56: two Authorization headers are a 400, whatever is in them', async () => {
      const token = server.jwt()
      for (const [first, second] of [
        [`Bearer ${token}`, `Bearer ${token}`],
        ['Bearer x', `Bearer ${token}`],
        [`Bearer ${token}`, 'Bearer x'],
        ['Basic eDp5', `Bearer ${token}`],
      ]) {
        const headers = [
          ['Authorization', first ?? ''],
          ['authorization', second ?? ''],
        ] as const
        assert.equal((await call(app, '/info', { headers })).status, 400)
      }
    })

    test('56: a token in the query is a 400, also beside a good one', async () => {
      assert.equal((await call(app, '/info?access_token=x', withToken(server.jwt()))).status, 400)
      assert.equal((await call(app, '/api/secret?a=1&access_token=x')).status, 400)
    })

    test('57: a server that cannot be asked is a 503 with Retry-After and no challenge', async () => {
      server.break('/introspect', 'cut')
      const answer = await call(app, '/info', withToken(server.opaque()))
      server.mend('/introspect')
      assert.equal(answer.status, 503)
      assert.ok(Number(answer.headers['retry-after']) >= 1)
      assert.equal(answer.headers['www-authenticate'], undefined)
      assert.equal(JSON.parse(answer.body).error, 'temporarily_unavailable')
    })

    test('the resource metadata is served where the challenge says, for any page to read', async () => {
      const answer = await call(app, '/.well-known/oauth-protected-resource?x=1')
      assert.equal(answer.status, 200)
      assert.deepEqual(JSON.parse(answer.body), guard.resourceMetadata())
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
      assert.equal(answer.headers['access-control-allow-origin'], '*')
    })

    test('a scope that can never be granted is an error when the route is made', async () => {
      const { requires } = await import('./express.ts')
      assert.throws(() => requires(guard, ['with space']), /is not a scope/)
    })
  })
}

test('express: a handler that asks for a principal where no guard is fails closed, and says what to do', async () => {
  const guard = createGuard(server.guardOptions)
  const app = await apps.express?.(guard)
  assert.ok(app)
  const answer = await call(app, '/unguarded', withToken(server.jwt()))
  await app.close()
  assert.equal(answer.status, 500)
})
