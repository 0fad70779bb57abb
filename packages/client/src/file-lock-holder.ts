import { readFile, readlink } from 'node:fs/promises'
import { hostname, platform } from 'node:os'
import { kill, pid } from 'node:process'

/** A process that holds a lock, as it writes itself down for others. */
export interface Holder {
  readonly pid: number
  /** When it started, as the kernel counts: another process that has its number later started at another time. */
  readonly start: string | undefined
  /** Where its number means something. `undefined`: that cannot be told, so nobody looks the number up. */
  readonly place: string | undefined
}

/** This process. */
export async function thisProcess(): Promise<Holder> {
  return { pid, start: (await readStat(pid))?.start, place: await readPlace() }
}

/** Reads what a holder wrote. `undefined`: no holder wrote that. */
export function parseHolder(text: string): Holder | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { pid, start, place } = value as Record<string, unknown>
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  return { pid, start: textOf(start), place: textOf(place) }
}

/** Whether a holder's process runs. `unknown`: it is not one that this process could see. */
export async function fateOf(holder: Holder, observer: Holder): Promise<'alive' | 'dead' | 'unknown'> {
  if (holder.place === undefined || holder.place !== observer.place) return 'unknown'
  if (!isThere(holder.pid)) return 'dead'
  const stat = await readStat(holder.pid)
  if (stat === undefined) return 'alive'
  const isAnother = holder.start !== undefined && stat.start !== holder.start
  return isAnother || endedStates.has(stat.state) ? 'dead' : 'alive'
}

/** A process that was killed and that its parent has not asked after yet still has its number. */
const endedStates = new Set(['Z', 'X'])

function isThere(number: number): boolean {
  try {
    kill(number, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Fields 1, 3 and 22 of /proc/PID/stat (proc_pid_stat(5)); the name between may hold anything, brackets too. */
async function readStat(number: number | 'self') {
  const text = await readFile(`/proc/${number}/stat`, 'utf8').catch(() => '')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state && start ? { pid: Number.parseInt(text, 10), state, start } : undefined
}

/**
 * Process numbers are told apart by machine, by boot, and by pid namespace: two containers have one machine, may have one
 * name, and count their processes each for itself. Where there is no /proc, by the machine's name alone.
 */
async function readPlace(): Promise<string | undefined> {
  try {
    if (platform() !== 'linux') return `${platform()} ${hostname()}`
    // A /proc of another pid namespace has other processes under the same numbers.
    if ((await readStat('self'))?.pid !== pid) return undefined
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    return `${hostname()} ${boot.trim()} ${await readlink('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
