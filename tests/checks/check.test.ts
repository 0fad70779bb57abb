import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { installed, projectFolder } from '../support/project.ts'

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(installed(program), args, {
    cwd: projectFolder,
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

test('biome finds nothing to say about format, lint and layers', () => {
  const { status, output } = run('biome', 'ci', '--colors=off', '.')
  assert.equal(status, 0, output)
})

test('tsc finds nothing to say about types', () => {
  const { status, output } = run('tsc', '-p', '.')
  assert.equal(status, 0, output)
})
