import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folder.ts'
import { bun, deno, missing, node20, type ProgramName } from '../support/programs.ts'
import { bundle } from './bundle.ts'
import { expected } from './expected.ts'
import type { Report, Setup } from './scenario.ts'
import { startWorld } from './world.ts'

/* The client in runtimes that run a program from a file. */
const folder = temporaryFolder()
after(() => folder[Symbol.dispose]())
const program = folder.file('program.mjs')
before(() => bundle('program.ts', program))

interface Runtime {
  needs?: ProgramName
  command: string
  /** Before the program's own file. */
  words: string[]
}

/** Deno asks its user about whatever is not allowed here, and nobody answers. */
const denoWords = [
  'run',
  '--no-config',
  '--no-prompt',
  '--allow-net=127.0.0.1',
  `--allow-read=${folder.path}`,
  `--allow-write=${folder.path}`,
]
const runtimes: Record<string, Runtime> = {
  "this project's Node.js": { command: process.execPath, words: [] },
  'Node.js 20': { needs: 'node-20', command: node20, words: [] },
  Deno: { needs: 'deno', command: deno, words: denoWords },
  Bun: { needs: 'bun', command: bun, words: ['run'] },
}

for (const [name, runtime] of Object.entries(runtimes)) {
  const skip = runtime.needs ? missing(runtime.needs) : false
  test(`${name}: gets tokens, renews them once, and sends them to nobody else`, { skip }, async () => {
    await using world = await startWorld()
    assert.deepEqual(await run(runtime, world.setup), expected)
  })

  test(`${name}: clients that share a file share its token, and nobody else may read it`, {
    skip,
  }, async () => {
    await using world = await startWorld()
    const file = folder.file(`${runtime.needs ?? 'node'}-tokens.json`)
    const { status, token } = await run(runtime, world.setup, file)
    assert.equal(status, 200)
    assert.doesNotMatch(String(token), / /)
    assert.equal(world.tokenRequests(), 1)
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })
}

/** The last to start comes while the first still asks, in milliseconds. */
const longEnoughForAllMs = 1_000
const present = Object.values(runtimes).filter(({ needs }) => !needs || !missing(needs))

test('processes of every runtime at once share one file, one token and one request for it', async () => {
  await using world = await startWorld()
  world.delayTokens(longEnoughForAllMs)
  const reports = await Promise.all(
    present.map((runtime) => run(runtime, world.setup, folder.file('shared-tokens.json'))),
  )
  assert.equal(new Set(reports.map(({ token }) => token)).size, 1)
  assert.equal(world.tokenRequests(), 1)
})

/** Caches of the runtimes' own go with the folder. */
const env = {
  ...process.env,
  DENO_DIR: folder.file('deno'),
  DENO_NO_UPDATE_CHECK: '1',
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
  DO_NOT_TRACK: '1',
  NO_COLOR: '1',
}

/**
 * After which a program that has said what it found has hung, in milliseconds: less than the longest that a client waits for
 * anything, so that a timer which it forgets is noticed.
 */
const endTimeoutMs = 25_000

async function run({ command, words }: Runtime, setup: Setup, file?: string): Promise<Report> {
  const running = promisify(execFile)(
    command,
    [...words, program, JSON.stringify(setup), ...(file ? [file] : [])],
    { cwd: folder.path, env },
  )
  const { child } = running
  let timer: NodeJS.Timeout | undefined
  child.stdout?.once('data', () => {
    timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  })
  const { stdout } = await running.finally(() => clearTimeout(timer))
  return JSON.parse(stdout)
}
