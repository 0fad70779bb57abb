import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { installed, projectFolder } from '../support/project.ts'

const client = join(projectFolder, 'packages/client')
const { exports }: { exports: Record<string, string> } = JSON.parse(
  readFileSync(join(client, 'package.json'), 'utf8'),
)

/** What tsc says of files for whom there is no Node.js, but what browsers and ES2022 bring. */
function compile(files: string[]): string {
  using folder = temporaryFolder()
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    typeRoots: [],
  }
  const extended = { extends: join(projectFolder, 'tsconfig.json'), compilerOptions, files, include: [] }
  writeFileSync(folder.file('tsconfig.json'), JSON.stringify(extended))
  const { stdout } = spawnSync(installed('tsc'), ['-p', folder.path], { encoding: 'utf8' })
  return stdout
}

test('every entry of the client but the one for files uses only what browsers have too', () => {
  const entries = Object.entries(exports).filter(([entry]) => entry !== './file-store')
  assert.equal(compile(entries.map(([, file]) => join(client, file))), '')
})

test('what uses Node.js does not compile so', () => {
  assert.match(compile([join(client, exports['./file-store'] ?? '')]), /Cannot find .*node:fs/)
})
