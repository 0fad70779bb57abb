import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../../tests/support/eventually.ts'
import { temporaryFolder } from '../../../tests/support/folder.ts'
import { isLatest, withLock } from './file-lock.ts'
import { fateOf, type Holder, parseHolder, thisProcess } from './file-lock-holder.ts'
import { startChild } from './testing/start-child.ts'
import { startStopwatch } from './testing/stopwatch.ts'

/** The bound for those who wait behind a process that was killed. */
const maxDelayMs = 2_000

/** How long a lock was waited for. */
async function waitMs(folder: string): Promise<number> {
  using stopwatch = startStopwatch()
  return await withLock(folder, async () => stopwatch.passedMs())
}

/** Puts a lock there as somebody else would have left it. */
function leave(folder: string, holder: string | Partial<Holder>): string {
  const own = join(folder, '7')
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'holder'), typeof holder === 'string' ? holder : JSON.stringify(holder))
  return own
}

/** The module as another copy of this library has it. */
const copyOfTheLock = (name: string): Promise<typeof import('./file-lock.ts')> =>
  import(`./file-lock.ts?${name}`)

test('of processes that take the lock again and again never two hold it, not even when one is stopped for a while', async () => {
  using folder = temporaryFolder()
  const [children, times] = [5, 25]
  writeFileSync(folder.file('count'), '0')
  await using stopped = startChild('count', folder.file('lock'), folder.file('count'), String(times))
  const others = Array.from({ length: children - 1 }, () =>
    startChild('count', folder.file('lock'), folder.file('count'), String(times)),
  )
  let isOver = false
  const stopping = (async () => {
    while (!isOver) {
      stopped.process.kill('SIGSTOP')
      await delay(Math.random() * 200)
      stopped.process.kill('SIGCONT')
      await delay(Math.random() * 200)
    }
  })()
  await Promise.all([stopped, ...others].map((child) => child.end())).finally(() => {
    isOver = true
  })
  await stopping
  assert.equal(readFileSync(folder.file('count'), 'utf8'), String(children * times))
})

test('whoever asks first in a process has the lock first, and what is thrown in it is passed on', async () => {
  using folder = temporaryFolder()
  const order: number[] = []
  const turns = [1, 2, 3, 4].map((number) =>
    withLock(folder.file('lock'), async () => {
      order.push(number)
      await delay(5)
      order.push(number)
      if (number === 2) throw new Error('the second failed')
      return number
    }),
  )
  const results = await Promise.allSettled(turns)
  assert.deepEqual(order, [1, 1, 2, 2, 3, 3, 4, 4])
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
    [1, 'Error: the second failed', 3, 4],
  )
})

test('two copies of this library in one process keep each other out', async () => {
  using folder = temporaryFolder()
  const other = await copyOfTheLock('copy')
  const order: number[] = []
  const task = (number: number) => async () => {
    order.push(number)
    await delay(20)
    order.push(number)
  }
  await Promise.all([withLock(folder.file('lock'), task(1)), other.withLock(folder.file('lock'), task(2))])
  assert.equal(order[0], order[1])
  assert.equal(order[2], order[3])
})

test('a lock whose folder was deleted while it was waited for is made anew', async () => {
  using folder = temporaryFolder()
  await using holder = startChild('hold', folder.file('lock'))
  assert.equal(await holder.line(), 'held')
  const waiting = withLock(folder.file('lock'), async () => 'had')
  await delay(100)
  renameSync(folder.file('lock'), folder.file('deleted'))
  assert.equal(await waiting, 'had')
})

test('a process that is killed while it holds the lock holds another up for less than two seconds', async () => {
  using folder = temporaryFolder()
  await using holder = startChild('hold', folder.file('lock'))
  assert.equal(await holder.line(), 'held')
  using stopwatch = startStopwatch()
  let isHeld = false
  const waiting = withLock(folder.file('lock'), async () => {
    isHeld = true
    return stopwatch.passedMs()
  })
  await delay(300)
  assert.ok(!isHeld)
  const killedAtMs = stopwatch.passedMs()
  await holder.kill()
  assert.ok((await waiting) - killedAtMs < maxDelayMs)
})

test('a process that stands still with the lock keeps it', async () => {
  using folder = temporaryFolder()
  await using holder = startChild('standStill', folder.file('lock'), '3000', folder.file('done'))
  assert.equal(await holder.line(), 'held')
  await withLock(folder.file('lock'), async () => assert.ok(existsSync(folder.file('done'))))
  await holder.end()
})

test('a dead holder is told from a process that has its number now', {
  skip: !existsSync('/proc'),
}, async () => {
  using folder = temporaryFolder()
  leave(folder.file('lock'), { ...(await thisProcess()), start: '1' })
  assert.ok((await waitMs(folder.file('lock'))) < maxDelayMs)
})

test('a process that ended is dead, though its parent has not asked after it', {
  skip: !existsSync('/proc'),
}, async () => {
  const self = await thisProcess()
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line))
    // A shell may ask after its children; what it has become by then does not.
    await eventually(() => readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('sleep'))
    process.kill(pid, 'SIGKILL')
    await eventually(async () => (await fateOf({ ...self, pid, start: undefined }, self)) === 'dead')
    assert.ok(process.kill(pid, 0))
  } finally {
    parent.kill('SIGKILL')
  }
})

test('numbers of processes mean nothing on another machine, or in another container', async () => {
  const self = await thisProcess()
  assert.equal(await fateOf(self, self), 'alive')
  assert.equal(await fateOf({ ...self, place: 'elsewhere' }, self), 'unknown')
  assert.equal(await fateOf({ ...self, place: undefined }, { ...self, place: undefined }), 'unknown')
})

test('a holder that cannot be looked up keeps the lock while it beats, and loses it within two seconds', async () => {
  using folder = temporaryFolder()
  const own = leave(folder.file('lock'), { pid: process.pid, place: 'elsewhere' })
  using stopwatch = startStopwatch()
  let beatAtMs = 0
  const waiting = withLock(folder.file('lock'), async () => stopwatch.passedMs())
  for (let beats = 1; beats <= 12; beats++) {
    utimesSync(join(own, 'holder'), beats, beats)
    beatAtMs = stopwatch.passedMs()
    await delay(250)
  }
  assert.ok(existsSync(own), 'it was taken while its holder was beating')
  assert.ok((await waiting) - beatAtMs < maxDelayMs)
})

test('a lock beats while it is held', async () => {
  using folder = temporaryFolder()
  await withLock(folder.file('lock'), async (own) => {
    const file = join(own, 'holder')
    const { mtimeMs } = statSync(file)
    await eventually(() => statSync(file).mtimeMs !== mtimeMs)
  })
})

test('a holder whose file says nothing of use is one of whom nothing is known', async () => {
  using folder = temporaryFolder()
  const texts = ['garbage', '{"pid":1', 'null', '{"pid":-1}', '{"pid":"1"}']
  const waits = texts.map(async (text, index) => {
    assert.equal(parseHolder(text), undefined)
    const lock = folder.file(`lock-${index}`)
    leave(lock, text)
    await withLock(lock, async () => assert.deepEqual(readdirSync(lock), ['8']))
  })
  await Promise.all(waits)
})

test('numbers that are files or empty folders do not keep the lock from being taken', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('lock/3'), { recursive: true })
  writeFileSync(folder.file('lock/4'), 'a file')
  await withLock(folder.file('lock'), async () => assert.deepEqual(readdirSync(folder.file('lock')), ['5']))
})

test('what dead processes left in the lock goes away when it is next taken', async () => {
  using folder = temporaryFolder()
  leave(folder.file('lock'), '')
  for (const name of ['2/holder', 'draft-1/holder', 'gone-1/next']) {
    mkdirSync(join(folder.file('lock'), name), { recursive: true })
  }
  await withLock(folder.file('lock'), async () => assert.deepEqual(readdirSync(folder.file('lock')), ['8']))
})

test('a number that was made too late does not count', () => {
  assert.equal(isLatest(['1'], 0), true)
  assert.equal(isLatest(['4', '5', 'draft-1'], 4), true)
  assert.equal(isLatest(['5', '9'], 4), false)
  assert.equal(isLatest(['4', '5', '10'], 4), false)
  assert.equal(
    isLatest(['5'], 4),
    false,
    'only a later holder clears 4 away, and a listing may have missed it',
  )
  assert.equal(isLatest(['4', '6'], 4), false)
})

test('whoever lost the lock has no folder left to write in when the next one has it', async () => {
  using folder = temporaryFolder()
  await withLock(folder.file('lock'), async (own) => {
    writeFileSync(join(own, 'holder'), JSON.stringify({ ...(await thisProcess()), pid: 2 ** 30 }))
    await using next = startChild('hold', folder.file('lock'))
    assert.equal(await next.line(), 'held')
    assert.throws(() => writeFileSync(join(own, 'next'), ''), { code: 'ENOENT' })
  })
  assert.deepEqual(readdirSync(folder.file('lock')), ['2'])
  assert.notEqual(
    readFileSync(folder.file('lock/2/holder'), 'utf8'),
    '',
    'the loser let go what is not its own',
  )
})

test('waiting for the lock ends with an error that names it and says what to do', async () => {
  using folder = temporaryFolder()
  const path = folder.file('lock')
  const isTimeout = (error: Error) =>
    error.message.includes(path) && /0\.3 s.*Another process has held it/.test(error.message)
  await using holder = startChild('hold', path)
  assert.equal(await holder.line(), 'held')
  const task = async () => assert.fail('the lock was taken twice')
  await Promise.all([1, 2].map(() => assert.rejects(withLock(path, task, 300), isTimeout)))
  await holder.kill()
  assert.ok((await waitMs(path)) < maxDelayMs)
})

test('a lock in a folder of another user is not taken, not even through a link of theirs', {
  skip: process.geteuid?.() !== 0 && 'only root gives a folder to another user',
}, async () => {
  using folder = temporaryFolder()
  for (const name of ['whole', 'inner/lock', 'linked']) mkdirSync(folder.file(name), { recursive: true })
  symlinkSync('linked', folder.file('link'))
  chownSync(folder.file('whole'), 65_534, 0)
  chownSync(folder.file('inner/lock'), 65_534, 0)
  lchownSync(folder.file('link'), 65_534, 0)
  for (const [name, refused] of Object.entries({ whole: 'whole', inner: 'inner/lock', link: 'link' })) {
    const task = async () => assert.fail('the lock was taken')
    await assert.rejects(withLock(folder.file(`${name}/lock`), task), ({ message }: Error) =>
      message.includes(`${folder.file(refused)} belongs to another user. Delete it`),
    )
  }
})

test('a lock that cannot be made says so', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('file'), '')
  await assert.rejects(
    withLock(folder.file('file/lock'), async () => {}),
    /The lock .*file\/lock could not be taken: ENOTDIR/,
  )
})

for (const path of ['/proc/latchkey', '/proc/self/latchkey', '/dev/fd/latchkey'])
  test(`below ${path}, where no folder can be made, a lock is an error and not waited for`, {
    skip: !existsSync(dirname(path)),
  }, async () => {
    await assert.rejects(
      withLock(join(path, 'tokens.lock/renew'), async () => {}),
      /could not be taken: E.*able to make folders there/,
    )
  })

test('a lock is made with all the folders that it is in, by several at once', async () => {
  using folder = temporaryFolder()
  const path = folder.file('one/two/three/lock')
  const copies = await Promise.all(['a', 'b', 'c'].map(copyOfTheLock))
  const held = await Promise.all(copies.map(({ withLock }) => withLock(path, async () => 'held')))
  assert.deepEqual(held, ['held', 'held', 'held'])
})
