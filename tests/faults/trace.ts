import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { temporaryFolder } from '../support/folder.ts'

/** A system call that has ended, in the order in which calls ended; one that writes counts from when it began. */
export interface Call {
  pid: number
  name: string
  /** As strace writes them: a descriptor is followed by its file in angle brackets. */
  args: string
  result: string
}

export interface Trace extends AsyncDisposable {
  /** Detaches, and gives what was seen. */
  stop(): Promise<Call[]>
}

const syncs = ['fsync', 'fdatasync']
const writes = ['pwrite64', 'write', 'writev', 'sendto', 'sendmsg']

/** Attaches strace to processes, with all their threads, and resolves once it watches. */
export async function traceProcesses(pids: number[]): Promise<Trace> {
  const folder = temporaryFolder()
  const file = folder.file('trace')
  const calls = `trace=${[...syncs, ...writes].join(',')}`
  const attach = pids.flatMap((pid) => ['-p', String(pid)])
  const strace = spawn('strace', ['-f', '-y', '-s', '80', '-e', calls, '-o', file, ...attach], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(strace, 'exit')
  let words = ''
  const attached = (async () => {
    for await (const chunk of strace.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      words += chunk
      if (!pids.every((pid) => words.includes(`Process ${pid} attached`))) continue
      // It tells of each process that begins later, too, and would end where nobody reads that.
      strace.stderr.resume()
      return
    }
    throw new Error(`strace could not attach: ${words}`)
  })()
  await attached
  const end = async () => {
    if (strace.exitCode === null && strace.signalCode === null) strace.kill('SIGINT')
    await exited
  }
  return {
    async stop() {
      await end()
      return parseTrace(readFileSync(file, 'utf8'))
    },
    async [Symbol.asyncDispose]() {
      await end()
      folder[Symbol.dispose]()
    },
  }
}

/**
 * A call that another thread interrupts takes two lines. A sync happened by its end, and a write by its beginning: that is
 * the order that must hold between them.
 */
export function parseTrace(text: string): Call[] {
  const calls: Call[] = []
  const unfinished = new Map<string, Call>()
  for (const line of text.split('\n')) {
    const begun = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/.exec(line)
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.*)$/.exec(line)
    const whole = /^(\d+) +(\w+)\((.*)\) += (.*)$/.exec(line)
    if (begun) {
      const [, pid = '', name = '', args = ''] = begun
      const call = { pid: Number(pid), name, args, result: '?' }
      unfinished.set(`${pid} ${name}`, call)
      if (!syncs.includes(name)) calls.push(call)
    } else if (resumed) {
      const [, pid = '', name = '', args = '', result = ''] = resumed
      const call = unfinished.get(`${pid} ${name}`)
      if (!call) continue
      call.result = result
      call.args += args
      if (syncs.includes(name)) calls.push(call)
    } else if (whole) {
      const [, pid = '', name = '', args = '', result = ''] = whole
      calls.push({ pid: Number(pid), name, args, result })
    }
  }
  return calls
}

/** Whether a call made what was written to a file durable. The file is named by the end of its path, or a part. */
export const isSyncOf = ({ name, args, result }: Call, file: RegExp): boolean =>
  syncs.includes(name) && result === '0' && file.test(args)

/** Whether a call wrote a text, as strace escapes it, to a file or a socket. */
export const isWriteOf = ({ name, args }: Call, text: RegExp): boolean =>
  writes.includes(name) && text.test(args)
