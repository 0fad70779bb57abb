import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { latchkeyFile } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing } from '../support/programs.ts'

const run = promisify(execFile)

for (const dialect of ['standard', 'makeleaps', 'realtyna']) {
  test(`the panel's commands work when they are pasted into sh: ${dialect}`, {
    skip: missing('curl'),
  }, async () => {
    using folder = temporaryFolder()
    await using dev = await startWithPanel(folder.path, ['--dialect', dialect])
    await assertCommandsWork(dev.panel)
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
  const addresses = ['Token', 'Sample API', 'How-to page', 'Metadata'].map((label) =>
    columnOf(label, 'http://'),
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

/** Pastes the panel's commands into a shell: a token is got, presented and asked about. */
async function assertCommandsWork(panel: string): Promise<void> {
  const commands = panel.split('\n').filter((line) => /^ {2}(TOKEN=|curl )/.test(line))
  assert.equal(commands.length, 3)
  const { stdout } = await run('sh', ['-euc', commands.join('\n')])
  const [whoami = '', introspection = ''] = stdout.trim().split('\n')
  assert.equal(JSON.parse(whoami).client_id, 'demo-app')
  assert.equal(JSON.parse(introspection).active, true)
  assert.equal(JSON.parse(introspection).client_id, 'demo-app')
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
