import { execFileSync } from 'node:child_process'

/** A program that some tests need, how to see that it is there, and the line that installs it. */
interface Program {
  probe: [command: string, ...args: string[]]
  install: string
}

/** `python3` on the path may be another than the system's, whose packages these are: it is named whole. */
export const python = '/usr/bin/python3'

const programs = {
  chromium: { probe: ['chromium', '--version'], install: 'apt-get install chromium' },
  curl: { probe: ['curl', '--version'], install: 'apt-get install curl' },
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
} satisfies Record<string, Program>

export type ProgramName = keyof typeof programs

/** For a test's `skip`: false when the program is there, else what is missing and the line that installs it. */
export function missing(name: ProgramName): false | string {
  const { probe, install }: Program = programs[name]
  try {
    execFileSync(probe[0], probe.slice(1), { stdio: 'ignore', timeout: 20_000 })
    return false
  } catch {
    return `${name} is missing: ${install}`
  }
}
