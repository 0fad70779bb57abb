import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folder.ts'
import { freePort } from '../support/postgres.ts'
import { missing, node20 } from '../support/programs.ts'
import { installed, projectFolder } from '../support/project.ts'
import { postForm, testSecret } from '../support/server.ts'

/*
 * What is published: the packages are built, packed and installed into an empty folder, as their users do it. Nothing
 * of this repository is seen from there.
 */
const run = promisify(execFile)
const folder = temporaryFolder()
after(() => folder[Symbol.dispose]())
const cwd = folder.path
const packages = ['guard', 'client', 'server']

/** npm tells its scripts of the project that runs them; what is started here must not know it. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(?!config_(?:cache|userconfig|registry))/.test(name),
    ),
  ),
  LATCHKEY_SECRET: testSecret,
  DATABASE_URL: undefined,
}

const consumer = `
import { createGuard, type Principal } from '@latchkey/guard'
import { requires } from '@latchkey/guard/express'
import { protect } from '@latchkey/guard/fetch'
import { createLatchkey, defineConfig, type Latchkey } from '@latchkey/server'

export const config = defineConfig({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })
export const latchkey: Promise<Latchkey> = createLatchkey(config, { environment: {} })
const guard = createGuard({ issuer: config.issuer, audience: config.audience, clientId: 'id', clientSecret: 'secret' })
export const handler = protect(guard, { scope: 'read' }, (_: Request, principal: Principal) => {
  return new Response(principal.clientId)
})
export const middleware = requires(guard, 'read')
// @ts-expect-error: an unknown option is a mistake, so the types are not \`any\`
createGuard({ isuer: 'https://auth.example.com', audience: 'https://api.example.com' })
`

const clientConsumer = `
import { createTokenClient, memoryStore, reasonOf, TokenError, type TokenStore } from '@latchkey/client'
import { axiosAdapter } from '@latchkey/client/axios'
import { dialect } from '@latchkey/client/dialect'
import { privateKeyJwt } from '@latchkey/client/private-key-jwt'
import { beginSignIn, finishSignIn } from '@latchkey/client/sign-in'

const store: TokenStore = memoryStore()
const options = { issuer: 'https://auth.example.com', clientId: 'id', clientSecret: 'secret', store }
export const client = createTokenClient({ ...options, dialect: dialect({ body: 'json' }) })
export const dropIn: typeof fetch = client.fetch
export const withKey = (key: CryptoKey) => createTokenClient({ ...options, auth: privateKeyJwt({ key }) })
export async function call(): Promise<string | undefined> {
  try {
    return reasonOf(await client.fetch(new URL('https://api.example.com'), { body: 'text', method: 'POST' }))
  } catch (error) {
    return error instanceof TokenError ? error.code : undefined
  }
}
export const others = [axiosAdapter, beginSignIn, finishSignIn]
// @ts-expect-error: an unknown option is a mistake, so the types are not \`any\`
createTokenClient({ isuer: 'https://auth.example.com' })
`

const fileConsumer = `
import { createTokenClient } from '@latchkey/client'
import { fileStore } from '@latchkey/client/file-store'

export const client = createTokenClient({ issuer: 'https://auth.example.com', store: fileStore('tokens.json') })
`

/** A token from the server, the same from the file, and a refusal. Every entry loads, also where there is no axios. */
const getTokens = `
import { createTokenClient, TokenError } from '@latchkey/client'
import { fileStore } from '@latchkey/client/file-store'
const [issuer, clientId, clientSecret, file, ...entries] = process.argv.slice(2)
for (const entry of entries) await import(entry)
const options = { issuer, clientId, clientSecret, store: fileStore(file) }
console.log(await createTokenClient(options).getToken())
console.log(await createTokenClient(options).getToken())
const wrong = createTokenClient({ issuer, clientId, clientSecret: 'wrong' })
console.log(await wrong.getToken().catch((error) => error instanceof TokenError && error.code))
`

const check = `
import { createGuard } from '@latchkey/guard'
const [issuer, audience, clientId, clientSecret, ...tokens] = process.argv.slice(2)
const guard = createGuard({ issuer, audience, clientId, clientSecret })
for (const token of tokens) {
  const headers = { authorization: 'Bearer ' + token }
  const result = await guard.check({ method: 'GET', url: '/', headers }, { scope: ['read'] })
  console.log(result.ok ? result.principal.clientId : result.status)
}
guard.close()
`

before(async () => {
  await run(process.execPath, ['scripts/build.ts'], { cwd: projectFolder })
  writeFileSync(folder.file('package.json'), JSON.stringify({ private: true }))
  const tarballs = []
  for (const name of packages) {
    const dist = `${projectFolder}packages/${name}/dist`
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', cwd, dist], { cwd, env })
    tarballs.push(`./${stdout.trim()}`)
  }
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], { cwd, env })
})

test('what is published is JavaScript with its declarations, readme and licence, and no test', async () => {
  for (const name of packages) {
    const { stdout } = await run(
      'npm',
      ['pack', '--dry-run', '--json', `${projectFolder}packages/${name}/dist`],
      {
        cwd,
        env,
      },
    )
    const files: string[] = Object.values<{ files: { path: string }[] }>(JSON.parse(stdout)).flatMap(
      (packed) => packed.files.map(({ path }) => path),
    )
    for (const needed of ['package.json', 'README.md', 'LICENSE', 'lib/index.js', 'lib/index.d.ts'])
      assert.ok(files.includes(needed), `${name} lacks ${needed}`)
    const unwanted = files.filter(
      (path) => !/^(lib\/.*\.(js|d\.ts)|package\.json|README\.md|LICENSE)$/.test(path),
    )
    assert.deepEqual(unwanted, [])
    assert.deepEqual(
      files.filter((path) => /test/.test(path)),
      [],
    )
  }
})

test('the command is executable and knows its version', async () => {
  const file = folder.file('node_modules/@latchkey/server/lib/cli/main.js')
  assert.match(readFileSync(file, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  assert.equal(statSync(file).mode & 0o111, 0o111)
  const { stdout } = await latchkey('--version')
  const source = readFileSync(`${projectFolder}packages/server/package.json`, 'utf8')
  assert.equal(stdout.trim(), JSON.parse(source).version)
})

test('from the installed packages: migrate, register, serve, get a token, and check it', async () => {
  const issuer = `http://127.0.0.1:${await freePort()}`
  const audience = 'https://api.example.com'
  const settings = `{ issuer: '${issuer}', audience: '${audience}', port: ${new URL(issuer).port}, scopes: { read: 'Read' } }`
  writeFileSync(
    folder.file('latchkey.config.ts'),
    `import { type ConfigInput, defineConfig } from '@latchkey/server'\nexport default defineConfig(${settings} satisfies ConfigInput)\n`,
  )
  writeFileSync(
    folder.file('other.config.js'),
    `import { defineConfig } from '@latchkey/server'\nexport default defineConfig(${settings})\n`,
  )
  await latchkey('migrate', '--config', 'other.config.js')
  const app = await createApp('Shop')
  const api = await createApp('API', '--type', 'resource_server')
  const server = spawn(folder.file('node_modules/.bin/latchkey'), ['serve'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  try {
    await Promise.race([once(createInterface(server.stdout), 'line'), exited])
    const answer = await postForm(`${issuer}/token`, { grant_type: 'client_credentials' }, app)
    const { access_token } = (await answer.json()) as { access_token: string }
    const tokens = [access_token, ...(await getThem(issuer, app))]
    const words = [issuer, audience, api.id, api.secret, ...tokens, `${access_token}x`]
    writeFileSync(folder.file('check.mjs'), check)
    const { stdout } = await run(process.execPath, ['check.mjs', ...words], { cwd, env })
    assert.equal(stdout, `${`${app.id}\n`.repeat(tokens.length)}401\n`)
  } finally {
    server.kill()
  }
  assert.deepEqual(await exited, [0, null])
})

test('what runs in a thread of its own runs from the installed package: a hash of bcrypt', async () => {
  const module = folder.file('node_modules/@latchkey/server/lib/people/password.js')
  const hash = '$2y$06$5Jtu8fg4lJqkamcTH.SWOuD2V//ZHdxG8Vh2S0EnNpNTlTCsFBiNa'
  const lines = `import { verifyPassword } from ${JSON.stringify(module)}
for (const password of ['correct horse battery', 'wrong']) console.log(await verifyPassword(password, '${hash}'))`
  writeFileSync(folder.file('bcrypt.mjs'), lines)
  const { stdout } = await run(process.execPath, ['bcrypt.mjs'], { cwd, env })
  assert.equal(stdout, 'true\nfalse\n')
})

/** The resolution, the library and the types of each kind of app, and what it imports. */
const apps = {
  'on Node.js': {
    options: { module: 'nodenext', lib: ['esnext', 'dom'], types: ['node'] },
    sources: [consumer, clientConsumer, fileConsumer],
  },
  "on Node.js, without a browser's types": {
    options: { module: 'nodenext', lib: ['esnext'], types: ['node'] },
    sources: [clientConsumer, fileConsumer],
  },
  'for browsers, without the types of Node.js': {
    options: { module: 'nodenext', lib: ['es2022', 'dom', 'dom.iterable'], types: [] },
    sources: [clientConsumer],
  },
  'for browsers, by a bundler': {
    options: {
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
    },
    sources: [clientConsumer],
  },
}

for (const [name, { options, sources }] of Object.entries(apps)) {
  test(`the declarations resolve for an app ${name}: strict, and libraries checked too`, async () => {
    const files = sources.map((source, index) => {
      writeFileSync(folder.file(`consumer-${index}.mts`), source)
      return `consumer-${index}.mts`
    })
    const compilerOptions = {
      target: 'esnext',
      strict: true,
      noEmit: true,
      typeRoots: [`${projectFolder}node_modules/@types`],
      // Who imports the client's part for axios has axios.
      paths: { axios: [`${projectFolder}node_modules/axios/index.d.ts`] },
      skipLibCheck: false,
      ...options,
    }
    writeFileSync(folder.file('tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const { stdout } = await run(installed('tsc'), ['-p', '.'], { cwd, env }).catch((error) => error)
    const ours = stdout.split('\n').filter((line: string) => /consumer-|@latchkey/.test(line))
    assert.deepEqual(ours, [], stdout)
  })
}

const axiosConsumer = `
import { createTokenClient } from '@latchkey/client'
import { type AxiosAdapterOptions, axiosAdapter } from '@latchkey/client/axios'
import axios, { type AxiosAdapter } from 'axios'

const client = createTokenClient({ issuer: 'https://auth.example.com', clientId: 'id', origins: ['https://api.example.com'] })
export const api = axios.create({ adapter: axiosAdapter(client, axios) })
const own: AxiosAdapter = axiosAdapter(client, axios, { adapter: 'fetch' })
export const options: AxiosAdapterOptions = { adapter: axios.defaults.adapter }
for (const adapter of [own, ['xhr', own], axios.defaults.adapter])
  api.defaults.adapter = axiosAdapter(client, axios, { adapter })
// @ts-expect-error: this is not axios
axiosAdapter(client, {})
// @ts-expect-error: an adapter is a name or a function
axiosAdapter(client, axios, { adapter: 7 })
// @ts-expect-error: what comes back is an adapter, and not \`any\`
export const wrong: string = axiosAdapter(client, axios)
`

for (const [name, manifest] of Object.entries({ CommonJS: {}, modules: { type: 'module' } }))
  test(`the adapter for axios fits the axios of an app of ${name}, whose declarations are its own`, async () => {
    const app = `axios-${name}`
    const modules = folder.file(`${app}/node_modules`)
    // As installed beside each other: the client's declarations find axios by `import`, and a CommonJS app by `require`.
    mkdirSync(join(modules, '@latchkey'), { recursive: true })
    cpSync(folder.file('node_modules/@latchkey/client'), join(modules, '@latchkey/client'), {
      recursive: true,
    })
    cpSync(`${projectFolder}node_modules/axios`, join(modules, 'axios'), { recursive: true })
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      typeRoots: [`${projectFolder}node_modules/@types`],
      types: ['node'],
    }
    writeFileSync(folder.file(`${app}/package.json`), JSON.stringify({ private: true, ...manifest }))
    writeFileSync(folder.file(`${app}/tsconfig.json`), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
    writeFileSync(folder.file(`${app}/app.ts`), axiosConsumer)
    const { stdout } = await run(installed('tsc'), ['-p', app], { cwd, env }).catch((error) => error)
    const ours = stdout.split('\n').filter((line: string) => /app\.ts|@latchkey/.test(line))
    assert.deepEqual(ours, [], stdout)
  })

/** What the installed client gets: one token from each Node.js that it runs on and that is here. */
async function getThem(issuer: string, app: { id: string; secret: string }): Promise<string[]> {
  assert.ok(!existsSync(folder.file('node_modules/axios')))
  writeFileSync(folder.file('get-tokens.mjs'), getTokens)
  const manifest = JSON.parse(readFileSync(`${projectFolder}packages/client/package.json`, 'utf8'))
  const entries = Object.keys(manifest.exports).map((entry) => `@latchkey/client${entry.slice(1)}`)
  const nodes = missing('node-20') ? [process.execPath] : [process.execPath, node20]
  const outputs = nodes.map(async (node, index) => {
    const file = folder.file(`tokens-${index}.json`)
    const words = ['get-tokens.mjs', issuer, app.id, app.secret, file, ...entries]
    const { stdout } = await run(node, words, { cwd, env })
    return stdout.split('\n')
  })
  return (await Promise.all(outputs)).map(([token = '', again, failure]) => {
    assert.equal(again, token)
    assert.equal(failure, 'request_refused')
    return token
  })
}

function latchkey(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(folder.file('node_modules/.bin/latchkey'), words, { cwd, env })
}

async function createApp(...words: string[]): Promise<{ id: string; secret: string }> {
  const { stdout } = await latchkey('app', 'create', ...words)
  const printed = (name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(stdout)?.[1] ?? ''
  return { id: printed('client_id'), secret: printed('client_secret') }
}
