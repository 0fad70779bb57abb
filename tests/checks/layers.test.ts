import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { installed, projectFolder } from '../support/project.ts'

/*
 * The layers of the server (ARCHITECTURE.md), and what guard and client stand on, are Biome's rules, in biome.layers.json.
 * These tests give Biome files that break them.
 */
const server = 'packages/server/src'

test('what stands below may be imported, and the file beside in the same layer', () => {
  const findings = lint({
    [`${server}/base/clock.ts`]: 'export const now = 1',
    [`${server}/store/rows.ts`]: "export { now } from '../base/clock.ts'",
    [`${server}/keys/ring.ts`]: "export { now } from '../store/rows.ts'",
    [`${server}/keys/sub/seal.ts`]: "export { now } from '../ring.ts'",
    [`${server}/grants/grant.ts`]: "export { now } from '../keys/sub/seal.ts'",
    [`${server}/context.ts`]: "export { now } from './grants/grant.ts'",
    [`${server}/cli/run.ts`]: "export { now } from '../context.ts'\nexport const words = process.argv",
  })
  assert.deepEqual(findings, [])
})

const upward = {
  'base may not import the store': ['base/clock.ts', '../store/store.ts'],
  'the store may not import tokens': ['store/rows.ts', '../tokens/token.ts'],
  'a folder inside the store may not import clients': ['store/sqlite/rows.ts', '../../clients/client.ts'],
  'the store may not know dialects': ['store/rows.ts', '../dialects/dialect.ts'],
  'tokens may not know dialects': ['tokens/token.ts', '../dialects/dialect.ts'],
  'a grant may not know dialects': ['grants/grant.ts', '../dialects/dialect.ts'],
  'keys may not import tokens': ['keys/ring.ts', '../tokens/token.ts'],
  'tokens may not import endpoints': ['tokens/token.ts', '../endpoints/token.ts'],
  'a grant may not import the context': ['grants/grant.ts', '../context.ts'],
  'an endpoint may not import the server': ['endpoints/token.ts', '../server.ts'],
  'a page may not import the command line': ['pages/docs.ts', '../cli/run.ts'],
  'the server may not import the command line': ['server.ts', './cli/run.ts'],
}

const siblings = {
  'config may not import dialects': ['config/config.ts', '../dialects/dialect.ts'],
  'dialects may not import config': ['dialects/dialect.ts', '../config/config.ts'],
  'keys may not import limits': ['keys/ring.ts', '../limits/limits.ts'],
  'tokens may not import clients': ['tokens/token.ts', '../clients/client.ts'],
  'people may not import tokens': ['people/session.ts', '../tokens/token.ts'],
  'grants may not import authorize': ['grants/grant.ts', '../authorize/step.ts'],
  'pages may not import endpoints': ['pages/docs.ts', '../endpoints/token.ts'],
  'endpoints may not import pages': ['endpoints/token.ts', '../pages/account/page.ts'],
}

for (const [what, [file = '', imported]] of Object.entries({ ...upward, ...siblings })) {
  for (const [keyword, also] of [
    ['export', ''],
    ['export type', ', not even a type'],
  ]) {
    test(`${what}${also}`, () => {
      const findings = lint({
        [`${server}/${file}`]: `${keyword} { x } from '${imported}'`,
      })
      assert.deepEqual(findings, ['style/noRestrictedImports'])
    })
  }
}

test('the guard may not import the server', () => {
  for (const imported of ['@latchkey/server', '../../server/src/base/clock.ts']) {
    const findings = lint({ 'packages/guard/src/guard.ts': `export * from '${imported}'` })
    assert.deepEqual(findings, ['style/noRestrictedImports'])
  }
})

const client = 'packages/client/src'

test('the client may import its own files, those of the file store what Node.js brings, and those of axios its types', () => {
  const findings = lint({
    [`${client}/clock.ts`]: 'export const now = 1',
    [`${client}/token-client.ts`]: "export { now } from './clock.ts'",
    [`${client}/file-store.ts`]:
      "export { rename } from 'node:fs/promises'\nexport { lock } from './file-lock.ts'",
    [`${client}/file-lock.ts`]: "import { pid } from 'node:process'\nexport const lock = pid",
    [`${client}/file-owner.ts`]: "import process from 'node:process'\nexport const who = process.geteuid?.()",
    [`${client}/axios.ts`]: "export type { AxiosInstance } from 'axios'\nexport { now } from './clock.ts'",
    [`${client}/clock.test.ts`]:
      "export { test } from 'node:test'\nexport { listen } from '@latchkey/server'",
  })
  assert.deepEqual(findings, [])
})

const foreign = {
  'a package': 'jose',
  'the server': '@latchkey/server',
  'the guard': '@latchkey/guard',
  'a part of the guard': '@latchkey/guard/fetch',
  'a file of the server': '../../server/src/base/clock.ts',
}

for (const [what, imported] of Object.entries(foreign)) {
  test(`no file of the client may import ${what}, not even a type`, () => {
    for (const keyword of ['export', 'export type']) {
      for (const file of ['token-client.ts', 'file-store.ts', 'file-lock.ts', 'axios.ts']) {
        const findings = lint({ [`${client}/${file}`]: `${keyword} { x } from '${imported}'` })
        assert.deepEqual(findings, ['style/noRestrictedImports'], `${file}: ${keyword}`)
      }
    }
  })
}

test('what runs without Node.js may not import Node.js, and only what is for axios its types', () => {
  for (const imported of ['node:fs', 'node:fs/promises', 'node:process', 'node:crypto', 'axios']) {
    for (const keyword of ['export', 'export type']) {
      const findings = lint({ [`${client}/token-client.ts`]: `${keyword} { x } from '${imported}'` })
      assert.deepEqual(findings, ['style/noRestrictedImports'], `${keyword} ${imported}`)
    }
  }
})

test('files may not import each other in a circle, not even types', () => {
  const findings = lint({
    [`${server}/tokens/one.ts`]: "import type { Two } from './two.ts'\nexport type One = Two | 1",
    [`${server}/tokens/two.ts`]: "import type { One } from './one.ts'\nexport type Two = One | 2",
  })
  assert.deepEqual(findings, ['suspicious/noImportCycles'])
})

test('only the command line may read arguments and the environment', () => {
  for (const text of [
    'export const words = process.argv',
    'export const home = process.env.HOME',
    "import { env } from 'node:process'\nexport const home = env.HOME",
  ]) {
    for (const file of [
      `${server}/store/rows.ts`,
      `${server}/server.ts`,
      'packages/guard/src/guard.ts',
      `${client}/token-client.ts`,
      `${client}/file-lock.ts`,
    ]) {
      assert.equal(lint({ [file]: text }).length, 1, `${file}: ${text}`)
    }
  }
})

test('every folder of the server has its place in the layers', () => {
  const rules = readFileSync(join(projectFolder, 'biome.layers.json'), 'utf8')
  const folders = readdirSync(join(projectFolder, server), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  const placed = [...rules.matchAll(/packages\/server\/src\/([a-z]+)\/\*\*/g)].map((match) => match[1])
  assert.deepEqual(
    folders.filter((folder) => !placed.includes(folder)),
    [],
  )
})

/** Lints the files under the project's own rules and names the rules that they break, each once. */
function lint(files: Record<string, string>): string[] {
  using folder = temporaryFolder()
  for (const config of ['biome.json', 'biome.layers.json', '.gitignore'])
    copyFileSync(join(projectFolder, config), folder.file(config))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.file(name)), { recursive: true })
    writeFileSync(folder.file(name), `${text}\n`)
  }
  const { status, stdout, stderr } = spawnSync(installed('biome'), ['lint', '--colors=off', '.'], {
    cwd: folder.path,
    encoding: 'utf8',
  })
  const output = stdout + stderr
  const rules = [...output.matchAll(/lint\/(\w+\/\w+)/g)].map(([, rule = '']) => rule)
  assert.equal(status, rules.length > 0 ? 1 : 0, output)
  return [...new Set(rules)]
}
