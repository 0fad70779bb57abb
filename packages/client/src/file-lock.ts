import { randomUUID } from 'node:crypto'
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fateOf, type Holder, parseHolder, thisProcess } from './file-lock-holder.ts'
import { ownerOf } from './file-owner.ts'

/*
 * A lock is a folder of numbered folders; who made the highest number holds the lock. It is taken by making the next
 * number, which one process can, and let go by emptying the holder's file. The highest number never goes away, so whoever
 * judged a holder dead can only take what comes after that very holder: docs/decisions/0010.
 */

/** How long to wait for a lock, in milliseconds. A client gives a renewal up a little later: this error comes first, and says more. */
export const lockTimeoutMs = 40_000

/** A holder shows this often that it lives. */
const heartbeatMs = 300
/** A holder that cannot be looked up, such as one on another machine, is dead after a silence of so long. */
const maxSilenceMs = 1_500
/** A holder whose process runs may stand still for so long: it may be busy, or be a thread that was ended. */
const maxStandstillMs = 10_000
/** What one look adds to a silence at most: a machine that slept heard nothing. */
const maxLookMs = 250

const minPauseMs = 20
const maxPauseMs = 50

/**
 * Runs `task` while nobody else, in any process, runs one under this lock. `own` is a folder that the task may use: it
 * vanishes when the lock is lost, before the next holder's task begins, and so does what is in it.
 *
 * @throws Error when the lock is not to be had within `timeoutMs`, or the folder cannot be used: neither it nor the one that
 * it is in may belong to another user, who could put others in their place.
 */
export function withLock<Result>(
  folder: string,
  task: (own: string) => Promise<Result>,
  timeoutMs = lockTimeoutMs,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  return inLine(folder, timeoutMs, async () => {
    const own = await orSay(folder, acquire(folder, deadline, timeoutMs))
    const stopBeating = beat(own)
    try {
      return await task(own)
    } finally {
      stopBeating()
      await release(own)
    }
  })
}

/** The ends of the lines in which this process's callers stand, so that one of them at a time goes to the folder. */
const lines = new Map<string, Promise<unknown>>()

async function inLine<Result>(
  folder: string,
  timeoutMs: number,
  task: () => Promise<Result>,
): Promise<Result> {
  const before = lines.get(folder)
  let leave = () => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const end = Promise.all([before, left])
  lines.set(folder, end)
  void end.then(() => {
    if (lines.get(folder) === end) lines.delete(folder)
  })
  try {
    if (before) await within(timeoutMs, before, folder)
    return await task()
  } finally {
    leave()
  }
}

async function within(timeoutMs: number, turn: Promise<unknown>, folder: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(folder, timeoutMs)), timeoutMs)
  })
  try {
    await Promise.race([turn, timeout])
  } finally {
    clearTimeout(timer)
  }
}

async function acquire(folder: string, deadline: number, timeoutMs: number): Promise<string> {
  const self = await thisProcess()
  const isFree = watch(folder, self)
  for (;;) {
    await makeFolder(folder)
    const own = await attempt(folder, isFree, self).catch((error) => {
      // Somebody has just deleted the folder.
      if (codeOf(error) !== 'ENOENT') throw error
    })
    if (own) return own
    if (performance.now() >= deadline) throw timedOut(folder, timeoutMs)
    await pause(minPauseMs + Math.random() * (maxPauseMs - minPauseMs))
  }
}

/** One level after the other, and each once more at most: where no folder can be made, as below /proc, `recursive` never ends. */
async function makeFolder(path: string): Promise<void> {
  try {
    await makeLevel(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await makeLevel(path)
  }
}

/** Not every system says of a folder that it is there: some say first that none may be made. */
async function makeLevel(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const found = codeOf(error) === 'ENOENT' ? undefined : await stat(path).catch(() => undefined)
    if (!found?.isDirectory()) throw error
  }
}

async function attempt(folder: string, isFree: Watch, self: Holder): Promise<string | undefined> {
  await refuseAnothers(dirname(folder))
  await refuseAnothers(folder)
  const highest = highestOf(await readdir(folder))
  return (await isFree(highest)) ? claim(folder, highest, self) : undefined
}

/** A symbolic link is its owner's, wherever it leads. */
async function refuseAnothers(folder: string): Promise<void> {
  if (ownerOf(await lstat(folder)) !== 'another user') return
  throw new Error(
    `The lock folder ${folder} belongs to another user. Delete it, or keep the file in a folder of your own.`,
  )
}

async function orSay<Value>(folder: string, value: Promise<Value>): Promise<Value> {
  try {
    return await value
  } catch (error) {
    if (codeOf(error) === '') throw error
    const { message } = error as Error
    const advice = 'This process must be able to make folders there.'
    throw new Error(`The lock ${folder} could not be taken: ${message}. ${advice}`, { cause: error })
  }
}

const timedOut = (folder: string, timeoutMs: number) =>
  new Error(
    `The lock ${folder} was not free for ${timeoutMs / 1000} s. Another process has held it: is its server slow, or does it hang?`,
  )

/** Looks at one number after the other, or at one again and again, and says whether the next may be made. */
type Watch = (number: number) => Promise<boolean>

function watch(folder: string, self: Holder): Watch {
  let seen = ''
  let silentMs = 0
  let lookedAt = 0
  return async (number) => {
    if (number === 0) return true
    const { text, beatAt } = await readHolder(join(folder, String(number)))
    if (text === '') return true
    const now = performance.now()
    const state = `${number} ${beatAt} ${text}`
    silentMs = state === seen ? silentMs + Math.min(now - lookedAt, maxLookMs) : 0
    seen = state
    lookedAt = now
    const holder = parseHolder(text)
    const fate = holder ? await fateOf(holder, self) : 'unknown'
    return fate === 'dead' || silentMs >= (fate === 'alive' ? maxStandstillMs : maxSilenceMs)
  }
}

/** Read first: over a network that is what makes the file's time the server's and not a remembered one. */
async function readHolder(own: string): Promise<{ text: string; beatAt: number }> {
  const text = await readFile(holderFile(own), 'utf8').catch(() => 'not readable')
  const beatAt = await stat(holderFile(own)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  return { text, beatAt }
}

/**
 * Makes the number after `highest`, its holder in it, in one step. `undefined`: another was first. Renaming does it and
 * not linking, which some file systems refuse: a folder takes the place of none that has anything in it.
 */
async function claim(folder: string, highest: number, self: Holder): Promise<string | undefined> {
  const draft = join(folder, `draft-${randomUUID()}`)
  const own = join(folder, String(highest + 1))
  await mkdir(draft, { mode: 0o700 })
  try {
    await writeFile(holderFile(draft), JSON.stringify(self), { mode: 0o600 })
    await rename(draft, own)
  } catch (error) {
    await discard(draft)
    if (lostRace.has(codeOf(error))) return undefined
    throw error
  }
  try {
    return (await settle(folder, own, highest)) ? own : undefined
  } catch (error) {
    await release(own)
    throw error
  }
}

/** ENOENT: the winner cleared the draft away. EPERM, EACCES, EBUSY: how Windows says that there is one already. */
const lostRace = new Set(['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'ENOENT', 'EPERM', 'EACCES', 'EBUSY'])

/** Whether the number just made counts. Then all else goes away: earlier holders, and drafts of whoever came too late. */
async function settle(folder: string, own: string, highest: number): Promise<boolean> {
  const names = await readdir(folder)
  const isOwn = isLatest(names, highest)
  const others = names.map((name) => join(folder, name)).filter((path) => path !== own)
  for (const path of isOwn ? others : [own]) await discard(path)
  return isOwn
}

/**
 * A process that stood still between looking and making may make a number that was there, and was cleared away, long
 * since. Then there is a higher one; or the one before, which only a later holder clears away, is gone.
 */
export function isLatest(names: string[], highest: number): boolean {
  return highestOf(names) === highest + 1 && (highest === 0 || names.includes(String(highest)))
}

const highestOf = (names: string[]) =>
  names.reduce((highest, name) => (/^\d{1,15}$/.test(name) ? Math.max(highest, Number(name)) : highest), 0)

/** Makes a folder vanish in one step, so that a holder that stood still puts nothing in it any more; then deletes it. */
async function discard(path: string): Promise<void> {
  const gone = join(dirname(path), `gone-${randomUUID()}`)
  try {
    await rename(path, gone)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  await rm(gone, { recursive: true, force: true })
}

/** Sets the holder's file two seconds ahead each time: also coarse file systems, and clocks that jump, show that. */
function beat(own: string): () => void {
  let seconds = Date.now() / 1_000
  const timer = setInterval(() => {
    seconds += 2
    utimes(holderFile(own), seconds, seconds).catch(() => {})
  }, heartbeatMs)
  // Some runtimes give a number here.
  if (typeof timer === 'object') timer.unref()
  return () => clearInterval(timer)
}

/** What cannot be let go is a lock that was lost, or falls to others since nothing beats any more. */
const release = (own: string) => truncate(holderFile(own), 0).catch(() => {})

const holderFile = (own: string) => join(own, 'holder')

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''
