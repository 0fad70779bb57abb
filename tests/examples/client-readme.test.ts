import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { ClientOptions, TokenErrorCode } from '@latchkey/client'
import type { ServerDialect } from '@latchkey/client/dialect'
import type { SignInErrorCode } from '@latchkey/client/sign-in'
import { type Dev, latchkeyFile, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signInAndAllow } from '../support/person.ts'
import { missing } from '../support/programs.ts'
import { installed, projectFolder } from '../support/project.ts'

/* The examples of the client's README, run as they are written: only hosts and paths become those of `latchkey dev`. */

const readme = readFileSync(new URL('../../packages/client/README.md', import.meta.url), 'utf8')

/** The text under a heading, down to the next. The first is the title's. */
function section(heading: string): string {
  const found = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))
  return found ?? assert.fail(`the README has no heading ${heading}`)
}

const examplesIn = (text: string, languages: string[]): string[] =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, language = '']) => languages.includes(language))
    .map(([, , code = '']) => code)

/** The examples under a heading. */
const blocks = (heading: string, languages = ['ts', 'js']): string[] =>
  examplesIn(section(heading), languages)

const block = (heading: string, languages?: string[]): string =>
  blocks(heading, languages)[0] ?? assert.fail(`there is no example under ${heading}`)

/** A server for the examples: the one that a dialect's API has, or one with the scope that the others ask for. */
async function serve(dialect?: string) {
  using folder = temporaryFolder()
  const config = dialect === undefined ? { scopes: { 'orders:read': 'See your orders' } } : {}
  writeFileSync(folder.file('config.json'), JSON.stringify(config))
  const args = ['--config', folder.file('config.json')]
  return await startDev({ args, ...(dialect === undefined ? {} : { dialect }) })
}

/** The example with this server's addresses in place of those that it shows. */
const at = ({ description: { issuer, client } }: Dev, code: string): string =>
  code
    .replaceAll('https://app.example.com/callback', client.redirect_uri ?? '')
    .replaceAll('https://api.example.com/orders', `${issuer}/api/info`)
    .replaceAll("baseURL: 'https://api.example.com'", `baseURL: '${issuer}/api'`)
    .replaceAll("get('/orders')", "get('/info')")
    .replaceAll(/https:\/\/[\w.]*(?:example\.com|makeleaps\.com|makeprintable\.com)/g, issuer)

const userOf = ({ description: { users } }: Dev) => users[0] ?? { username: '', password: '' }

function start(dev: Dev, code: string): ChildProcess {
  const { client_id, client_secret } = dev.description.client
  const { username, password } = userOf(dev)
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', at(dev, code)], {
    cwd: projectFolder,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secret,
      API_USERNAME: username,
      API_PASSWORD: password,
    },
  })
}

/** What a program prints that runs these pieces one after another. */
async function run(dev: Dev, ...pieces: string[]): Promise<string> {
  const child = start(dev, pieces.join('\n'))
  child.stdin?.end()
  return child.stdout ? text(child.stdout) : ''
}

/** Calls the API of `latchkey dev`, and says what it answered. */
const callApi = ({ description: { issuer } }: Dev, path: string): string =>
  `process.stdout.write(\`\${(await client.fetch('${issuer}${path}')).status}\`)`

const renewAndCall = (dev: Dev, path: string): string =>
  `${callApi(dev, path)}
  await client.getToken({ rejected: await client.getToken() })
  ${callApi(dev, path)}`

/**
 * Has a person go through an example's `signIn` and `comeBack`; then its client calls the API, again after a renewal, and
 * once more after `signOut`, where the example has it.
 */
async function connect(dev: Dev, code: string, path: string): Promise<string> {
  const driver = `
    const session = {}
    process.stdout.write(await signIn(session) + '\\n')
    for await (const url of process.stdin.setEncoding('utf8')) await comeBack(session, url)
    const { client } = session
    ${renewAndCall(dev, path)}
    if (typeof signOut === 'function') {
      await signOut(session)
      await client.fetch('${dev.description.issuer}${path}').catch(({ code }) => process.stdout.write(code))
    }`
  const child = start(dev, `${code}\n${driver}`)
  let stdout = ''
  for await (const piece of child.stdout?.setEncoding('utf8') ?? []) {
    stdout += piece
    const authorizationUrl = /^(http.*)\n$/.exec(stdout)?.[1]
    if (authorizationUrl === undefined) continue
    const back = await signInAndAllow({ authorizationUrl, ...userOf(dev) })
    child.stdin?.end(back.href)
    stdout = ''
  }
  return stdout
}

const title = '@latchkey/client'

test('the first example calls an API, and the axios example after it', async () => {
  await using dev = await serve()
  assert.equal(await run(dev, block(title), 'process.stdout.write(await response.text())'), valid)
  const axios = await run(
    dev,
    block(title),
    block('Four ways to use it'),
    'process.stdout.write(data.message)',
  )
  assert.equal(axios, JSON.parse(valid).message)
})

const valid = '{"message":"Your credential is valid."}'

test('a person signs in by the example, and disconnects', async () => {
  await using dev = await serve()
  const example = blocks('Sign people in').join('\n')
  assert.equal(await connect(dev, example, '/api/scopes/orders:read'), '200200connection_ended')
})

test('the example of a store keeps the tokens of a client', async () => {
  await using dev = await serve()
  const withStore = block(title).replace('scope:', 'store,\n  scope:')
  const look = 'process.stdout.write(response.status + " " + JSON.parse(kept.get("tokens")).scope)'
  assert.equal(await run(dev, block('Stores'), withStore, look), '200 orders:read')
})

test("an authentication of one's own sends id and secret as they are", async () => {
  await using dev = await serve('makeleaps')
  const withAuth = block('makeleaps').replace('origins:', 'auth,\n  origins:')
  assert.equal(await run(dev, block('Grants'), withAuth, callApi(dev, '/api/whoami')), '200')
  const look = `const headers = new Headers()
    auth({ headers, clientId: 'an id', clientSecret: 'a%b' })
    process.stdout.write(atob(headers.get('authorization').slice('Basic '.length)))`
  assert.equal(await run(dev, block('Grants'), look), 'an id:a%b')
})

test('a private key in PEM is imported by the example', async () => {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const code = blocks('Grants')[1] ?? ''
  const look = `process.stdout.write((await importKey(process.env.PEM)).algorithm.name)`
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', `${code}\n${look}`],
    { env: { ...process.env, PEM: privateKey }, encoding: 'utf8' },
  )
  assert.equal(stdout, 'ECDSA')
})

test('makeleaps, platform-login and realtyna: the example gets tokens that the API takes', async () => {
  for (const name of ['makeleaps', 'platform-login', 'realtyna']) {
    await using dev = await serve(name)
    assert.equal(await run(dev, block(name), renewAndCall(dev, '/api/whoami')), '200200', name)
  }
})

test('makeprintable: a person signs in by the example', async () => {
  await using dev = await serve('makeprintable')
  assert.equal(await connect(dev, block('makeprintable'), '/api/scopes/fix'), '200200')
})

test('make-academy: a person connects by the example of version 2, and signs in by that of version 3', async () => {
  await using dev = await serve('make-academy')
  const [second = '', third = ''] = blocks('make-academy')
  assert.equal(await connect(dev, second, '/api/v2/scopes/users:read'), '200200connection_ended')
  assert.equal(await run(dev, third, renewAndCall(dev, '/api/v3/whoami')), '200200')
})

test('the profile and the command of the shell example call the API', { skip: missing('curl') }, async () => {
  await using dev = await serve()
  using folder = temporaryFolder()
  const { client_id, client_secret } = dev.description.client
  const profile = at(dev, block('From a shell', ['json'])).replace('orders-report', client_id)
  writeFileSync(folder.file('latchkey.profile.json'), profile)
  const command = at(dev, block('From a shell', ['sh'])).replace(
    'npx latchkey',
    `"${process.execPath}" "${latchkeyFile}"`,
  )
  const child = spawn('sh', ['-c', command], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, CLIENT_SECRET: client_secret },
  })
  assert.equal(await text(child.stdout), valid)
})

test('what is written in TypeScript compiles where the compiler is strict', () => {
  using folder = temporaryFolder()
  const goesOn = blocks('Four ways to use it', ['ts'])
  const alone = examplesIn(readme, ['ts']).filter((code) => !goesOn.includes(code))
  const whole = [...alone, [block(title), ...goesOn].join('\n')]
  whole.forEach((code, index) => {
    writeFileSync(folder.file(`example-${index}.mts`), code)
  })
  symlinkSync(join(projectFolder, 'node_modules'), folder.file('node_modules'))
  const config = {
    extends: join(projectFolder, 'tsconfig.json'),
    compilerOptions: { noUnusedLocals: false },
    include: ['*.mts'],
  }
  writeFileSync(folder.file('tsconfig.json'), JSON.stringify(config))
  assert.equal(spawnSync(installed('tsc'), ['-p', folder.path], { encoding: 'utf8' }).stdout, '')
})

/** Every name, since the compiler misses one that is not here. */
const names = <Name extends string>(all: Record<Name, true>): string[] => Object.keys(all)

test('the tables name every option, every member of a dialect, and every code of an error', () => {
  const options = names<keyof ClientOptions>({
    issuer: true,
    tokenEndpoint: true,
    clientId: true,
    clientSecret: true,
    auth: true,
    grant: true,
    scope: true,
    resource: true,
    parameters: true,
    origins: true,
    store: true,
    dialect: true,
    defaultLifetimeSeconds: true,
    timeoutMs: true,
    allowInsecure: true,
    onRenew: true,
    onError: true,
    fetch: true,
    clock: true,
  })
  const members = names<keyof ServerDialect>({
    refreshEndpoint: true,
    body: true,
    parameters: true,
    scopeSeparator: true,
    answer: true,
    lifetimeUnit: true,
    error: true,
    invalidGrantStatus: true,
    credential: true,
  })
  const codes = names<TokenErrorCode>({
    connection_ended: true,
    request_refused: true,
    invalid_metadata: true,
    store_mismatch: true,
    rate_limited: true,
    server_unavailable: true,
    timeout: true,
    invalid_response: true,
    store_failed: true,
  })
  const signInCodes = names<SignInErrorCode>({
    access_denied: true,
    state_mismatch: true,
    issuer_mismatch: true,
    server_unavailable: true,
    request_refused: true,
    invalid_callback: true,
  })
  const tables: [heading: string, rows: string[]][] = [
    ['Options', options],
    ['Servers that depart from the standard', members],
    ['Errors', codes],
    ['Sign people in', signInCodes],
  ]
  for (const [heading, rows] of tables) {
    const written = [...section(heading).matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
      cell.split(', ').map((name) => name.replaceAll('`', '')),
    )
    assert.deepEqual(written.filter((name) => name !== 'code').toSorted(), rows.toSorted(), heading)
  }
})
