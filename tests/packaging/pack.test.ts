import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folder.ts'
import { freePort } from '../support/postgres.ts'
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
const packages = ['guard', 'server']

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
    const words = [issuer, audience, api.id, api.secret, access_token, `${access_token}x`]
    writeFileSync(folder.file('check.mjs'), check)
    const { stdout } = await run(process.execPath, ['check.mjs', ...words], { cwd, env })
    assert.equal(stdout, `${app.id}\n401\n`)
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

test('the declarations resolve for a consumer: nodenext, strict, and libraries checked too', async () => {
  writeFileSync(folder.file('consumer.mts'), consumer)
  const options = {
    module: 'nodenext',
    target: 'esnext',
    lib: ['esnext', 'dom'],
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [`${projectFolder}node_modules/@types`],
    skipLibCheck: false,
  }
  writeFileSync(
    folder.file('tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['consumer.mts'] }),
  )
  const { stdout } = await run(installed('tsc'), ['-p', '.'], { cwd, env }).catch((error) => error)
  const ours = stdout.split('\n').filter((line: string) => /consumer\.mts|@latchkey/.test(line))
  assert.deepEqual(ours, [], stdout)
})

function latchkey(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(folder.file('node_modules/.bin/latchkey'), words, { cwd, env })
}

async function createApp(...words: string[]): Promise<{ id: string; secret: string }> {
  const { stdout } = await latchkey('app', 'create', ...words)
  const printed = (name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(stdout)?.[1] ?? ''
  return { id: printed('client_id'), secret: printed('client_secret') }
}
