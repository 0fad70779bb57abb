import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { environmentOf, startExample } from './support.ts'

let dev: Dev

before(async () => {
  dev = await startDev()
})

after(() => dev[Symbol.asyncDispose]())

async function run(env: Record<string, string>) {
  await using script = startExample('client-script.ts', { ...environmentOf(dev), ...env })
  const code = await script.exited()
  return { code, stdout: script.stdout(), stderr: script.stderr() }
}

/** The API says when the token expires, so the same moment is the same token. */
const expiryOf = (stdout: string): unknown => JSON.parse(stdout.slice(4)).expires_at

test('the script prints what the API says, and its next run uses the same token', async () => {
  using folder = temporaryFolder()
  const tokens = folder.file('tokens.json')
  const first = await run({ LATCHKEY_TOKENS: tokens })
  assert.deepEqual([first.code, first.stderr], [0, ''])
  assert.match(first.stdout, /^200 \{"subject":"demo-app".*\}\n$/)
  assert.equal(statSync(tokens).mode & 0o777, 0o600)
  const { mtimeMs } = statSync(tokens)
  const second = await run({ LATCHKEY_TOKENS: tokens })
  assert.equal(second.code, 0)
  assert.equal(expiryOf(second.stdout), expiryOf(first.stdout))
  assert.equal(statSync(tokens).mtimeMs, mtimeMs)
})

test('a wrong secret ends the script with the reason, and without the secret', async () => {
  using folder = temporaryFolder()
  const { code, stdout, stderr } = await run({
    LATCHKEY_TOKENS: folder.file('tokens.json'),
    LATCHKEY_CLIENT_SECRET: 'a-wrong-secret',
  })
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /TokenError: .*invalid_client/)
  assert.doesNotMatch(stderr, /a-wrong-secret/)
})
