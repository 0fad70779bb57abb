import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { withLock } from '../file-lock.ts'
import { fileStore } from '../file-store.ts'

/*
 * What the tests of locks and stores run in processes of their own: `file-child.ts COMMAND ARGUMENT…`. Each says in a line
 * how far it is.
 */
const say = (words: string) => process.stdout.write(`${words}\n`)

const commands: Record<string, (...words: string[]) => Promise<void>> = {
  /** Raises a number in a file again and again, with a mark that stands while somebody does. */
  async count(folder = '', file = '', times = '') {
    for (let round = 0; round < Number(times); round++) {
      await withLock(folder, async () => {
        const mark = await open(`${file}.mark`, 'wx')
        const count = Number(await readFile(file, 'utf8'))
        await delay(Math.random() * 4)
        await writeFile(file, String(count + 1))
        await mark.close()
        await rm(`${file}.mark`)
      })
    }
  },

  /** Takes a lock for good. */
  async hold(folder = '') {
    await withLock(folder, () => {
      say('held')
      return new Promise(() => setInterval(() => {}, 1_000))
    })
  },

  /** Takes a lock and then stands still, heartbeat and all, before it writes a file. */
  async standStill(folder = '', milliseconds = '', file = '') {
    await withLock(folder, async () => {
      await new Promise<void>((resolve) => process.stdout.write('held\n', () => resolve()))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(milliseconds))
      await writeFile(file, 'done')
    })
  },

  /** For each line that it reads, tries ten times at once to put another text in that one's place; says how often it won. */
  async race(file = '', name = '') {
    const store = fileStore(file)
    say('ready')
    for await (const expected of createInterface(process.stdin)) {
      const texts = Array.from({ length: 10 }, (_, index) => `${expected} ${name}${index}`)
      const wins = await Promise.all(texts.map((text) => store.compareAndSet(expected, text)))
      say(String(wins.filter((isWon) => isWon).length))
    }
  },

  /** Raises a number so often, whatever fails in between; says how often that was not so. */
  async increase(file = '', times = '') {
    const store = fileStore(file)
    let failures = 0
    for (let wins = 0; wins < Number(times); ) {
      const count = await store.get()
      const change = store.compareAndSet(count, String(Number(count) + 1))
      if (await Promise.resolve(change).catch(() => void failures++)) wins++
    }
    say(String(failures))
  },

  /** Writes long texts, each of one letter, until it is killed. */
  async write(file = '', letter = '') {
    const store = fileStore(file)
    for (let wins = 0; ; ) {
      const isWon = await store.compareAndSet(await store.get(), letter.repeat(50_000 + wins))
      if (isWon && ++wins === 1) say('written')
    }
  },
}

const [command = '', ...words] = process.argv.slice(2)
const run = commands[command]
if (!run) throw new Error(`There is no command ${command}.`)
await run(...words)
