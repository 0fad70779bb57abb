import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Contender } from './contender.ts'

export interface Sizes {
  /** All that the package's main entry exports. */
  readonly entry: number
  /** What the app imports of it. */
  readonly used: number
  /** The same with the packages beside it. */
  readonly withBeside: number
}

/** Bundled, minified and compressed (gzip -9), in bytes. */
export async function sizesOf(contender: Contender): Promise<Sizes> {
  return {
    entry: await bundle(`export * from '${contender.package}'`, contender),
    used: await bundle(contender.imports, contender),
    withBeside: await bundle(contender.imports, { ...contender, beside: [] }),
  }
}

async function bundle(text: string, { platform, beside = [] }: Contender): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: text, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform,
    mainFields: ['browser', 'module', 'main'],
    external: [...beside],
    logLevel: 'silent',
  })
  return outputFiles.reduce((bytes, { contents }) => bytes + gzipSync(contents, { level: 9 }).length, 0)
}
