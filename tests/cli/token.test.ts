import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { addPerson, issueCode, redeem, refresh, registerCodeClient, tokensOf } from '../support/connection.ts'
import { latchkeyFile, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { selfSigned } from '../support/self-signed.ts'
import { basic, postForm, startServer, type TestServer } from '../support/server.ts'
import { asOrdinaryUser, assertRefused, latchkey, type RunOptions, succeeded } from './support.ts'

/** Nothing of a server is needed: not its secret either. */
const run = (words: string[], options: RunOptions) =>
  latchkey(['token', ...words], { ...options, env: { LATCHKEY_SECRET: undefined, ...options.env } })

/** A folder with this profile in it, under its own name. */
function folderWith(profile: object, mode = 0o600) {
  const folder = temporaryFolder()
  const write = (changed: object) =>
    writeFileSync(folder.file('latchkey.profile.json'), JSON.stringify(changed), { mode })
  write(profile)
  return { ...folder, cwd: folder.path, write, tokens: folder.file('latchkey.profile.tokens.json') }
}

/** Runs it to its end, and takes the one line that it prints. */
async function lineOf(words: string[], options: RunOptions): Promise<string> {
  const { stdout } = succeeded(await run(words, options))
  assert.match(stdout, /^[^\n]+\n$/)
  return stdout.trimEnd()
}

const statusAt = async (url: string | null, headers: Record<string, string>): Promise<number> =>
  (await fetch(`${url}/whoami`, { headers })).status

const asHeaders = (line: string): Record<string, string> => {
  const colon = line.indexOf(': ')
  return { [line.slice(0, colon)]: line.slice(colon + 2) }
}

async function tokenRequestsAt({ url, resourceServer: { id, secret } }: TestServer): Promise<number> {
  const headers = { authorization: basic(id, secret) }
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text()
  const counts = metrics.matchAll(/^latchkey_requests_total\{endpoint="token".* (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Answers everything with what the body is at the time. */
const answering =
  (body: object, status = 200): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'application/json')
    if (status === 429) response.setHeader('retry-after', '7')
    response.statusCode = status
    response.end(JSON.stringify(body))
  }

async function listen(server: Server) {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Where nobody listens. */
const nowhere = 'http://127.0.0.1:1'

test('a token is printed, works at the API, and is printed again without asking the server', async () => {
  await using dev = await startDev()
  const { issuer, client, endpoints } = dev.description
  using folder = folderWith({ issuer, clientId: client.client_id, clientSecret: client.client_secret })
  const token = await lineOf([], folder)
  assert.equal(await statusAt(endpoints.api, { authorization: `Bearer ${token}` }), 200)
  assert.equal(statSync(folder.tokens).mode & 0o777, 0o600)
  assert.equal(await lineOf(['--header'], folder), `Authorization: Bearer ${token}`)
  assert.notEqual(await lineOf(['--renew'], folder), token)
  const renewed = await lineOf([], folder)
  await dev.end()
  assert.equal(await lineOf([], folder), renewed)
})

test('a profile of another name and folder, whose secret is in the environment and whose tokens are elsewhere', async () => {
  await using dev = await startDev()
  const { issuer, client, endpoints } = dev.description
  using folder = temporaryFolder()
  mkdirSync(folder.file('profiles'))
  const profile = {
    issuer,
    clientId: client.client_id,
    clientSecret: { env: 'BILLING_SECRET' },
    tokens: '../kept/billing.json',
  }
  writeFileSync(folder.file('profiles/billing.json'), JSON.stringify(profile), { mode: 0o644 })
  const options = { cwd: folder.path, env: { BILLING_SECRET: client.client_secret } }
  const words = ['--profile', 'profiles/billing.json', '--header']
  assert.equal(await statusAt(endpoints.api, asHeaders(await lineOf(words, options))), 200)
  assert.equal(statSync(folder.file('kept/billing.json')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder.file('profiles')), ['billing.json'])
  const without = await run(words, { cwd: folder.path })
  assertRefused(
    without,
    /billing\.json: clientSecret: the variable BILLING_SECRET is not set in the environment/,
  )
})

test('however many ask at once, the server is asked once', async () => {
  await using server = await startServer()
  const { client, url } = server
  using folder = folderWith({ issuer: url, clientId: client.id, clientSecret: client.secret })
  const tokens = await Promise.all(Array.from({ length: 4 }, () => lineOf([], folder)))
  assert.equal(new Set(tokens).size, 1)
  assert.equal(await tokenRequestsAt(server), 1)
  assert.equal(await lineOf([], folder), tokens[0])
  assert.equal(await tokenRequestsAt(server), 1)
})

test('by its dialect: the token bare, in a header of its own, or in the URL', async () => {
  await using dev = await startDev({ dialect: 'realtyna' })
  const { issuer, client, endpoints } = dev.description
  const profile = { issuer, clientId: client.client_id, clientSecret: client.client_secret }
  using folder = folderWith({ ...profile, dialect: { credential: { bare: true } } })
  const bare = await lineOf(['--header'], folder)
  assert.equal(bare, `Authorization: ${await lineOf([], folder)}`)
  assert.equal(await statusAt(endpoints.api, asHeaders(bare)), 200)
  folder.write({ ...profile, dialect: { credential: { header: 'X-Api-Key' } } })
  assert.match(await lineOf(['--header'], folder), /^x-api-key: [^\s]+$/)
  folder.write({ ...profile, dialect: { credential: { query: 'api_key' } } })
  assertRefused(await run(['--header'], folder), /the API takes its token in the URL\. Leave out --header/)
})

test('by its dialect: a password, JSON, minutes, and a refresh afterwards', async () => {
  await using dev = await startDev({ dialect: 'make-academy' })
  const { routes, users, issuer } = dev.description
  const [user] = users
  const route = routes.find(({ url }) => url.endsWith('/api/v3/token'))
  using folder = folderWith({
    tokenEndpoint: route?.url,
    auth: 'none',
    grant: { password: { username: user?.username, password: { env: 'PASSWORD' } } },
    dialect: { body: 'json', lifetimeUnit: 'minutes', error: { error_description: 'error.message' } },
  })
  const options = { cwd: folder.cwd, env: { PASSWORD: user?.password } }
  const first = await lineOf([], options)
  const api = `${issuer}/api/v3`
  assert.equal(await statusAt(api, { authorization: `Bearer ${first}` }), 200)
  const second = await lineOf(['--renew'], options)
  assert.notEqual(second, first)
  assert.equal(await statusAt(api, { authorization: `Bearer ${second}` }), 200)
  assert.equal(JSON.parse(readFileSync(folder.tokens, 'utf8')).lifetimeSeconds, 300)
})

/** A server, and a connection of a person to an app there. */
async function connect() {
  const server = await startServer({ refreshTokenGrace: '1s' })
  const { store, config, urls } = server.latchkey
  const parts = { store, clock: () => Math.floor(Date.now() / 1000) }
  const app = await registerCodeClient(parts)
  const person = await addPerson(parts)
  const again = async () => {
    const code = await issueCode(parts, app, person, { audience: config.audience })
    return tokensOf(await redeem(urls.token, app, code)).refreshToken
  }
  const profile = {
    issuer: server.url,
    clientId: app.id,
    clientSecret: app.secret,
    grant: 'refresh_token',
    refreshToken: await again(),
  }
  return { server, app, again, profile, urls, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('a connection goes on by the refresh token that was rotated to, which is kept', async () => {
  await using connection = await connect()
  using folder = folderWith(connection.profile)
  const seen = new Set([await lineOf([], folder)])
  for (let i = 0; i < 3; i++) seen.add(await lineOf(['--renew'], folder))
  assert.equal(seen.size, 4)
  const kept = () => JSON.parse(readFileSync(folder.tokens, 'utf8')).refreshToken
  assert.notEqual(kept(), connection.profile.refreshToken)
  const { refreshToken: _, ...rest } = connection.profile
  folder.write(rest)
  assert.ok(!seen.has(await lineOf(['--renew'], folder)))
  const { urls, app } = connection
  assert.equal((await refresh(urls.token, app, kept())).status, 200)
})

test('refused in one line: a connection that ended says what to do, and no secret; a new one goes on when it is run again', async () => {
  await using connection = await connect()
  const { profile, urls, app } = connection
  using folder = folderWith(profile)
  await lineOf([], folder)
  const { refreshToken } = JSON.parse(readFileSync(folder.tokens, 'utf8'))
  await postForm(urls.revocation, { token: refreshToken }, { id: app.id, secret: app.secret ?? '' })
  const renewed = { ...profile, refreshToken: await connection.again() }
  folder.write(renewed)
  const outcome = await run(['--renew'], folder)
  assertRefused(
    outcome,
    /\/token: connection ended \(invalid_grant: .*\)\. Then write the refresh token of a new connection to `refreshToken` in latchkey\.profile\.json\. If you have just written it, run this again\./,
  )
  for (const secret of [refreshToken, profile.refreshToken, renewed.refreshToken, profile.clientSecret])
    assert.ok(!outcome.stderr.includes(String(secret)))
  await lineOf([], folder)
})

test('refused in one line: a wrong secret, in the words of the server and without the secret', async () => {
  await using server = await startServer()
  const clientSecret = 'a wrong secret & of no one'
  for (const auth of ['basic', 'post']) {
    using folder = folderWith({ issuer: server.url, clientId: server.client.id, clientSecret, auth })
    const outcome = await run([], folder)
    assertRefused(
      outcome,
      /\/token: request refused \(invalid_client: .*\)\. Check `clientId`, `clientSecret` and `auth` in latchkey\.profile\.json\./,
    )
    assert.ok(!outcome.stderr.includes(clientSecret))
  }
})

test('refused in one line: a server that is not there, or whose host nobody knows', async () => {
  const { port, ...server } = await listen(createServer())
  await server[Symbol.asyncDispose]()
  using folder = folderWith({ tokenEndpoint: `http://127.0.0.1:${port}/token`, clientId: 'app' })
  assertRefused(
    await run([], folder),
    /http:\/\/127\.0\.0\.1:\d+\/token was not reached \(ECONNREFUSED\)\. Nobody listens there: start the server, or check `tokenEndpoint` in latchkey\.profile\.json\.$/m,
  )
  // Too long for a name: no name server is asked.
  folder.write({ issuer: `https://${'a'.repeat(64)}.localhost`, clientId: 'app' })
  assertRefused(
    await run([], folder),
    /was not reached \((ENOTFOUND|EAI_\w+)\)\. No such host is known: check `issuer` in latchkey\.profile\.json, and the network\.$/m,
  )
})

test('refused in one line: a certificate of its own making, until it is named as one to trust', async () => {
  const { key, cert } = selfSigned('127.0.0.1')
  const server = createSecureServer({ key, cert }, answering({ access_token: 'a-token' }))
  await using listening = await listen(server)
  const tokenEndpoint = `https://127.0.0.1:${listening.port}/token`
  using folder = folderWith({ tokenEndpoint, clientId: 'app' })
  assertRefused(
    await run([], folder),
    /\/token was not reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. Its certificate .* in NODE_EXTRA_CA_CERTS\.$/m,
  )
  writeFileSync(folder.file('authority.pem'), cert)
  const env = { NODE_EXTRA_CA_CERTS: folder.file('authority.pem') }
  assert.equal(await lineOf([], { ...folder, env }), 'a-token')
})

const refusals: Record<string, [status: number, body: object, advice: RegExp]> = {
  'a scope that it does not have': [400, { error: 'invalid_scope' }, /\(invalid_scope\)\. Check `scope` in/],
  'a grant that it does not have': [400, { error: 'unsupported_grant_type' }, /Check `grant` in/],
  'a client, without a word': [401, {}, /\(401\)\. Check `clientId`, `clientSecret` and `auth` in/],
  'an address where it has nothing': [404, {}, /\(404\)\. Check `tokenEndpoint` in/],
  'in a word of its own': [400, { error: 'constructor' }, /\(constructor\)\. Check `tokenEndpoint` in/],
  'for now': [503, {}, /server unavailable \(503\)\. Run this again later\./],
  'for a while': [429, { error: 'slow_down' }, /\(slow_down\)\. Run this again in 7 s\./],
  'and does not say so': [200, {}, /has no access token\. Check `tokenEndpoint` and `dialect\.answer` in/],
}

for (const [what, [status, body, advice]] of Object.entries(refusals)) {
  test(`refused in one line, with what to do: a server refuses ${what}`, async () => {
    await using listening = await listen(createServer(answering(body, status)))
    using folder = folderWith({ tokenEndpoint: `http://127.0.0.1:${listening.port}/token`, clientId: 'app' })
    assertRefused(await run([], folder), advice)
  })
}

test('refused in one line: metadata that are not there, or of another server', async () => {
  const metadata: Record<string, string> = {}
  await using listening = await listen(createServer(answering(metadata)))
  using folder = folderWith({ issuer: `http://127.0.0.1:${listening.port}`, clientId: 'app' })
  const advice = /Mend `issuer` in latchkey\.profile\.json, or write `tokenEndpoint` there\.$/m
  assertRefused(await run([], folder), advice)
  metadata.issuer = 'https://auth.example.com'
  assertRefused(await run([], folder), advice)
})

test('a refresh token that a status alone refuses stays, and a new one counts when the file is deleted as told', async () => {
  const tokens = { access_token: 'first', refresh_token: 'refresh-1', expires_in: 3600 }
  let status = 200
  const server = createServer((request, response) => answering(tokens, status)(request, response))
  await using listening = await listen(server)
  const profile = {
    tokenEndpoint: `http://127.0.0.1:${listening.port}/token`,
    clientId: 'app',
    grant: 'refresh_token',
    dialect: { invalidGrantStatus: 401 },
  }
  using folder = folderWith({ ...profile, refreshToken: 'hunter2' })
  assert.equal(await lineOf([], folder), 'first')
  status = 401
  for (const key of Object.keys(tokens)) Reflect.deleteProperty(tokens, key)
  assertRefused(
    await run(['--renew'], folder),
    /connection ended \(401\)\. Check `clientId`, .*; if they are right, delete \S+latchkey\.profile\.tokens\.json and write the refresh token of a new connection to `refreshToken` in latchkey\.profile\.json\.$/m,
  )
  rmSync(folder.tokens)
  status = 200
  Object.assign(tokens, { access_token: 'second' })
  assert.equal(await lineOf([], folder), 'second')
})

const sound = { issuer: nowhere, clientId: 'app', clientSecret: 'hunter2hunter2' }
const profiles: Record<string, [profile: object, answer: RegExp]> = {
  'an unknown member gets the nearest name': [
    { ...sound, clientSecrte: 'hunter2' },
    /latchkey\.profile\.json: Unknown option `clientSecrte`\. Did you mean `clientSecret`\?/,
  ],
  'an unknown member of the dialect gets the nearest name': [
    { ...sound, dialect: { lifetimeUnits: 'minutes' } },
    /Unknown option `dialect\.lifetimeUnits`\. Did you mean `lifetimeUnit`\?/,
  ],
  'neither issuer nor tokenEndpoint': [
    { clientId: 'app' },
    /latchkey\.profile\.json: give issuer or tokenEndpoint/,
  ],
  'http that is not on loopback': [
    { ...sound, issuer: 'http://auth.example.com' },
    /latchkey\.profile\.json: .*https.*allowInsecure/,
  ],
  'an issuer that is no URL': [{ ...sound, issuer: 'auth.example.com' }, /latchkey\.profile\.json: .*URL/],
  'a secret of another kind': [
    { ...sound, clientSecret: 5 },
    /clientSecret: write a text, or \{ "env": "NAME" \}/,
  ],
  'a secret whose variable has no name': [
    { ...sound, clientSecret: { evn: 'X' } },
    /Unknown option `clientSecret\.evn`\. Did you mean `env`\?/,
  ],
  'a way to authenticate that there is not': [
    { ...sound, auth: 'digest' },
    /auth: write "basic" or "post" or "none"/,
  ],
  'a scheme that would break the header': [
    { ...sound, dialect: { credential: { scheme: 'Bearer\n' } } },
    /dialect\.credential\.scheme: write visible ASCII/,
  ],
  'a grant that there is not': [{ ...sound, grant: 'passwrd' }, /grant: write "client_credentials"/],
  'a lifetime that is over at once': [
    { ...sound, defaultLifetimeSeconds: 0 },
    /defaultLifetimeSeconds: write 1 at least\./,
  ],
  'a lifetime that was over before': [
    { ...sound, defaultLifetimeSeconds: -1 },
    /defaultLifetimeSeconds: write 1 at least\./,
  ],
  'a refresh token for another grant': [
    { ...sound, refreshToken: 'hunter2' },
    /refreshToken: it goes with "grant": "refresh_token"/,
  ],
  'a way to authenticate that wants a secret': [
    { issuer: nowhere, clientId: 'app', auth: 'post' },
    /clientSecret: it is missing; write it, or "auth": "none"/,
  ],
  'a connection that nothing is known of': [
    { ...sound, grant: 'refresh_token' },
    /write the refresh token of a new connection to `refreshToken` in latchkey\.profile\.json/,
  ],
}

for (const [what, [profile, answer]] of Object.entries(profiles)) {
  test(`refused in one line: ${what}`, async () => {
    using folder = folderWith(profile)
    const outcome = await run([], folder)
    assertRefused(outcome, answer)
    assert.doesNotMatch(outcome.stderr, /hunter2/)
  })
}

test('refused in one line: a profile that is not there, or cannot be read, without a word of it', async () => {
  using folder = temporaryFolder()
  const options = { cwd: folder.path }
  assertRefused(
    await run([], options),
    /There is no latchkey\.profile\.json in this folder\. Write one.*"clientId"/,
  )
  assertRefused(
    await run(['--profile', 'a.json'], options),
    /There is no file a\.json, which --profile names/,
  )
  assertRefused(await run(['--profile', '.'], options), /\. cannot be read: EISDIR/)
  for (const text of ['{"clientSecret": hunter2}', '{"clientSecret": "hunter2"', 'hunter2', '']) {
    writeFileSync(folder.file('a.json'), text, { mode: 0o600 })
    const outcome = await run(['--profile', 'a.json'], options)
    assertRefused(outcome, /a\.json is no JSON.*Write it as in/)
    assert.doesNotMatch(outcome.stderr, /hunter2/)
  }
  writeFileSync(folder.file('a.json'), ' '.repeat(70_000), { mode: 0o600 })
  for (const path of ['a.json', ...(existsSync('/dev/zero') ? ['/dev/zero'] : [])])
    assertRefused(await run(['--profile', path], options), / is no profile: it is longer than 64 KiB/)
})

/** Far longer than any run: what is still there then hangs. */
const hangTimeoutMs = 60_000

/** Runs it by a shell that puts itself in its place, with the profile in the variable and with what the shell makes of the words. */
async function runByShell(words: string, profile: object, { cwd }: RunOptions) {
  const child = spawn('bash', ['-c', `exec "$0" "$1" token ${words}`, process.execPath, latchkeyFile], {
    cwd,
    env: { ...process.env, LATCHKEY_SECRET: undefined, PROFILE: JSON.stringify(profile) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: hangTimeoutMs,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}

const streams = {
  'a pipe': '--profile <(echo "$PROFILE")',
  'standard input that is a pipe': '--profile /dev/stdin < <(echo "$PROFILE")',
  'standard input that is a file': '--profile /dev/stdin < latchkey.profile.json',
  'a file that is handed over open': '--profile /dev/fd/3 3< latchkey.profile.json',
}

for (const [what, words] of Object.entries(streams)) {
  test(`a profile from ${what} names its tokens, from the working folder; else it is refused, and nobody is asked`, {
    skip: !existsSync('/dev/fd') && 'this system has no /dev/fd',
  }, async () => {
    let requests = 0
    const answer = answering({ access_token: 'a-token', expires_in: 3600 })
    const server = createServer((request, response) => {
      requests++
      answer(request, response)
    })
    await using listening = await listen(server)
    const profile = { tokenEndpoint: `http://127.0.0.1:${listening.port}/token`, clientId: 'app' }
    using folder = folderWith(profile)
    assertRefused(await runByShell(words, profile, folder), /^latchkey: \/dev\/\S+ .*Write "tokens": "FILE"/)
    assert.equal(requests, 0)
    const whole = { ...profile, tokens: 'kept/tokens.json' }
    folder.write(whole)
    for (let run = 0; run < 2; run++)
      assert.equal(succeeded(await runByShell(words, whole, folder)).stdout, 'a-token\n')
    assert.equal(requests, 1)
    assert.ok(existsSync(folder.file('kept/tokens.json')))
  })
}

test('refused in one line: a profile that others may write, by whatever name', async () => {
  using folder = folderWith(sound)
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(folder.file('latchkey.profile.json'), mode)
    for (const words of [[], ['--profile', 'latchkey.profile.json']])
      assertRefused(
        await run(words, folder),
        /latchkey\.profile\.json may be written by others\. Run `chmod go-w latchkey\.profile\.json`, and own it/,
      )
  }
})

test('refused in one line: a profile of another user, who may write it', {
  skip: process.geteuid?.() !== 0 && 'only root gives a file to another user',
}, async () => {
  using folder = folderWith(sound)
  chownSync(folder.file('latchkey.profile.json'), 65_533, 0)
  assertRefused(await run([], folder), /latchkey\.profile\.json may be written by others/)
})

test('what is printed of an error, or to warn, holds nothing that a terminal would obey', async () => {
  using folder = folderWith({ ...sound, '\u001b[2J\u009b2J\nlatchkey: all is well': 1 })
  assertRefused(await run([], folder), /^latchkey: [^\p{Cc}]* \[2J 2J latchkey: all is well[^\p{Cc}]*\n$/u)
  const name = '\u001b[2J.json'
  writeFileSync(folder.file(name), JSON.stringify(sound), { mode: 0o644 })
  const { stderr } = await run(['--profile', name], folder)
  assert.match(stderr, /^latchkey: {2}\[2J\.json holds a secret[^\p{Cc}]*\n[^\p{Cc}]+\n$/u)
  assertRefused(await run(['\u001b[2J'], folder), /^[^\p{Cc}]+\n$/u)
})

/** A server that answers what is its token at the time. */
async function startAnswering(token: string) {
  const answer = { access_token: token, token_type: 'Bearer', expires_in: 3600 }
  const { port, ...server } = await listen(createServer(answering(answer)))
  return { answer, profile: { tokenEndpoint: `http://127.0.0.1:${port}/token`, clientId: 'app' }, ...server }
}

test('what is no visible ASCII is not printed as a token: neither what a server answers, nor what was kept', async () => {
  const hostile = 'a\u001b[2Jb'
  await using server = await startAnswering(hostile)
  using folder = folderWith(server.profile)
  assertRefused(await run([], folder), /The answer has no access token\./)
  server.answer.access_token = 'first'
  assert.equal(await lineOf([], folder), 'first')
  server.answer.access_token = 'second'
  const kept = readFileSync(folder.tokens, 'utf8')
  writeFileSync(folder.tokens, kept.replace('"first"', JSON.stringify(hostile)))
  assert.equal(await lineOf([], folder), 'second')
})

/** Runs it with this as its standard output. */
async function runInto(stdout: 'pipe' | number, { cwd }: RunOptions) {
  const child = spawn(process.execPath, [latchkeyFile, 'token'], { cwd, stdio: ['ignore', stdout, 'pipe'] })
  child.stdout?.destroy()
  const [stderr] = await Promise.all([child.stderr ? text(child.stderr) : '', once(child, 'close')])
  return { code: child.exitCode, stderr }
}

test('a token that could not be written is no success, unless nobody wants to read it any more', {
  skip: !existsSync('/dev/full') && 'this system has no /dev/full',
}, async () => {
  await using server = await startAnswering('a-token')
  using folder = folderWith(server.profile)
  const full = openSync('/dev/full', 'w')
  const { code, stderr } = await runInto(full, folder).finally(() => closeSync(full))
  assert.match(stderr, /^latchkey: The output could not be written: ENOSPC\. [^\n]+\n$/)
  assert.equal(code, 1)
  assert.deepEqual(await runInto('pipe', folder), { code: 0, stderr: '' })
})

test('a secret that others on this machine may read is told of on standard error, and the token is printed', async () => {
  await using server = await startServer()
  const { id, secret } = server.client
  using folder = folderWith({ issuer: server.url, clientId: id, clientSecret: secret }, 0o644)
  const { code, stdout, stderr } = await run([], folder)
  assert.equal(code, 0)
  assert.match(stdout, /^[^\n]+\n$/)
  assert.match(
    stderr,
    /^latchkey: latchkey\.profile\.json holds a secret, and others may read it\. Run `chmod 600 /,
  )
  assert.ok(!stderr.includes(secret))
  const rest = { issuer: server.url, clientId: id, clientSecret: { env: 'SECRET' } }
  const env = { SECRET: secret }
  folder.write(rest)
  await lineOf([], { cwd: folder.cwd, env })
  folder.write({ ...rest, parameters: { api_key: 'hunter2' } })
  const again = await run([], { cwd: folder.cwd, env })
  assert.equal(again.code, 0)
  assert.match(again.stderr, /^latchkey: latchkey\.profile\.json holds a secret/)
})

test('tokens that cannot be written: a client of its own is warned and served; where they cannot be locked, nobody is', async () => {
  await using connection = await connect()
  const { server, profile } = connection
  using folder = folderWith({
    issuer: server.url,
    clientId: server.client.id,
    clientSecret: { env: 'SECRET' },
    tokens: 'kept/tokens.json',
  })
  const lock = folder.file('kept/tokens.json.lock')
  mkdirSync(lock, { recursive: true })
  const { uid } = asOrdinaryUser
  if (uid !== undefined) chownSync(lock, uid, uid)
  chmodSync(folder.file('kept'), 0o555)
  chmodSync(folder.path, 0o755)
  chmodSync(folder.file('latchkey.profile.json'), 0o644)
  const env = { SECRET: server.client.secret, REFRESH: profile.refreshToken, APP: profile.clientSecret }
  const options = { cwd: folder.cwd, env, ...asOrdinaryUser }
  const { code, stdout, stderr } = await run([], options)
  assert.equal(code, 0)
  assert.match(stdout, /^[^\n]+\n$/)
  assert.match(
    stderr,
    /^latchkey: The tokens cannot be kept in [^\n]*kept\/tokens\.json: .*permission denied.*\n$/,
  )
  chmodSync(folder.file('kept'), 0o755)
  rmSync(lock, { recursive: true })
  chmodSync(folder.file('kept'), 0o555)
  const cannotBeKept =
    /The tokens cannot be kept in .*permission denied.*Mend that, and run this again at once/
  assertRefused(await run([], options), cannotBeKept)
  const secrets = { clientSecret: { env: 'APP' }, refreshToken: { env: 'REFRESH' } }
  folder.write({ ...profile, ...secrets, tokens: 'kept/tokens.json' })
  assertRefused(await run([], options), cannotBeKept)
  folder.write({ ...profile, ...secrets })
  await lineOf([], { cwd: folder.cwd, env })
})

test('refused in one line: tokens of another client in the file', async () => {
  await using server = await startServer()
  using folder = folderWith({
    issuer: server.url,
    clientId: server.client.id,
    clientSecret: server.client.secret,
  })
  await lineOf([], folder)
  folder.write({ issuer: server.url, clientId: 'other', clientSecret: 'x' })
  assertRefused(
    await run([], folder),
    /holds the tokens of another client or server\. Name another file as `tokens` in latchkey\.profile\.json/,
  )
})
