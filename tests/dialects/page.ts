import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Dev } from '../support/dev.ts'
import { python } from '../support/programs.ts'

const pages = new URL('pages/', import.meta.url)
const seeds = new URL('../../../shared/seeds/', import.meta.url)

/** A text of the page that the snippets under `pages/` were taken from, as it was published. */
export const snippet = (file: string): string => readFileSync(new URL(file, pages), 'utf8')

/** Puts a text in the place of another, everywhere. The other must be there: a snippet that lost it proves nothing. */
export function fillIn(text: string, replacements: Record<string, string>): string {
  let filled = text
  for (const [placeholder, value] of Object.entries(replacements)) {
    if (!filled.includes(placeholder)) throw new Error(`The snippet has no ${placeholder}.`)
    filled = filled.replaceAll(placeholder, value)
  }
  return filled
}

/** A whole page as it was published. The pages are no part of the project: `undefined` where they are not beside it. */
export const publishedPage = (file: string): string | undefined =>
  existsSync(seeds) ? readFileSync(new URL(file, seeds), 'utf8') : undefined

/** Of these words, those that a published page does not hold; any white space is like any other. */
export function unsaid(page: string, words: string[]): string[] {
  const text = page.replaceAll(/\s+/g, ' ')
  return words.filter((some) => !text.includes(some))
}

/** The files of a folder of `pages/` that are not in the published page word by word. */
export function strayed(folder: string, page: string): string[] {
  const files = readdirSync(new URL(`${folder}/`, pages)).filter((file) => file.endsWith('.txt'))
  return files.filter((file) => !page.includes(snippet(`${folder}/${file}`).trimEnd()))
}

export const runPython = (code: string): Promise<string> => run(python, ['-c', code])
/** Without `<?php`, which the pages leave out. */
export const runPhp = (code: string): Promise<string> => run('php', ['-r', code])
/** As CommonJS, so that `require` works, in this project, so that it finds axios. */
export const runNode = (code: string): Promise<string> =>
  run(process.execPath, ['--input-type=commonjs', '-e', code])

/** A Postman collection's answers, in order. */
export async function runPostman(
  collection: string,
  variables: Record<string, string>,
  report: string,
): Promise<{ code: number; body: Record<string, unknown> }[]> {
  const newman = fileURLToPath(new URL('../../node_modules/newman/bin/newman.js', import.meta.url))
  const values = Object.entries(variables).flatMap(([name, value]) => ['--env-var', `${name}=${value}`])
  const reporter = ['--reporters', 'json', '--reporter-json-export', report]
  await run(process.execPath, [
    newman,
    'run',
    fileURLToPath(new URL(collection, pages)),
    ...values,
    ...reporter,
  ])
  const { run: summary } = JSON.parse(readFileSync(report, 'utf8')) as NewmanReport
  return summary.executions.map(({ response }) => ({
    code: response.code,
    body: JSON.parse(Buffer.from(response.stream.data).toString()),
  }))
}

interface NewmanReport {
  run: { executions: { response: { code: number; stream: { data: number[] } } }[] }
}

/** Calls the sample API of a `latchkey dev`. */
export const call = (
  { description }: Dev,
  path: string,
  headers: Record<string, string>,
): Promise<Response> => fetch(`${description.endpoints.api}${path}`, { headers })

/** Runs a program to its end and gives what it printed. */
async function run(command: string, words: string[]): Promise<string> {
  const child = spawn(command, words, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stdout}${stderr}`)
  return stdout.trim()
}
