import { join } from 'node:path'
import { build } from 'esbuild'
import { projectFolder } from '../support/project.ts'

/**
 * Makes one module of a file of this folder and all that it imports, as an app's bundler would: for any runtime.
 *
 * @param constants what stands for names that no file declares a value of.
 */
export async function bundle(
  name: string,
  outfile: string,
  constants: Record<string, unknown> = {},
): Promise<void> {
  await build({
    entryPoints: [join(projectFolder, 'tests/runtimes', name)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['node:*'],
    define: Object.fromEntries(
      Object.entries(constants).map(([constant, value]) => [constant, JSON.stringify(value)]),
    ),
    logLevel: 'error',
  })
}
