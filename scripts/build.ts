import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Makes packages/<name>/dist, the folder that is packed and published: JavaScript, type declarations, and a package.json
 * of its own. Node refuses .ts files under node_modules, so what runs from src/ here is published from lib/ as .js.
 */
const root = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  name: string
  bin?: Record<string, string>
  exports?: Record<string, string>
  dependencies?: Record<string, string>
  [member: string]: unknown
}

interface Package {
  folder: string
  manifest: Manifest
}

const packages = inOrderOfNeed(
  readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(folder) })),
)
for (const each of packages) {
  build(each)
  process.stdout.write(`${each.manifest.name} is in ${join(each.folder, 'dist')}\n`)
}

/** A package comes after those that it depends on: their declarations must be there. */
function inOrderOfNeed(all: Package[]): Package[] {
  const ordered: Package[] = []
  const add = (each: Package): void => {
    if (ordered.includes(each)) return
    for (const other of all) if (other.manifest.name in (each.manifest.dependencies ?? {})) add(other)
    ordered.push(each)
  }
  for (const each of all) add(each)
  return ordered
}

function build({ folder, manifest }: Package): void {
  const dist = join(folder, 'dist')
  rmSync(dist, { recursive: true, force: true })
  mkdirSync(dist)
  emit(dist)
  writeJson(join(dist, 'package.json'), published(manifest))
  for (const file of Object.values(manifest.bin ?? {})) chmodSync(join(dist, emittedName(file)), 0o755)
  const readme = join(folder, 'README.md')
  cpSync(existsSync(readme) ? readme : join(root, 'README.md'), join(dist, 'README.md'))
  cpSync(join(root, 'LICENSE'), join(dist, 'LICENSE'))
}

/** src/ becomes lib/, at the same depth: what a module reads relative to itself stays where it was. */
function emit(dist: string): void {
  const config = join(dist, 'tsconfig.json')
  writeJson(config, {
    extends: '../../../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rootDir: '../src',
      outDir: 'lib',
      paths: builtTypes(),
    },
    include: ['../src'],
    exclude: ['../src/**/*.test.ts', '../src/**/testing'],
  })
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
  rmSync(config)
}

/** Another package is seen as its users see it, not as its source. */
function builtTypes(): Record<string, string[]> {
  const entries = packages.flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports ?? {}).map(([name, file]) => [
      `${manifest.name}${name.slice(1)}`,
      [join(folder, 'dist', declarationName(file))],
    ]),
  )
  return Object.fromEntries(entries)
}

function published(manifest: Manifest): Record<string, unknown> {
  const { devDependencies: _, ...kept } = manifest
  return {
    ...kept,
    ...(manifest.bin ? { bin: mapValues(manifest.bin, emittedName) } : {}),
    exports: {
      ...mapValues(manifest.exports ?? {}, (file) => ({
        types: `./${declarationName(file)}`,
        default: `./${emittedName(file)}`,
      })),
      './package.json': './package.json',
    },
    files: ['lib'],
    publishConfig: { access: 'public' },
  }
}

/** `./src/cli/main.ts` is published as `lib/cli/main.js`. */
function emittedName(file: string): string {
  return file.replace(/^(?:\.\/)?src\//, 'lib/').replace(/\.ts$/, '.js')
}

function declarationName(file: string): string {
  return emittedName(file).replace(/\.js$/, '.d.ts')
}

function mapValues<Value, Result>(
  record: Record<string, Value>,
  map: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
