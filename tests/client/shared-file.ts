import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createTokenClient } from '@latchkey/client'
import { fileStore } from '@latchkey/client/file-store'
import { startChild } from '../../packages/client/src/testing/start-child.ts'
import { startStopwatch } from '../../packages/client/src/testing/stopwatch.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type RotatingServer, type RotatingServerName, rotatingServers } from './shared-file-servers.ts'
import { clientOptions, type WorkerCounts, type WorkerSettings } from './shared-file-settings.ts'

/*
 * Ten processes call an API with one connection, whose refresh token is in one file and is rotated every second. Some of
 * them are killed meanwhile, and one while it holds the file's lock. Run by itself, for a minute with each server:
 *
 *   node tests/client/shared-file.ts --seconds 60 --server latchkey --server strict
 */

export interface SharedFileReport extends WorkerCounts {
  /** What no caller should see: an answer other than 200, an error, a failure to renew. */
  complaints: string[]
  /** Refresh tokens that were exchanged, and those that came again although they were spent. */
  exchanged: number
  repeated: number
  killed: number
  /** How long the lock of a killed process was free of anybody else, in milliseconds. */
  takeoverMs: number
  /** Whether the connection can be refreshed at the end. */
  isAlive: boolean
}

const processes = 10
/** The bound for those who wait behind a process that was killed. */
const maxTakeoverMs = 2_000
/** Between two kills. */
const killEveryMs = 1_500

const workerFile = fileURLToPath(new URL('./shared-file-worker.ts', import.meta.url))

/** Ten processes for so long, and until a refresh token was exchanged every other second at least. */
export async function shareFile(name: RotatingServerName, seconds: number): Promise<SharedFileReport> {
  using folder = temporaryFolder()
  await using server = await rotatingServers[name]()
  const settings = { ...server.settings, file: folder.file('tokens.json') }
  await using crew = await startCrew(settings)
  const until = performance.now() + seconds * 1_000
  const takeoverMs = await (name === 'strict' ? killOther(settings) : killHolder(settings, crew))
  while (performance.now() < until || server.presented.size <= seconds / 2) {
    await delay(killEveryMs)
    await (name === 'strict' ? whileNobodyRenews(settings, crew.killOne) : crew.killOne())
  }
  const ended = await crew.end()
  return { ...ended, ...countPresented(server), takeoverMs, isAlive: await isAlive(settings) }
}

function countPresented({ presented }: RotatingServer) {
  const times = [...presented.values()]
  return { exchanged: times.length, repeated: times.reduce((sum, count) => sum + count - 1, 0) }
}

async function isAlive(settings: WorkerSettings): Promise<boolean> {
  const client = createTokenClient(clientOptions(settings))
  const renewed = client.getToken().then((rejected) => client.getToken({ rejected }))
  return renewed.then(Boolean, () => false)
}

/** Kills a process between its taking the lock and letting it go: most likely before it has the server's answer. */
async function killHolder({ file }: WorkerSettings, crew: Crew): Promise<number> {
  const folder = `${file}.lock/renew`
  for (;;) {
    const { number, holder } = readLock(folder)
    const death = holder && crew.kill(JSON.parse(holder).pid)
    if (death && readHolder(folder, number)) return untilTaken(folder, number)
    await (death || delay(1))
  }
}

/** Kills a process that holds the lock, and has done so until every token has run out, and asks nothing of the server. */
async function killOther({ file }: WorkerSettings): Promise<number> {
  const folder = `${file}.lock/renew`
  await using other = startChild('hold', folder)
  await other.line()
  await delay(1_200)
  const { number } = readLock(folder)
  void other.kill()
  return untilTaken(folder, number)
}

async function untilTaken(folder: string, number: number): Promise<number> {
  using stopwatch = startStopwatch()
  while (readLock(folder).number === number && stopwatch.passedMs() < maxTakeoverMs) await delay(1)
  return stopwatch.passedMs()
}

function readLock(folder: string): { number: number; holder: string } {
  const number = Math.max(...readdirSync(folder).map((name) => Number.parseInt(name, 10) || 0))
  return { number, holder: readHolder(folder, number) }
}

/** Empty where nobody holds the lock. */
function readHolder(folder: string, number: number): string {
  try {
    return readFileSync(`${folder}/${number}/holder`, 'utf8')
  } catch {
    return ''
  }
}

/** A process that is killed after the server has rotated, and before it has written that down, ends a strict connection. */
async function whileNobodyRenews({ file }: WorkerSettings, task: () => Promise<void>): Promise<void> {
  await fileStore(file).lock?.(task)
}

/** Ten processes; who is killed is replaced. */
async function startCrew(settings: WorkerSettings) {
  const complaints: string[] = []
  let killed = 0
  const start = () => startWorker(settings, complaints)
  const workers = Array.from({ length: processes }, start)
  const killAt = async (index: number) => {
    const worker = workers[index]
    if (!worker) return
    killed++
    const death = worker.kill()
    workers[index] = start()
    await death
  }
  await Promise.all(workers.map(({ ready }) => ready))
  return {
    killOne: () => killAt(Math.floor(Math.random() * processes)),
    /** Kills the one with this process number. */
    kill: (pid: number) => killAt(workers.findIndex((worker) => worker.pid === pid)),
    async end() {
      const all = await Promise.all(workers.map((worker) => worker.end()))
      return { ...all.reduce(addUp), complaints, killed }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.kill()))
    },
  }
}

type Crew = Awaited<ReturnType<typeof startCrew>>

const addUp = (one: WorkerCounts, other: WorkerCounts): WorkerCounts => ({
  calls: one.calls + other.calls,
  renewals: one.renewals + other.renewals,
  adoptions: one.adoptions + other.adoptions,
  slowestMs: Math.max(one.slowestMs, other.slowestMs),
})

function startWorker(settings: WorkerSettings, complaints: string[]) {
  const child = spawn(process.execPath, [workerFile, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'close')
  const ready = Promise.withResolvers<void>()
  const counts = Promise.withResolvers<WorkerCounts>()
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') return ready.resolve()
    const said = JSON.parse(line)
    if ('complaint' in said) complaints.push(said.complaint)
    else counts.resolve(said)
  })
  const died = exited.then(() => Promise.reject(new Error('A process ended before its time.')))
  // Whoever was killed has no one waiting for it any more.
  died.catch(() => {})
  return {
    pid: child.pid,
    ready: Promise.race([ready.promise, died]),
    kill: () => kill(child, exited),
    async end() {
      child.stdin.end()
      const said = await Promise.race([counts.promise, died])
      await exited
      return said
    },
  }
}

async function kill(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await exited
}

/** What the report of so many seconds should not say. */
export function findFaults(name: RotatingServerName, report: SharedFileReport): string[] {
  const { complaints, repeated, killed, takeoverMs } = report
  const forgiven = name === 'strict' ? 0 : killed
  return [
    ...complaints,
    ...(report.isAlive ? [] : ['The connection has ended.']),
    ...(repeated > forgiven
      ? [`${repeated} spent refresh tokens came again; ${killed} processes were killed.`]
      : []),
    ...(takeoverMs < maxTakeoverMs ? [] : [`Nobody took the lock for ${takeoverMs} ms.`]),
  ]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      server: { type: 'string', multiple: true, default: Object.keys(rotatingServers) },
    },
  })
  const seconds = Number(values.seconds)
  for (const name of ['latchkey', 'strict'] as const) {
    if (!values.server.includes(name)) continue
    const report = await shareFile(name, seconds)
    process.stdout.write(`${name}: ${JSON.stringify(report)}\n`)
    if (findFaults(name, report).length > 0) process.exitCode = 1
  }
}

if (import.meta.main) await main()
