import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { projectFolder } from '../support/project.ts'

const run = (...words: string[]) =>
  spawnSync(process.execPath, [`${projectFolder}scripts/size.ts`, ...words], { encoding: 'utf8' })

/** Weighs a package whose only entry holds that many bytes that no compression makes smaller. */
function weigh(randomBytesHeld: number) {
  using folder = temporaryFolder()
  writeFileSync(folder.file('package.json'), JSON.stringify({ exports: { '.': './index.ts' } }))
  const held = randomBytes(randomBytesHeld).toString('base64url')
  writeFileSync(folder.file('index.ts'), `export const held: string = '${held}'\n`)
  return run(folder.path)
}

test('the client is as small as it says', () => {
  const { status, stdout, stderr } = run()
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^\. +[\d,]+ bytes$/m)
})

test('a main entry over its budget fails, and the words say by how much', () => {
  const { status, stderr } = weigh(7_000)
  assert.equal(status, 1)
  assert.match(stderr, /^The main entry is 7,\d{3} bytes, 1,\d{3} over its 6,000 /)
})

test('a main entry within its budget passes, and the words say what is left', () => {
  const { status, stdout, stderr } = weigh(5_000)
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^The main entry has \d{3} of its 6,000 bytes to spare\.$/m)
})

test('an entry whose file is missing fails by name', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('package.json'), JSON.stringify({ exports: { '.': './gone.ts' } }))
  const { status, stderr } = run(folder.path)
  assert.equal(status, 1)
  assert.match(stderr, /\. names \.\/gone\.ts, which is not there/)
})
