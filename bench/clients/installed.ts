import { readFileSync } from 'node:fs'

/** A package in package-lock.json: what npm installs with it. */
interface Locked {
  version?: string
  link?: boolean
  resolved?: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

const lockFile = new URL('../../package-lock.json', import.meta.url)

export interface Installed {
  readonly version: string
  /** Packages that npm installs with it, and with those; peers that are not optional among them. */
  readonly dependencies: readonly string[]
}

/** What npm installs for a package, as this repository's lock file has it. */
export function installed(name: string): Installed {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, Locked> }
  const path = locate(packages, '', name)
  const found = new Set<string>()
  collect(packages, path, found)
  return { version: packages[path]?.version ?? 'unknown', dependencies: [...found] }
}

function collect(packages: Record<string, Locked>, path: string, found: Set<string>): void {
  for (const name of needsOf(packages[path])) {
    const next = locate(packages, path, name)
    if (found.has(next)) continue
    found.add(next)
    collect(packages, next, found)
  }
}

function needsOf({
  dependencies = {},
  peerDependencies = {},
  peerDependenciesMeta = {},
}: Locked = {}): string[] {
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  return [...Object.keys(dependencies), ...peers]
}

/** As Node looks for it: in the folder of who asks, then in each above. Links to workspaces are followed. */
function locate(packages: Record<string, Locked>, from: string, name: string): string {
  for (let folder = from; ; folder = folder.replace(/(^|\/)[^/]*\/?$/, '')) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    const entry = packages[path]
    if (entry) return entry.link ? (entry.resolved ?? path) : path
    if (folder === '') throw new Error(`${name} is not in package-lock.json: run npm install in the root.`)
  }
}
