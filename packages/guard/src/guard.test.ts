import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGuard, type Guard, type GuardOptions, header, scheme } from './index.ts'
import { makeClock } from './testing/clock.ts'
import { nodeRequest, withToken } from './testing/request.ts'
import { startServer, type TestServer } from './testing/server.ts'

const metadataUrl = 'https://api.example.com/.well-known/oauth-protected-resource'

let server: TestServer
let guard: Guard

const make = (options: Partial<GuardOptions> = {}) =>
  createGuard({ ...server.guardOptions, revocation: 'none', ...options })

before(async () => {
  server = await startServer()
  guard = make()
})

after(() => server.close())

test('no credential: 401 with a bare challenge that names the resource metadata', async () => {
  for (const headers of [[], [['Authorization', 'Basic abc']], [['Authorization', 'Bearer']]] as [
    string,
    string,
  ][][]) {
    const result = await guard.check(nodeRequest(headers))
    assert.ok(!result.ok)
    assert.equal(result.status, 401)
    assert.equal(result.headers['www-authenticate'], `Bearer resource_metadata="${metadataUrl}"`)
    assert.equal(result.headers['cache-control'], 'no-store')
    assert.match(result.body.error_description, /Authorization: Bearer <token>/)
  }
})

test('a bad token: 401 invalid_token, the same from outside whatever is wrong with it', async () => {
  const tokens = [
    server.jwt({ exp: 1 }),
    server.jwt({ aud: 'x' }),
    server.jwt({ iss: 'x' }),
    'rubbish',
    'a.b.c',
  ]
  const answers = await Promise.all(tokens.map((token) => guard.check(withToken(token))))
  const [first] = answers
  assert.ok(first && !first.ok)
  assert.deepEqual([first.status, first.body.error], [401, 'invalid_token'])
  assert.match(
    first.headers['www-authenticate'] ?? '',
    /^Bearer resource_metadata="[^"]+", error="invalid_token", error_des/,
  )
  for (const answer of answers) assert.deepEqual({ ...answer, reason: '' }, { ...first, reason: '' })
})

test('a good token without the scope: 403 insufficient_scope that names all that the route needs', async () => {
  const request = withToken(server.jwt({ scope: 'read' }))
  assert.equal((await guard.check(request, { scope: 'read' })).ok, true)
  for (const scope of ['read admin', ['read', 'admin']]) {
    const result = await guard.check(request, { scope })
    assert.ok(!result.ok)
    assert.deepEqual(
      [result.status, result.body.error, result.body.scope],
      [403, 'insufficient_scope', 'read admin'],
    )
    assert.match(result.headers['www-authenticate'] ?? '', /error="insufficient_scope".*scope="read admin"/)
  }
})

test('a token without scope opens what needs none, and nothing else', async () => {
  const request = withToken(server.jwt({ scope: undefined }))
  assert.equal((await guard.check(request)).ok, true)
  assert.equal((await guard.check(request, { scope: 'read' })).ok, false)
  assert.equal((await guard.check(withToken(server.jwt({ scope: 'reader' })), { scope: 'read' })).ok, false)
})

test('a scope that came out of a URL cannot break out of the challenge', async () => {
  const result = await guard.check(withToken(server.jwt()), { scope: ['a"\r\nset-cookie: x="\\é'] })
  assert.ok(!result.ok)
  assert.equal(result.status, 403)
  assert.match(result.headers['www-authenticate'] ?? '', /^[\x20-\x7e]+scope="a\?\?\?set-cookie: x=\?\?\?"$/)
})

test('a CORS preflight passes without a principal; any other OPTIONS request is checked', async () => {
  const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  const passed = await guard.check({ method: 'OPTIONS', url: '/', headers: preflight }, { scope: 'read' })
  assert.deepEqual(passed, { ok: true, preflight: true, principal: undefined })
  assert.equal((await guard.check({ method: 'GET', url: '/', headers: preflight })).ok, false)
  assert.equal((await guard.check({ method: 'OPTIONS', url: '/', headers: { origin: 'x' } })).ok, false)
})

test('52: expiry and scope are checked on every hit of the cache, and the signature once', async () => {
  const clock = makeClock()
  const cached = make({ clock, clockToleranceSeconds: 0 })
  const request = withToken(server.jwt({ exp: clock.now() + 60 }))
  assert.equal((await cached.check(request, { scope: 'read' })).ok, true)
  assert.equal((await cached.check(request, { scope: 'admin' })).ok, false)
  assert.equal((await cached.check(request, { scope: 'write' })).ok, true)
  assert.equal(cached.status().verifiedJwts, 1)
  clock.advance(60)
  const late = await cached.check(request, { scope: 'read' })
  assert.equal(late.ok ? '' : late.reason, 'expired')
})

test('52: two guards share nothing: what one API accepts another refuses', async () => {
  const other = make({ audience: 'https://other.example' })
  const request = withToken(server.jwt())
  assert.equal((await guard.check(request)).ok, true)
  const result = await other.check(request)
  assert.equal(result.ok ? '' : result.reason, 'wrong-audience')
})

test('52: the cache of verified tokens holds no more than its limit', async () => {
  const small = make({ jwtCacheEntries: 3 })
  for (let index = 0; index < 10; index++) await small.check(withToken(server.jwt()))
  assert.equal(small.status().verifiedJwts, 3)
})

test('a guard without the credentials for introspection refuses opaque tokens', async () => {
  const { issuer, audience } = server
  const jwtOnly = createGuard({ issuer, audience, revocation: 'none' })
  const result = await jwtOnly.check(withToken(server.opaque()))
  assert.ok(!result.ok)
  assert.deepEqual([result.status, result.reason], [401, 'opaque-not-accepted'])
})

test('a closed guard answers 503', async () => {
  const closed = make()
  closed.close()
  const result = await closed.check(withToken(server.jwt()))
  assert.equal(result.ok ? 200 : result.status, 503)
})

test('no answer and no status ever holds the token or a secret', async () => {
  const feed = createGuard({ ...server.guardOptions, clientSecret: 'wrong-but-secret' })
  const token = server.opaque()
  const answers = [await feed.check(withToken(token)), feed.status()]
  for (const bad of [`${server.jwt()}x`, server.jwt({ exp: 1 })]) {
    const answer = await feed.check(nodeRequest([['Authorization', `Bearer ${bad}`]]))
    assert.ok(!JSON.stringify(answer).includes(bad.slice(0, 40)))
  }
  assert.doesNotMatch(JSON.stringify(answers), new RegExp(`${token}|wrong-but-secret`))
  feed.close()
})

test('the resource metadata names the server, the scopes and how to send a token (RFC 9728)', () => {
  const described = make({
    resourceMetadata: { scopes_supported: ['read'], resource_documentation: 'https://docs.example' },
  })
  assert.deepEqual(described.resourceMetadata(), {
    resource: server.audience,
    authorization_servers: [server.issuer],
    bearer_methods_supported: ['header'],
    scopes_supported: ['read'],
    resource_documentation: 'https://docs.example',
  })
  const nested = make({ resourceMetadata: { resource: 'https://api.example.com/v2' } })
  assert.equal(nested.resourceMetadataUrl, `${metadataUrl}/v2`)
})

test('an API without a URL challenges with a realm, and says what its metadata lacks', async () => {
  const nameless = make({ audience: 'urn:example:api', credentials: [scheme('Token')] })
  const result = await nameless.check(nodeRequest([]))
  assert.equal(result.ok ? '' : result.headers['www-authenticate'], 'Token realm="urn:example:api"')
  assert.throws(() => nameless.resourceMetadata(), /set resourceMetadata\.resource/)
})

test('what is wrong with the options is said at creation, with what to write instead', () => {
  const wrong: [object, RegExp][] = [
    [{ audiences: 'x' }, /no option audiences. The options are: issuer, audience/],
    [{ issuer: undefined }, /issuer is missing/],
    [{ issuer: 'localhost:3000' }, /is not https/],
    [{ issuer: 'http://auth.example.com' }, /is not https.*allowInsecureIssuer/],
    [{ issuer: 'https://auth.example.com?x=1' }, /no query/],
    [{ audience: '' }, /audience is missing/],
    [{ clientSecret: undefined }, /clientId and clientSecret together/],
    [
      { clientId: undefined, clientSecret: undefined, revocation: undefined },
      /revocation: 'feed' asks.*'none'/,
    ],
    [{ clientId: undefined, clientSecret: undefined, algorithms: ['HS256'] }, /HS256 keys/],
    [{ algorithms: ['none'] }, /algorithms is a list of some of these/],
    [{ algorithms: [] }, /algorithms/],
    [{ credentials: [] }, /credentials is a list/],
    [{ credentials: ['bearer'] }, /credentials is a list/],
    [{ revocation: 'sometimes' }, /feed, introspect, none/],
    [{ whenFeedIsStale: 'ignore' }, /refuse, accept/],
    [{ maxFeedAgeSeconds: 5 }, /from 25 to 3600/],
    [{ introspectionCacheSeconds: 301 }, /from 0 to 300/],
    [{ jwtCacheEntries: 0.5 }, /whole number/],
    [{ clockToleranceSeconds: Number.NaN }, /from 0 to 300/],
    [{ resourceMetadata: { scopes: ['x'] } }, /resourceMetadata takes no scopes/],
    [{ resourceMetadata: { resource: 'api' } }, /resourceMetadata\.resource is the http/],
    [{ revocations: new Map() }, /RevocationSet/],
  ]
  for (const [options, message] of wrong) assert.throws(() => make(options as Partial<GuardOptions>), message)
  assert.doesNotThrow(() => make({ issuer: 'http://auth.internal', allowInsecureIssuer: true }))
  assert.throws(() => header('x key'), /cannot stand in a header/)
})
