import { existsSync } from 'node:fs'
import { ConfigError, type ConfigInput } from '../config/config.ts'
import { loadConfigFile } from '../config/load.ts'
import { CommandError } from './command-error.ts'

/** What the configuration may be called when nobody names it: the first that is there. */
export const configFileNames = [
  'latchkey.config.ts',
  'latchkey.config.mts',
  'latchkey.config.js',
  'latchkey.config.mjs',
  'latchkey.config.json',
]

export interface ConfigOption {
  config?: string
}

/** Reads the configuration that `--config` names, or the one in this folder. @throws CommandError when there is none. */
export async function loadConfig({ config }: ConfigOption): Promise<ConfigInput> {
  const path = config ?? configFileNames.find((name) => existsSync(name))
  if (path === undefined) {
    throw new CommandError(
      'There is no latchkey.config.ts (nor .mts, .js, .mjs, .json) in this folder. Write one, or name it with --config; `latchkey dev` needs none.',
    )
  }
  if (!existsSync(path)) throw new CommandError(`There is no file ${path}, which --config names.`)
  try {
    return (await loadConfigFile(path)) as ConfigInput
  } catch (error) {
    if (!isReadAsCommonJs(error)) throw error
    throw new CommandError(
      `${path} is an ES module, but the package.json beside it says "type": "commonjs". Name it latchkey.config.mts, or write "type": "module" there.`,
    )
  }
}

function isReadAsCommonJs(error: unknown): boolean {
  return (
    error instanceof ConfigError &&
    error.cause instanceof SyntaxError &&
    /Unexpected token 'export'|Cannot use import statement/.test(error.cause.message)
  )
}
