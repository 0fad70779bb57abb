import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { truncate } from 'node:fs/promises'
import { relative } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../../../tests/support/folder.ts'
import { missing } from '../../../tests/support/programs.ts'
import { fileStore, maxFileBytes } from './file-store.ts'
import { startChild } from './testing/start-child.ts'

const secret = 'a refresh token of John Doe'

const modeOf = (path: string) => statSync(path).mode & 0o777

/** Everything in a folder, in folders in it as well, by its path. */
function everything(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${relative(path, entry.parentPath)}/${entry.name}`)
}

test('what is kept is read as it was written, by every store of the file, and changes from what it was alone', async () => {
  using folder = temporaryFolder()
  const [one, other] = [fileStore(folder.file('tokens')), fileStore(folder.file('tokens'))]
  assert.equal(await one.get(), undefined)
  assert.equal(await one.compareAndSet('else', 'a'), false)
  assert.equal(await one.compareAndSet(undefined, 'ä "b"\n'), true)
  assert.equal(await other.compareAndSet(undefined, 'c'), false)
  assert.equal(await other.get(), 'ä "b"\n')
  assert.equal(readFileSync(folder.file('tokens'), 'utf8'), 'ä "b"\n')
  assert.equal(await other.compareAndSet('ä "b"\n', 'c'), true)
  assert.equal(await one.get(), 'c')
})

test('nothing to keep is no file, and no trace of what was kept', async () => {
  using folder = temporaryFolder()
  const store = fileStore(folder.file('tokens'))
  await store.compareAndSet(undefined, secret)
  assert.equal(await store.compareAndSet(secret, undefined), true)
  assert.equal(await store.get(), undefined)
  assert.equal(await store.compareAndSet(undefined, undefined), true)
  assert.ok(!existsSync(folder.file('tokens')))
  for (const name of everything(folder.path)) {
    assert.ok(!readFileSync(folder.file(name), 'utf8').includes(secret), name)
  }
})

test('the file and its folders are for this user alone, though an older file was for all', async () => {
  using folder = temporaryFolder()
  const file = folder.file('new/folders/tokens')
  await fileStore(file).compareAndSet(undefined, secret)
  assert.equal(modeOf(file), 0o600)
  for (const name of ['new', 'new/folders', 'new/folders/tokens.lock']) {
    assert.equal(modeOf(folder.file(name)), 0o700, name)
  }
  for (const name of everything(folder.path)) assert.equal(modeOf(folder.file(name)), 0o600, name)
  chmodSync(file, 0o644)
  await fileStore(file).compareAndSet(secret, 'next')
  assert.equal(modeOf(file), 0o600)
})

test('a file that others may read is closed to them when it is read', async () => {
  using folder = temporaryFolder()
  const file = folder.file('tokens')
  writeFileSync(file, secret)
  for (const mode of [0o644, 0o620, 0o601]) {
    chmodSync(file, mode)
    assert.equal(await fileStore(file).get(), secret)
    assert.equal(modeOf(file), 0o600)
  }
  chmodSync(file, 0o400)
  await fileStore(file).get()
  assert.equal(modeOf(file), 0o400)
})

test('a file of another user is refused without a word of it, and stays as it is', {
  skip: process.geteuid?.() !== 0 && 'only root gives a file to another user',
}, async () => {
  using folder = temporaryFolder()
  const [file, own] = [folder.file('tokens'), folder.file('own')]
  const isRefused = ({ message }: Error) =>
    /tokens belongs to another user\. Delete it, or give/.test(message) && !message.includes(secret)
  for (const path of [file, own]) writeFileSync(path, secret, { mode: 0o644 })
  chownSync(file, 65_533, 0)
  chownSync(own, 65_534, 0)
  const refuse = async () => {
    const store = fileStore(file)
    await assert.rejects(async () => store.get(), isRefused)
    await assert.rejects(async () => store.compareAndSet(secret, 'next'), isRefused)
    await assert.rejects(async () => store.lock?.(async () => {}), isRefused)
  }
  await refuse()
  await asSomebody(folder.path, async () => {
    await refuse()
    assert.equal(await fileStore(own).get(), secret)
  })
  assert.deepEqual([modeOf(file), modeOf(own), readFileSync(file, 'utf8')], [0o644, 0o600, secret])
  assert.deepEqual(readdirSync(folder.path), ['own', 'tokens'])
})

test('a symbolic link stays and what it points to is replaced, also before that is there', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('far'))
  symlinkSync('far/tokens', folder.file('link'))
  symlinkSync('link', folder.file('chain'))
  const [link, chain] = [fileStore(folder.file('link')), fileStore(folder.file('chain'))]
  assert.equal(await chain.compareAndSet(undefined, 'a'), true)
  assert.equal(await link.compareAndSet('a', 'b'), true)
  assert.equal(readFileSync(folder.file('far/tokens'), 'utf8'), 'b')
  assert.ok(lstatSync(folder.file('link')).isSymbolicLink())
  assert.ok(existsSync(folder.file('far/tokens.lock')), 'the lock is not where the file is')
  assert.equal(await chain.compareAndSet('b', undefined), true)
  assert.deepEqual([await link.get(), lstatSync(folder.file('link')).isSymbolicLink()], [undefined, true])
})

test('whatever its name, one file has one lock', async () => {
  using folder = temporaryFolder()
  symlinkSync('tokens', folder.file('link'))
  const order: string[] = []
  const task = (name: string) => async () => {
    order.push(name)
    await delay(20)
    order.push(name)
  }
  await Promise.all([
    fileStore(folder.file('link')).lock?.(task('link')),
    fileStore(folder.file('tokens')).lock?.(task('tokens')),
  ])
  assert.equal(order[0], order[1])
  assert.equal(order[2], order[3])
})

test('inside its lock a store reads and changes, and passes on what the task gives or throws', async () => {
  using folder = temporaryFolder()
  const store = fileStore(folder.file('tokens'))
  const given = await store.lock?.(async () => {
    await store.compareAndSet(undefined, 'a')
    return store.get()
  })
  assert.equal(given, 'a')
  const error = Object.assign(new Error('the task failed'), { code: 'ENOENT' })
  const failing = store.lock?.(() => Promise.reject(error))
  await assert.rejects(failing ?? Promise.resolve(), (thrown) => thrown === error)
})

test('of fifty who change the same text at once, in five processes, one wins, each time', async () => {
  using folder = temporaryFolder()
  const [processes, rounds] = [5, 6]
  const file = folder.file('tokens')
  const store = fileStore(file)
  await store.compareAndSet(undefined, 'start')
  const children = Array.from({ length: processes }, (_, index) => startChild('race', file, `${index}-`))
  try {
    for (const child of children) assert.equal(await child.line(), 'ready')
    for (let round = 0; round < rounds; round++) {
      const before = (await store.get()) ?? ''
      for (const child of children) child.say(before)
      const wins = await Promise.all(children.map(async (child) => Number(await child.line())))
      assert.equal(
        wins.reduce((sum, count) => sum + count, 0),
        1,
      )
      const winner = wins.indexOf(1)
      assert.ok((await store.get())?.startsWith(`${before} ${winner}-`))
    }
    for (const child of children) await child.end()
  } finally {
    for (const child of children) await child[Symbol.asyncDispose]()
  }
})

test('a change whose lock is torn away is made whole before the next or not at all', async () => {
  using folder = temporaryFolder()
  const [children, times] = [4, 40]
  const file = folder.file('tokens')
  await fileStore(file).compareAndSet(undefined, '0')
  const increasing = Array.from({ length: children }, () => startChild('increase', file, String(times)))
  let isOver = false
  const tearing = (async () => {
    const locks = folder.file('tokens.lock/write')
    for (; !isOver; await delay(1)) {
      for (const name of readdirSync(locks).filter((name) => /^\d+$/.test(name))) {
        // Emptied: let go, as far as others see.
        truncate(`${locks}/${name}/holder`).catch(() => {})
      }
    }
  })()
  const failures = await Promise.all(increasing.map(async (child) => Number(await child.line()))).finally(
    () => {
      isOver = true
    },
  )
  await tearing
  for (const child of increasing) await child.end()
  assert.ok(
    failures.some((count) => count > 0),
    'no lock was torn away',
  )
  assert.equal(await fileStore(file).get(), String(children * times))
})

test('the file is whole whenever it is read, also when those who write it are killed', async () => {
  using folder = temporaryFolder()
  const file = folder.file('tokens')
  const store = fileStore(file)
  let reads = 0
  for (let round = 0; round < 4; round++) {
    await using one = startChild('write', file, 'a')
    await using other = startChild('write', file, 'b')
    await Promise.all([one.line(), other.line()])
    const kill = delay(Math.random() * 100).then(() => Promise.all([one.kill(), other.kill()]))
    for (const until = performance.now() + 150; performance.now() < until; reads++) {
      const text = await store.get()
      assert.match(text ?? '', /^(a{50000,}|b{50000,})$/)
    }
    await kill
  }
  assert.ok(reads > 0)
  assert.equal(await store.compareAndSet(await store.get(), 'last'), true)
  const left = everything(folder.path).map((name) => readFileSync(folder.file(name), 'utf8'))
  assert.deepEqual(
    left.filter((text) => text.includes('aaa') || text.includes('bbb')),
    [],
  )
})

test('what a killed process had half written is not read, and goes away', async () => {
  using folder = temporaryFolder()
  const file = folder.file('tokens')
  writeFileSync(file, 'whole')
  mkdirSync(folder.file('tokens.lock/write/3'), { recursive: true })
  writeFileSync(folder.file('tokens.lock/write/3/holder'), '')
  writeFileSync(folder.file('tokens.lock/write/3/next'), secret.slice(5))
  const store = fileStore(file)
  assert.equal(await store.get(), 'whole')
  assert.equal(await store.compareAndSet('whole', 'next'), true)
  assert.deepEqual(everything(folder.file('tokens.lock')), ['write/4/holder'])
})

test('an empty file is as none', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('tokens'), '')
  const store = fileStore(folder.file('tokens'))
  assert.equal(await store.get(), undefined)
  assert.equal(await store.compareAndSet(undefined, 'a'), true)
})

test('a path that names no file is refused in words', async () => {
  using folder = temporaryFolder()
  for (const path of ['', undefined, new URL('file:///tokens')]) {
    assert.throws(() => fileStore(path as string), /fileStore needs the path of a file/)
  }
  const store = fileStore(folder.path)
  await assert.rejects(async () => store.get(), /is not a file: give fileStore the path of one/)
  await assert.rejects(async () => store.compareAndSet(undefined, secret), /is not a file/)
  await assert.rejects(async () => store.lock?.(async () => {}), /is not a file/)
  assert.ok(!existsSync(`${folder.path}.lock`))
  writeFileSync(folder.file('file'), '')
  await assert.rejects(
    async () => fileStore(folder.file('file/tokens')).get(),
    /file\/tokens could not be read: ENOTDIR/,
  )
})

test('a text that is too long is neither read nor written', async () => {
  using folder = temporaryFolder()
  const text = `${secret} ${randomBytes(maxFileBytes / 2).toString('hex')}`
  const saysSo = ({ message }: Error) =>
    message.includes(`${maxFileBytes} at most`) && !message.includes(secret)
  await assert.rejects(async () => fileStore(folder.file('new')).compareAndSet(undefined, text), saysSo)
  assert.ok(!existsSync(folder.file('new')))
  writeFileSync(folder.file('old'), text)
  await assert.rejects(async () => fileStore(folder.file('old')).get(), saysSo)
})

test('what this user may not read or write is said, with the path and without the token', async () => {
  using folder = temporaryFolder()
  const [open, closed] = [folder.file('open'), folder.file('closed')]
  writeFileSync(open, secret, { mode: 0o444 })
  writeFileSync(closed, secret, { mode: 0 })
  const says = (words: RegExp) => (error: Error) =>
    words.test(error.message) && !error.message.includes(secret)
  const isLocked = says(/The lock .*\/open\.lock\/.* could not be taken: EACCES.*able to make folders there/)
  const isClosed = says(/The token file .*\/closed could not be read: EACCES/)
  await asSomebody(folder.path, async () => {
    assert.equal(await fileStore(open).get(), secret)
    await assert.rejects(async () => fileStore(open).compareAndSet(secret, 'next'), isLocked)
    await assert.rejects(async () => fileStore(open).lock?.(async () => {}), isLocked)
    await assert.rejects(async () => fileStore(closed).get(), isClosed)
  })
})

test('of a file that cannot be replaced, as one that is mounted by itself, it is said to mount its folder', {
  skip: missing('strace'),
}, () => {
  using folder = temporaryFolder()
  const file = folder.file('tokens')
  writeFileSync(file, 'a', { mode: 0o600 })
  const change = `
    const { fileStore } = await import(${JSON.stringify(import.meta.resolve('./file-store.ts'))})
    for (const next of ['${secret}', undefined])
      await fileStore(process.argv[1]).compareAndSet('a', next).catch(({ message }) => console.log(message))`
  // What Linux answers to whoever renames over a mount, which not every container may make.
  const renamed = [file, `${file}.lock/write/1/next`].flatMap((path) => ['-P', path])
  const busy = ['-f', '-qq', '-o', '/dev/null', ...renamed, '-e', 'inject=/^rename:error=EBUSY']
  const node = [process.execPath, '--input-type=module', '-e', change, file]
  const { stdout, stderr } = spawnSync('strace', [...busy, ...node], { encoding: 'utf8' })
  const lines = stdout.trim().split('\n')
  assert.equal(lines.length, 2, stderr)
  for (const line of lines)
    assert.match(line, /tokens could not be replaced: it is busy\. .*mount its folder instead\.$/)
  assert.ok(!stdout.includes(secret))
  assert.equal(readFileSync(file, 'utf8'), 'a')
})

/** Root may write everywhere: another user's eyes look then. The folder is one that they can only read. */
async function asSomebody(path: string, task: () => Promise<void>): Promise<void> {
  chmodSync(path, 0o555)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    await task()
  } finally {
    if (isRoot) process.seteuid?.(0)
    chmodSync(path, 0o700)
  }
}
