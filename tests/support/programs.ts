import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { projectFolder } from './project.ts'

/** A program that some tests need, how to see that it is there, and the line that installs it. */
interface Program {
  probe: [command: string, ...args: string[]]
  install: string
}

/** How long a program may take to say that it is there, on a machine that is busy, in milliseconds. */
const probeTimeoutMs = 120_000

/** `python3` on the path may be another than the system's, whose packages these are: it is named whole. */
export const python = '/usr/bin/python3'

/*
 * Runtimes from npm are named by the files of their platform's packages. Where one is missing its name remains, and is not
 * found.
 */
const runtimesFolder = join(projectFolder, 'tests/runtimes/node_modules')
const installRuntimes = 'npm ci --ignore-scripts --prefix tests/runtimes'

export const bun = fromNpm('@oven/*/bin/bun') ?? 'bun'
export const deno = fromNpm('@deno/*/deno') ?? 'deno'
export const workerd = fromNpm('@cloudflare/workerd-*/bin/workerd') ?? 'workerd'
/** The oldest Node.js that the client runs on; npm has it for some platforms. */
export const node20 = fromNpm('node-*/bin/node') ?? allOnPath('node').find(isNode20) ?? 'node-20'

const programs = {
  bun: { probe: [bun, '--version'], install: installRuntimes },
  chromium: { probe: ['chromium', '--version'], install: 'apt-get install chromium' },
  curl: { probe: ['curl', '--version'], install: 'apt-get install curl' },
  deno: { probe: [deno, '--version'], install: installRuntimes },
  'node-20': {
    probe: [node20, '--version'],
    install: `${installRuntimes}, or put a node of version 20 on the path`,
  },
  php: {
    probe: ['php', '-r', 'exit(function_exists("curl_init") ? 0 : 1);'],
    install: 'apt-get install php-cli php-curl',
  },
  'python3-requests': {
    probe: [python, '-c', 'import requests'],
    install: 'apt-get install python3-requests',
  },
  'python3-requests-oauthlib': {
    probe: [python, '-c', 'import requests_oauthlib'],
    install: 'apt-get install python3-requests-oauthlib',
  },
  strace: { probe: ['strace', '-V'], install: 'apt-get install strace' },
  workerd: { probe: [workerd, '--version'], install: installRuntimes },
} satisfies Record<string, Program>

export type ProgramName = keyof typeof programs

/** For a test's `skip`: false when the program is there, else what is missing and the line that installs it. */
export function missing(name: ProgramName): false | string {
  const { probe, install }: Program = programs[name]
  try {
    execFileSync(probe[0], probe.slice(1), { stdio: 'ignore', timeout: probeTimeoutMs })
    return false
  } catch {
    return `${name} is missing: ${install}`
  }
}

function fromNpm(pattern: string): string | undefined {
  const [file] = globSync(pattern, { cwd: runtimesFolder })
  return file && join(runtimesFolder, file)
}

function allOnPath(name: string): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).filter((file) => existsSync(file))
}

function isNode20(file: string): boolean {
  return String(spawnSync(file, ['--version'], { timeout: probeTimeoutMs }).stdout).startsWith('v20.')
}
