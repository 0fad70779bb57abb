import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * What a newcomer waits for: a clone into an empty folder, `npm ci` with an empty cache, `npm start`, the first token.
 * Prints the seconds of each step and fails when together they take longer than a minute.
 */
const limitSeconds = 60

const repository = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-first-token-'))
const clone = join(folder, 'latchkey')
const steps: [name: string, seconds: number][] = []

try {
  await timed('git clone', () => execFileSync('git', ['clone', '--quiet', repository, clone]))
  const install = ['ci', '--cache', join(folder, 'cache')]
  await timed('npm ci', () => execFileSync('npm', install, { cwd: clone, env: newcomer(), stdio: 'ignore' }))
  await timed('npm start to the first token', firstToken)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const total = steps.reduce((sum, [, seconds]) => sum + seconds, 0)
for (const [name, seconds] of [...steps, ['together', total]] as const) {
  process.stdout.write(`${name.padEnd(30)}${seconds.toFixed(1).padStart(6)} s\n`)
}
process.exitCode = total <= limitSeconds ? 0 : 1

async function timed(name: string, work: () => unknown): Promise<void> {
  const start = performance.now()
  await work()
  steps.push([name, (performance.now() - start) / 1000])
}

/** The environment without what this repository's own npm put into it. */
function newcomer(): NodeJS.ProcessEnv {
  const path = (process.env.PATH ?? '').split(':').filter((entry) => !entry.includes('node_modules'))
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))
  return { ...Object.fromEntries(own), PATH: path.join(':') }
}

async function firstToken(): Promise<void> {
  const words = ['start', '--silent', '--', '--json', '--port', String(await freePort())]
  const server = spawn('npm', words, {
    cwd: clone,
    env: newcomer(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
    const { endpoints, client } = JSON.parse(line)
    const answer = await fetch(endpoints.token, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    if (!answer.ok) throw new Error(`The token endpoint answered ${answer.status}.`)
  } finally {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM')
    await once(server, 'exit')
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}
