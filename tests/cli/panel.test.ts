import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { presets } from '../../packages/server/src/dialects/presets.ts'
import { latchkeyFile } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signInAndAllow } from '../support/person.ts'
import { missing } from '../support/programs.ts'

const run = promisify(execFile)

for (const dialect of Object.keys(presets)) {
  test(`the panel's commands work when they are pasted into sh: ${dialect}`, {
    skip: missing('curl'),
  }, async () => {
    using folder = temporaryFolder()
    await using dev = await startWithPanel(folder.path, ['--dialect', dialect])
    await assertCommandsWork(dev.panel, dialect === 'platform-login' ? 'platform' : 'demo-app')
  })
}

for (const credential of [
  { header: 'x-access-token' },
  { query: 'token' },
  { basic: 'username' },
  { basic: 'password' },
  { scheme: 'Token', parameter: 'token' },
]) {
  test(`the panel's commands present the token as the dialect says: ${JSON.stringify(credential)}`, {
    skip: missing('curl'),
  }, async () => {
    using folder = temporaryFolder()
    const dialect = { name: 'own', api: [{ prefix: '/', credentials: [credential] }] }
    writeFileSync(folder.file('latchkey.config.json'), JSON.stringify({ dialect }))
    await using dev = await startWithPanel(folder.path, ['--config', 'latchkey.config.json'])
    await assertCommandsWork(dev.panel)
  })
}

test('the database that the environment names is production, and dev leaves it alone', async () => {
  using folder = temporaryFolder()
  const env = { DATABASE_URL: `sqlite:${folder.file('production.db')}` }
  await using dev = await startWithPanel(folder.path, [], env)
  assert.match(dev.panel, /Database +sqlite:\.latchkey\/standard\.db/)
  assert.equal(existsSync(folder.file('production.db')), false)
})

test('the panel names what a person needs, in columns that stand below each other', async () => {
  using folder = temporaryFolder()
  await using dev = await startWithPanel(folder.path)
  const lines = dev.panel.split('\n')
  const columnOf = (label: string, word: string) => {
    const line = lines.find((text) => text.startsWith(`  ${label} `)) ?? ''
    assert.ok(line.includes(word), `${label} lacks ${word}`)
    return line.indexOf(word)
  }
  const addresses = ['Token', 'Sample API', 'How-to page', 'Account page', 'Mail', 'Metadata', 'Sign in'].map(
    (label) => columnOf(label, 'http://'),
  )
  const ids = [
    columnOf('App', 'demo-app'),
    columnOf('API', 'demo-api'),
    columnOf('John Doe', 'john.doe'),
    columnOf('Jane Black', 'jane.black'),
  ]
  const kinds = [columnOf('App', 'secret'), columnOf('John Doe', 'password')]
  assert.equal(new Set([...addresses, ...ids]).size, 1)
  assert.equal(new Set(kinds).size, 1)
})

test("the panel's sign-in link leads to a code, which its verifier redeems on the page that is shown", {
  skip: missing('curl'),
}, async () => {
  using folder = temporaryFolder()
  await using dev = await startWithPanel(folder.path)
  const [, link = ''] = /Sign in +(http\S+)/.exec(dev.panel) ?? []
  const [, verifier = ''] = /code_verifier +(\S+)/.exec(dev.panel) ?? []
  const [, username = '', password = ''] = /John Doe +(\S+) +password +(\S+)/.exec(dev.panel) ?? []
  const back = await signInAndAllow({ authorizationUrl: link, username, password })
  const page = (await (await fetch(back)).text()).replaceAll('&#39;', "'")
  const [, command = ''] = /<code>(curl .*?)<\/code>/s.exec(page) ?? []
  assert.ok(verifier.length >= 43 && command.includes(`code_verifier=${verifier}`))
  const { stdout } = await run('sh', ['-euc', command])
  assert.equal(JSON.parse(stdout).token_type, 'Bearer')
})

/** Pastes the panel's commands into a shell: a token is got, presented and asked about. */
async function assertCommandsWork(panel: string, clientId = 'demo-app'): Promise<void> {
  const commands = panel.split('\n').filter((line) => /^ {2}(TOKEN=|curl )/.test(line))
  assert.equal(commands.length, 3)
  const { stdout } = await run('sh', ['-euc', commands.join('\n')])
  const [whoami = '', introspection = ''] = stdout.trim().split('\n')
  assert.equal(JSON.parse(whoami).client_id, clientId)
  assert.equal(JSON.parse(introspection).active, true)
  assert.equal(JSON.parse(introspection).client_id, clientId)
}

/** `latchkey dev` as a person sees it, until its panel is whole. */
async function startWithPanel(
  cwd: string,
  words: string[] = [],
  env: Record<string, string> = {},
): Promise<AsyncDisposable & { panel: string }> {
  const child = spawn(process.execPath, [latchkeyFile, 'dev', '--port', '0', ...words], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, DATABASE_URL: undefined, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let panel = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    panel += chunk
    if (/Try it[\s\S]*\n\n$/.test(panel)) break
  }
  return {
    panel,
    async [Symbol.asyncDispose]() {
      child.kill()
      await exited
    },
  }
}
