import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { temporaryFolder } from '../support/folder.ts'
import { workerd } from '../support/programs.ts'
import { bundle } from './bundle.ts'
import type { Setup } from './scenario.ts'

/** A workerd with the tests' worker, which calls this machine alone. */
export interface Workerd extends AsyncDisposable {
  url: string
  /** What it wrote to standard error so far. */
  complaints(): string
}

/** @param compatibilityDate which decides what a worker may do, and how. */
export async function startWorkerd(setup: Setup, compatibilityDate: string): Promise<Workerd> {
  const folder = temporaryFolder()
  await bundle('worker.ts', folder.file('worker.mjs'), { setup })
  writeFileSync(folder.file('config.capnp'), configOf(compatibilityDate))
  const child = spawn(workerd, ['serve', '--control-fd=3', 'config.capnp'], {
    cwd: folder.path,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const exited = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface(child.stdio[3] as Readable), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`workerd ended with ${code}: ${complaints}`))),
  ])
  return {
    url: `http://127.0.0.1:${JSON.parse(String(line)).port}`,
    complaints: () => complaints,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
      folder[Symbol.dispose]()
    },
  }
}

const configOf = (compatibilityDate: string): string => `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "${compatibilityDate}",
);
`
