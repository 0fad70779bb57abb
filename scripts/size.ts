import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/*
 * What an app gains in weight by the client: each entry on its own, bundled, minified and gzipped. Fails when the main
 * entry is over its budget. An argument is another package to weigh.
 */

/** The main entry, minified and gzipped, in bytes. */
const maxBytes = 6_000

const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('../packages/client', import.meta.url)))
const { exports }: { exports: Record<string, string> } = JSON.parse(
  readFileSync(join(folder, 'package.json'), 'utf8'),
)

const sizes = new Map<string, number>()
for (const [entry, file] of Object.entries(exports)) {
  const path = join(folder, file)
  if (!existsSync(path)) fail(`${entry} names ${file}, which is not there.`)
  const bytes = await weigh(path)
  sizes.set(entry, bytes)
  process.stdout.write(`${entry.padEnd(14)}${grouped(bytes).padStart(7)} bytes\n`)
}
const main = sizes.get('.') ?? fail('package.json names no main entry.')
const spare = maxBytes - main
if (spare < 0) {
  fail(
    `The main entry is ${grouped(main)} bytes, ${grouped(-spare)} over its ${grouped(maxBytes)} (minified and gzipped). ` +
      'Make it smaller, or give what few need an entry of its own.',
  )
}
process.stdout.write(`The main entry has ${grouped(spare)} of its ${grouped(maxBytes)} bytes to spare.\n`)

/** What a runtime or the app itself brings is not counted. */
async function weigh(entryPoint: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['node:*', 'axios'],
    write: false,
  })
  const text = outputFiles[0]?.contents ?? fail(`${entryPoint} made no bundle.`)
  return gzipSync(text, { level: 9 }).length
}

function grouped(bytes: number): string {
  return bytes.toLocaleString('en')
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
