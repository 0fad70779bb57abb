import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { projectFolder } from '../support/project.ts'

test('with the reporter of CI a run with a skipped test names it and fails, and one without passes', () => {
  using folder = temporaryFolder()
  writeFileSync(
    folder.file('skip.test.mjs'),
    "import { test } from 'node:test'\ntest('left out', { skip: 'php is missing' }, () => {})\ntest('runs', () => {})\n",
  )
  writeFileSync(folder.file('run.test.mjs'), "import { test } from 'node:test'\ntest('runs', () => {})\n")
  const run = (file: string) => {
    const reporter = `${projectFolder}tests/support/nothing-skipped.ts`
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, folder.file(file)], {
      env,
      encoding: 'utf8',
    })
  }
  const skipping = run('skip.test.mjs')
  assert.equal(skipping.status, 1)
  assert.match(skipping.stdout, /nothing may be: left out \(php is missing\)\n/)
  const whole = run('run.test.mjs')
  assert.equal(whole.status, 0)
  assert.equal(whole.stdout, '')
})

test('a run in which a test fails fails', () => {
  using folder = temporaryFolder()
  writeFileSync(
    folder.file('fail.test.mjs'),
    "import { test } from 'node:test'\ntest('fails', () => { throw new Error() })\n",
  )
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const run = spawnSync(process.execPath, [`${projectFolder}tests/run.ts`, folder.file('fail.test.mjs')], {
    env,
  })
  assert.equal(run.status, 1)
})
