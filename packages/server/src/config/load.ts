import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from './config.ts'

/**
 * Reads a configuration file: `.ts`, `.mts`, `.js`, `.mjs` (its default export) or `.json`.
 *
 * @throws ConfigError when it is not there or cannot be read.
 */
export async function loadConfigFile(path: string): Promise<unknown> {
  const file = resolve(path)
  try {
    if (extname(file) === '.json') return JSON.parse(await readFile(file, 'utf8'))
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown }
    if (module.default !== undefined) return module.default
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new ConfigError(`${path} cannot be read: ${reason}`, { cause: error })
  }
  throw new ConfigError(`${path} has no default export. Write \`export default defineConfig({ … })\`.`)
}
