import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folder.ts'
import { type ProgramName, python } from '../support/programs.ts'

/** The snippets of a page as a reader copies them: language → title → text. */
export type Snippets = Record<string, Record<string, string>>

export async function readSnippets(docsUrl: string): Promise<Snippets> {
  const page = await (await fetch(docsUrl)).text()
  const snippets: Snippets = {}
  const figures = /<figure class="snippet in-(\w+)">.*?aria-label="([^"]*), [^"]*"[^>]*><code>(.*?)<\/code>/gs
  for (const [, language = '', title = '', code = ''] of page.matchAll(figures)) {
    snippets[language] ??= {}
    snippets[language][title] = toText(code)
  }
  return snippets
}

const entities: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}

const toText = (html: string): string =>
  html.replaceAll(/<[^>]*>/g, '').replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? '')

export interface Interpreter {
  language: string
  /** What it takes besides what every machine has. */
  needs?: ProgramName
  command: string
  file: string
}

export const interpreters: Interpreter[] = [
  { language: 'curl', command: 'sh', file: 'snippet.sh' },
  { language: 'python', command: python, file: 'snippet.py', needs: 'python3-requests' },
  { language: 'javascript', command: process.execPath, file: 'snippet.mjs' },
  { language: 'php', command: 'php', file: 'snippet.php', needs: 'php' },
]

/** Runs a program with the real interpreter, in a folder of its own, and gives what it printed. */
export async function run({ command, file }: Interpreter, program: string): Promise<string> {
  using folder = temporaryFolder()
  writeFileSync(folder.file(file), program)
  const { stdout } = await promisify(execFile)(command, [file], { cwd: folder.path, timeout: 30_000 })
  return stdout
}

/** What a reader fills in. */
export interface Values {
  client: { id: string; secret: string }
  token?: string
  refreshToken?: string
  code?: string
  verifier?: string
  redirectUri?: string
  username?: string
  password?: string
}

/** Puts the reader's own values where the page says so. */
export const fillIn = (program: string, { client, ...values }: Values): string =>
  program
    .replaceAll('YOUR_CLIENT_ID', client.id)
    .replaceAll('YOUR_CLIENT_SECRET', client.secret)
    .replaceAll('YOUR_ACCESS_TOKEN', values.token ?? '')
    .replaceAll('YOUR_REFRESH_TOKEN', values.refreshToken ?? '')
    .replaceAll('YOUR_CODE', values.code ?? '')
    .replaceAll('YOUR_VERIFIER', values.verifier ?? '')
    .replaceAll('YOUR_REDIRECT_URI', values.redirectUri ?? '')
    .replaceAll('YOUR_USERNAME', values.username ?? '')
    .replaceAll('YOUR_PASSWORD', values.password ?? '')
