import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../support/project.ts'

const read = (file: string) => readFileSync(join(projectFolder, file), 'utf8')

test('.ci/run installs every program that a test may find missing', () => {
  const needed = [...read('tests/support/programs.ts').matchAll(/apt-get install ([a-z0-9 -]+)/g)].flatMap(
    ([, names = '']) => names.trim().split(' '),
  )
  const installed = /apt-get install -y --no-install-recommends \\\n(.+)/.exec(read('.ci/run'))?.[1] ?? ''
  assert.ok(needed.length > 0)
  assert.deepEqual(
    needed.filter((name) => !installed.trim().split(' ').includes(name)),
    [],
  )
})

test('.ci/run installs the other runtimes by the very line that a skipped test says, before the tests run', () => {
  const [line = ''] = /npm ci .*tests\/runtimes/.exec(read('tests/support/programs.ts')) ?? []
  assert.ok(line)
  assert.match(read('.ci/run'), new RegExp(`^${line}$[^]*^npm ci && npm test$`, 'm'))
})

test(".ci/run runs the readme's own test command, with nothing left out", () => {
  assert.match(read('README.md'), /^npm ci && npm test$/m)
  assert.match(read('.ci/run'), /^export CI=true\nnpm ci && npm test$/m)
})
