import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../../tests/support/folder.ts'
import { openDatabase } from '../open.ts'
import { createStore } from '../store.ts'
import { event, now, opaqueToken, revokedToken } from '../testing/rows.ts'

const unavailable = { name: 'StoreUnavailable' }

/** Opens the file as a server does, in a process of its own, and resolves when it has it. */
async function holdAsServer(url: string): Promise<ChildProcess> {
  const program = `
    import { openDatabase } from ${JSON.stringify(import.meta.resolve('../open.ts'))}
    await openDatabase(${JSON.stringify(url)}, { forServer: true })
    console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return holder
}

test('a second server on one file is refused in words, and takes it when the first was killed', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${folder.file('latchkey.db')}`
  const holder = await holdAsServer(url)
  try {
    const refused = { ...unavailable, message: /Another Latchkey server uses .*latchkey\.db\. Stop it first/ }
    await assert.rejects(openDatabase(url, { forServer: true }), refused)
    symlinkSync(folder.file('latchkey.db'), folder.file('link.db'))
    await assert.rejects(openDatabase(`sqlite:${folder.file('link.db')}`, { forServer: true }), unavailable)
    await (await openDatabase(url)).close()
  } finally {
    holder.kill('SIGKILL')
    await once(holder, 'exit')
  }
  const database = await openDatabase(url, { forServer: true })
  await database.close()
  await (await openDatabase(url, { forServer: true })).close()
})

/** Has the file to itself for a moment, in a process of its own, as one that closes it last does. */
async function holdForAMoment(path: string): Promise<void> {
  const program = `
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(${JSON.stringify(path)})
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    console.log('held')
    setTimeout(() => database.close(), 500)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
}

test('a file that another process has to itself while it opens or closes it is waited for', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${folder.file('latchkey.db')}`
  await (await openDatabase(url)).close()
  await holdForAMoment(folder.file('latchkey.db'))
  await (await openDatabase(url)).close()
})

test('the command line writes beside a server, and the server sees it', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${folder.file('latchkey.db')}`
  const server = createStore(await openDatabase(url, { forServer: true }))
  await server.database.migrate()
  await server.revocations.initialize(60)
  const commandLine = createStore(await openDatabase(url))
  await Promise.all([
    ...Array.from({ length: 20 }, (_, index) =>
      server.revocations.revoke(revokedToken(`server-${index}`), event()),
    ),
    ...Array.from({ length: 20 }, (_, index) =>
      commandLine.revocations.revoke(revokedToken(`command-${index}`), event()),
    ),
  ])
  assert.equal((await server.revocations.after(0, 100)).length, 40)
  await commandLine.database.close()
  await server.database.close()
})

test('a file that is no database is refused in words, and left as it is', async () => {
  using folder = temporaryFolder()
  const path = folder.file('notes.txt')
  writeFileSync(path, 'These are notes, and not a database at all.\n'.repeat(100))
  await assert.rejects(openDatabase(`sqlite:${path}`), {
    ...unavailable,
    message: /notes\.txt cannot be opened: file is not a database/,
  })
})

test('a folder that cannot be made is refused in words', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('notes.txt'), '')
  const url = `sqlite:${folder.file('notes.txt')}/latchkey.db`
  await assert.rejects(openDatabase(url), { ...unavailable, message: /latchkey\.db cannot be opened/ })
})

test('51: a read that the file refuses is StoreUnavailable', async () => {
  using folder = temporaryFolder()
  const path = folder.file('latchkey.db')
  const store = createStore(await openDatabase(`sqlite:${path}`))
  await store.database.migrate()
  await store.revocations.initialize(60)
  await store.opaqueTokens.add(opaqueToken('one'))
  using other = new DatabaseSync(path)
  other.exec('ALTER TABLE opaque_tokens RENAME TO moved')
  await assert.rejects(store.opaqueTokens.find('one', now), unavailable)
  await assert.rejects(store.opaqueTokens.add(opaqueToken('two')), unavailable)
  other.exec('ALTER TABLE moved RENAME TO opaque_tokens')
  assert.ok(await store.opaqueTokens.find('one', now))
  await store.database.close()
})

test('what is asked of a closed database is StoreUnavailable', async () => {
  using folder = temporaryFolder()
  const store = createStore(await openDatabase(`sqlite:${folder.file('latchkey.db')}`))
  await store.database.migrate()
  await store.revocations.initialize(60)
  const last = store.opaqueTokens.add(opaqueToken('last'))
  await store.database.close()
  await last
  await assert.rejects(store.opaqueTokens.add(opaqueToken('late')), unavailable)
  await store.database.close()
})
