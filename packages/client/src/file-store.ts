import { type FileHandle, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { withLock } from './file-lock.ts'
import { ownerOf } from './file-owner.ts'
import type { TokenStore } from './store.ts'

/** The longest text that is read or written, in bytes. */
export const maxFileBytes = 1_048_576

/**
 * Keeps tokens in a file, which any number of processes may share: they take turns to renew. Its mode is 0600, and it is
 * always whole: a new one takes its place. Beside it stands a folder, named as the file and `.lock`.
 *
 * A process that is killed while it renews holds the others up for less than two seconds. One that is slow is waited for,
 * for up to 40 seconds. Processes on several machines may share the file over a network, where a holder of which nothing
 * is seen for 1.5 seconds counts as dead.
 *
 * A file of this user's that others may read is closed to them when it is read. One that belongs to another user is
 * refused, unless that is root; so is the folder beside it.
 *
 * A file that is mounted by itself cannot be replaced: mount the folder that it is in.
 *
 * An empty file is as none. A folder that is missing is made, for this user alone. A symbolic link stays; what it points
 * to is replaced.
 *
 * @param path The file, from the current folder.
 * @throws TypeError when the path is empty. Its members throw an Error that says which file, what failed, and why.
 */
export function fileStore(path: string): TokenStore {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError("fileStore needs the path of a file, as in fileStore('tokens.json')")
  }
  const file = resolve(path)
  return {
    get: () => orSay('read', file, async () => read(await targetOf(file))),
    compareAndSet: (expected, next) =>
      orSay('written', file, async () => {
        const target = await targetOf(file)
        const bytes = new TextEncoder().encode(next).length
        if (bytes > maxFileBytes) throw tooLong(target, bytes)
        if ((await read(target)) !== expected) return false
        return withLock(join(`${target}.lock`, 'write'), async (own) => {
          if ((await read(target)) !== expected) return false
          if (next !== expected) await replace(target, next, own)
          await syncFolder(dirname(target))
          return true
        })
      }),
    async lock(task) {
      const folder = await orSay('read', file, async () => {
        const target = await targetOf(file)
        await read(target)
        return join(`${target}.lock`, 'renew')
      })
      return withLock(folder, () => task())
    },
  }
}

/** Where the file is that a symbolic link, or a chain of them, leads to, though it may not be there yet. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  const link = await readlink(file).catch(() => undefined)
  if (link !== undefined) return targetOf(resolve(dirname(file), link))
  const folder = await realpath(dirname(file)).catch(() => dirname(file))
  return join(folder, basename(file))
}

async function read(target: string): Promise<string | undefined> {
  const file = await openFile(target).catch((error) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    await keepForUs(file, target)
    return (await file.readFile('utf8')) || undefined
  } finally {
    await file.close()
  }
}

/** Looks first: to open a pipe is to wait for whoever writes to it. */
async function openFile(target: string): Promise<FileHandle> {
  const found = await stat(target)
  if (!found.isFile()) throw new Error(`${target} is not a file: give fileStore the path of one.`)
  return open(target, 'r')
}

/** Of the file that is open, and not of what may have taken its name since. */
async function keepForUs(file: FileHandle, target: string): Promise<void> {
  const found = await file.stat()
  if (found.size > maxFileBytes) throw tooLong(target, found.size)
  const owner = ownerOf(found)
  if (owner === 'another user')
    throw new Error(`${target} belongs to another user. Delete it, or give fileStore a file of your own.`)
  // Some file systems keep the mode as it is; the file is no less readable for that.
  if (owner === 'this user' && (found.mode & 0o077) !== 0) await file.chmod(0o600).catch(() => {})
}

/**
 * The new file is made in the lock's own folder, and the old one goes there when there is no new one: whoever lost the lock
 * has no such folder any more, and changes nothing.
 */
async function replace(target: string, text: string | undefined, own: string): Promise<void> {
  const [next, removed] = [join(own, 'next'), join(own, 'removed')]
  try {
    if (text !== undefined) await write(next, text)
    await (text === undefined ? rename(target, removed) : rename(next, target))
  } catch (error) {
    if (codeOf(error) === 'EBUSY') throw new Error(`${target} ${mountAdvice}`, { cause: error })
    if (codeOf(error) !== 'ENOENT') throw error
    throw new Error(`${target} is as it was: this process stood still, and lost the lock.`, { cause: error })
  }
  await rm(removed, { force: true })
}

const mountAdvice =
  'could not be replaced: it is busy. Where it is mounted by itself, as one file into a container, mount its folder instead.'

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a rename outlive a power cut, where the system can do that. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    await folder.sync().finally(() => folder.close())
  } catch {
    // Windows opens no folder, and some file systems sync none.
  }
}

const tooLong = (target: string, bytes: number) =>
  new Error(
    `${target} would hold ${bytes} bytes; a token file holds ${maxFileBytes} at most. Is it another file?`,
  )

/** What failed and where. Messages of the file system hold paths and no content. */
async function orSay<Value>(
  done: 'read' | 'written',
  file: string,
  action: () => Promise<Value>,
): Promise<Value> {
  try {
    return await action()
  } catch (error) {
    if (codeOf(error) === '') throw error
    throw new Error(`The token file ${file} could not be ${done}: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''
