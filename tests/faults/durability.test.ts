import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import pg from 'pg'
import { type Dev, startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startPostgres } from '../support/postgres.ts'
import { missing } from '../support/programs.ts'
import { postForm } from '../support/server.ts'
import { type Call, isSyncOf, isWriteOf, parseTrace, traceProcesses } from './trace.ts'

const skip = missing('strace')
const tokenCount = 5

test('SQLite: the log is synced to disk before a token is answered', { skip }, async () => {
  await using dev = await startOpaque()
  await using trace = await traceProcesses([dev.process.pid ?? 0])
  for (let count = 0; count < tokenCount; count++) await issueToken(dev)
  const calls = await trace.stop()

  const isLogWrite = (call: Call) => isWriteOf(call, /^\d+<[^>]*\.db-wal>/)
  const isLogSync = (call: Call) => isSyncOf(call, /\.db-wal>/)
  const isAnswer = (call: Call) => isWriteOf(call, /HTTP\/1\.1 200/)
  assertEachIsSyncedFirst(calls, isLogWrite, isLogSync, isAnswer)
})

test('PostgreSQL: the log is synced to disk before a commit is acknowledged', { skip }, async () => {
  // A server that nobody else uses: one's sync brings what others committed to the disk with it.
  const server = await startPostgres()
  await using stack = new AsyncDisposableStack()
  stack.defer(server.stop)
  await using dev = await startOpaque(server.url)
  await issueToken(dev)
  await using trace = await traceProcesses(await serverProcesses(server.url))
  for (let count = 0; count < tokenCount; count++) await issueToken(dev)
  const calls = await trace.stop()

  const isInsert = (call: Call) => isWriteOf(call, /INSERT 0 1/)
  const isLogSync = (call: Call) => isSyncOf(call, /pg_wal\//)
  const isCommit = (call: Call) => isWriteOf(call, /COMMIT/)
  assertEachIsSyncedFirst(calls, isInsert, isLogSync, isCommit)
})

test('the trace is read in the order that counts: a sync by its end, a write by its beginning', () => {
  const calls = parseTrace(`
10 fdatasync(7</data/a.db-wal> <unfinished ...>
11 write(9<socket:[1]>, "HTTP/1.1 200 OK\\r\\n"..., 90 <unfinished ...>
10 <... fdatasync resumed>) = 0
11 <... write resumed>) = 90
10 fsync(7</data/a.db-wal>) = -1 EIO (Input/output error)
`)
  assert.deepEqual(
    calls.map(({ name, result }) => `${name} ${result}`),
    ['write 90', 'fdatasync 0', 'fsync -1 EIO (Input/output error)'],
  )
  assert.deepEqual(
    calls.map((call) => isSyncOf(call, /\.db-wal>/)),
    [false, true, false],
  )
})

/** Each answer is preceded, since the answer before it, by a change and then by a sync of that change. */
function assertEachIsSyncedFirst(
  calls: Call[],
  isChange: (call: Call) => boolean,
  isSync: (call: Call) => boolean,
  isAnswer: (call: Call) => boolean,
): void {
  let answers = 0
  let state: 'nothing' | 'changed' | 'synced' = 'nothing'
  for (const call of calls) {
    if (isChange(call)) state = 'changed'
    else if (isSync(call) && state === 'changed') state = 'synced'
    else if (isAnswer(call)) {
      assert.equal(state, 'synced', `answer ${answers + 1} was sent when the log was ${state}`)
      state = 'nothing'
      answers++
    }
  }
  assert.equal(answers, tokenCount)
}

async function startOpaque(database?: string): Promise<Dev> {
  using folder = temporaryFolder()
  const config = folder.file('latchkey.config.json')
  writeFileSync(config, JSON.stringify({ accessTokenFormat: 'opaque' }))
  return await startDev({ args: ['--config', config], ...(database === undefined ? {} : { database }) })
}

async function issueToken({ description: { client, endpoints } }: Dev): Promise<void> {
  const credentials = { id: client.client_id, secret: client.client_secret }
  const answer = await postForm(endpoints.token ?? '', { grant_type: 'client_credentials' }, credentials)
  assert.equal(answer.status, 200)
  await answer.text()
}

/** Latchkey's sessions, who may write the log in their place, and the process that a session begins as: each is traced. */
async function serverProcesses(url: string): Promise<number[]> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    const { rows } = await admin.query<{ pid: number }>(`
      SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter' OR application_name = 'latchkey'
      UNION SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int`)
    return rows.map(({ pid }) => pid)
  } finally {
    await admin.end()
  }
}
