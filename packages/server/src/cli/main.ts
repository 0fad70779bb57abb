#!/usr/bin/env node
import * as nodeModule from 'node:module'

/** The oldest line of Node that has all that the server needs. */
const oldestNode = 24

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(`latchkey: This is Node ${process.version}; Latchkey needs ${oldestNode} or newer.\n`)
  process.exit(1)
}
leaveOutWarnings()
nodeModule.enableCompileCache()
const { run } = await import('./run.ts')
await run(process.argv)

/** What Node says of a configuration's module format: our own errors say it in a line, or it concerns nobody. */
function leaveOutWarnings(): void {
  const printers = process.listeners('warning')
  process.removeAllListeners('warning').on('warning', (warning: NodeJS.ErrnoException) => {
    const isOfFormat =
      warning.code === 'MODULE_TYPELESS_PACKAGE_JSON' || /^Failed to load the ES module/.test(warning.message)
    if (!isOfFormat) for (const print of printers) print(warning)
  })
}
