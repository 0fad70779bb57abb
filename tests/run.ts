import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { postgresVariable, startPostgres } from './support/postgres.ts'

/*
 * Runs every test that this machine can run, over one PostgreSQL. Arguments are files or patterns to run instead, and
 * flags for the runner.
 */
const patterns = ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts', 'examples/**/*.test.ts']

const words = process.argv.slice(2)
const flags = words.filter((word) => word.startsWith('--'))
const files = words.filter((word) => !word.startsWith('--'))
const postgres = await startPostgres()
const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    '--test-reporter=spec',
    ...flags,
    ...(files.length > 0 ? files : patterns),
  ],
  { stdio: 'inherit', env: { ...process.env, [postgresVariable]: postgres.url } },
)
const [code] = await once(child, 'exit')
await postgres.stop()
process.exitCode = code ?? 1
