import { open } from 'node:fs/promises'
import { systemClock as clock } from '../base/clock.ts'
import type { Environment } from '../config/config.ts'
import { importedUserReader, PersonError, userAdded } from '../people/registration.ts'
import type { NewUser } from '../store/users.ts'
import { CommandError } from './command-error.ts'
import { complain } from './complain.ts'
import type { ConfigOption } from './config-file.ts'
import { refuseExternal } from './user.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** People of one file, which is one transaction: a server beside it waits that long with its writes. */
export const maxImportedUsers = 20_000
/** The longest line, in characters. */
const maxLineLength = 8192

/** A person, and where in the file they are. */
interface Line {
  number: number
  user: NewUser
}

/** `latchkey user import` */
export async function importUsers(
  file: string,
  options: ConfigOption,
  environment: Environment,
): Promise<void> {
  await withStore(options, environment, async (store, config) => {
    refuseExternal(config, 'Nobody is imported beside it')
    const { lines, problems } = await readFile(file, importedUserReader(Object.keys(config.scopes)))
    if (problems > 0) throw new CommandError(`Nothing is imported. ${countOf(problems, 'line')} to mend.`)
    const users = lines.map(({ user }) => user)
    const taken = await store.users.import(users, (user) => userAdded(user, actor))
    if (taken) {
      const number = lines.find(({ user }) => user === taken)?.number
      throw new CommandError(
        `Nothing is imported. Line ${number}: its id, username or email address is taken by somebody who is here already. Take the line out.`,
      )
    }
    printLine(`${countOf(users.length, 'person', 'people')} imported.`)
  })
}

/** Reads every line, and says on standard error what is wrong with each that cannot be taken. */
async function readFile(file: string, read: ReturnType<typeof importedUserReader>) {
  const lines: Line[] = []
  const seen = createSeen()
  let problems = 0
  let number = 0
  for await (const text of linesOf(file)) {
    number++
    if (text.trim() === '') continue
    if (lines.length === maxImportedUsers)
      throw new CommandError(`${file} has more than ${maxImportedUsers} people. Split it.`)
    try {
      const user = read(parse(text), clock())
      seen.add(user, number)
      lines.push({ number, user })
    } catch (error) {
      if (!(error instanceof PersonError)) throw error
      problems++
      complain(`line ${number}: ${error.message}`)
    }
  }
  return { lines, problems }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    yield* (await open(file)).readLines()
  } catch (error) {
    const isOfSystem = error instanceof Error && 'code' in error
    if (!isOfSystem) throw error
    throw new CommandError(
      error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read: ${error.code}.`,
    )
  }
}

function parse(text: string): unknown {
  if (text.length > maxLineLength) throw new PersonError(`It is longer than ${maxLineLength} characters.`)
  try {
    return JSON.parse(text)
  } catch {
    throw new PersonError(
      'It is no JSON. Write one person a line, as in {"username": "…", "name": "…", "password_hash": "…"}.',
    )
  }
}

/** What must be each person's own within the file. */
function createSeen() {
  const lineOf = new Map<string, number>()
  return {
    /** @throws PersonError when another line has the same id, username or address. */
    add({ id, username, email }: NewUser, number: number): void {
      const own = [`id ${id}`, `username ${username}`, ...(email ? [`email ${email}`] : [])]
      const taken = own.find((name) => lineOf.has(name))
      if (taken) {
        throw new PersonError(
          `Line ${lineOf.get(taken)} has the same ${taken.split(' ', 1)[0]}. Take one of them out.`,
        )
      }
      for (const name of own) lineOf.set(name, number)
    },
  }
}

const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`
