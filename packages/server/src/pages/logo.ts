import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { type Config, ConfigError } from '../config/config.ts'
import { assetPath } from './asset.ts'

/** The largest logo that is taken, in bytes: every page shows it. */
export const maxLogoBytes = 256 * 1024

const typeOf: Record<string, string> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
}

export interface Logo {
  bytes: Uint8Array<ArrayBuffer>
  type: string
  /** Of the content: another logo has another URL. */
  version: string
}

const logos = new WeakMap<Config, Logo>()

/**
 * The owner's logo, read once; its path counts from the working folder. `undefined`: there is none.
 *
 * @throws ConfigError when it is no image that is taken, not there, or too large.
 */
export function logoOf(config: Config): Logo | undefined {
  if (config.logo === undefined) return undefined
  const logo = logos.get(config) ?? readLogo(config.logo)
  logos.set(config, logo)
  return logo
}

/** Where the logo is, from the root of the host. */
export function logoUrl(config: Config): string | undefined {
  const logo = logoOf(config)
  return logo && assetPath(config.issuer, 'logo', logo.version)
}

function readLogo(path: string): Logo {
  const type = typeOf[extname(path).toLowerCase()]
  if (type === undefined) {
    throw new ConfigError(
      `logo: \`${path}\` is not taken. Write the path of an .svg, .png, .webp or .jpg file.`,
    )
  }
  const bytes = readSmallFile(path)
  return { bytes, type, version: createHash('sha256').update(bytes).digest('base64url').slice(0, 12) }
}

function readSmallFile(path: string): Uint8Array<ArrayBuffer> {
  const file = resolve(path)
  try {
    if (statSync(file).size <= maxLogoBytes) return new Uint8Array(readFileSync(file))
  } catch (cause) {
    throw new ConfigError(`logo: ${file} cannot be read. Write the path of a file that is there.`, { cause })
  }
  throw new ConfigError(
    `logo: ${file} is larger than ${maxLogoBytes / 1024} kB. Every page shows it: make it smaller.`,
  )
}
