import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { systemClock as clock } from '../base/clock.ts'
import { base32 } from '../base/random.ts'
import type { Config, Environment } from '../config/config.ts'
import { hashPassword } from '../people/password.ts'
import { addUser, checkPassword, readScope } from '../people/registration.ts'
import type { AuditEvent } from '../store/audit-events.ts'
import type { Store } from '../store/store.ts'
import type { User } from '../store/users.ts'
import { CommandError } from './command-error.ts'
import type { ConfigOption } from './config-file.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** People that one page of the list reads. */
const pageSize = 500
/** Of a password that is made here: 120 bits, 24 characters. */
const passwordBytes = 15

interface PasswordOption extends ConfigOption {
  passwordStdin?: boolean
}

export interface CreateUserOptions extends PasswordOption {
  name?: string
  email?: string
  scope?: string
}

/** `latchkey user create` */
export async function createUser(
  username: string,
  options: CreateUserOptions,
  environment: Environment,
): Promise<void> {
  const { name, email, scope } = options
  const { password, isMade } = await choosePassword(options)
  const user = await withStore(options, environment, (store, config) => {
    refuseExternal(config, 'Add people there')
    const registry = { store, clock, scopes: Object.keys(config.scopes) }
    return addUser(registry, { username, name, email, scope, password }, actor)
  })
  printLine(`id        ${user.id}`)
  printPassword(password, isMade)
}

/** `latchkey user list` */
export function listUsers(options: ConfigOption, environment: Environment): Promise<void> {
  return withStore(options, environment, async (store) => {
    let after = ''
    for (;;) {
      const users = await store.users.list(pageSize, after)
      for (const user of users) {
        const state = user.disabled_at === null ? 'active' : 'disabled'
        printLine(
          [user.username, state, user.scope ?? '(all scopes)', user.email ?? '', user.name].join('\t'),
        )
      }
      if (users.length < pageSize) return
      after = users.at(-1)?.username ?? ''
    }
  })
}

/** `latchkey user disable` */
export async function disableUser(
  username: string,
  options: ConfigOption,
  environment: Environment,
): Promise<void> {
  await change(username, options, environment, {
    action: 'user.disabled',
    write: (store, user, event) => store.users.disable(user.id, event),
  })
  printLine(`${username} is refused from now on, and their tokens are ended.`)
}

/** `latchkey user enable` */
export async function enableUser(
  username: string,
  options: ConfigOption,
  environment: Environment,
): Promise<void> {
  await change(username, options, environment, {
    action: 'user.enabled',
    state: 'disabled',
    write: (store, user, event) => store.users.enable(user.id, event),
  })
  printLine(`${username} may sign in again, and their apps are taken again. What was ended stays so.`)
}

/** `latchkey user set-password` */
export async function setPassword(
  username: string,
  options: PasswordOption,
  environment: Environment,
): Promise<void> {
  const { password, isMade } = await choosePassword(options)
  await change(username, options, environment, {
    action: 'user.password_changed',
    async write(store, user, event, config) {
      refuseExternal(config, 'Change passwords there')
      checkPassword(password, user.username)
      return store.users.setPassword(user.id, await hashPassword(password), event)
    },
  })
  printLine(`The password is changed. ${username} is signed out everywhere.`)
  printPassword(password, isMade)
}

/** `latchkey user set-scopes` */
export async function setScopes(
  username: string,
  scopes: string | undefined,
  options: ConfigOption & { all?: boolean },
  environment: Environment,
): Promise<void> {
  if ((scopes === undefined) !== (options.all === true))
    throw new CommandError("Name the scopes in quotes, as in 'read write', or write --all.")
  await change(username, options, environment, {
    action: 'user.scope_changed',
    write(store, user, event, config) {
      refuseExternal(config, 'It says what each person may grant')
      const scope = scopes === undefined ? null : readScope(scopes, Object.keys(config.scopes))
      return store.users.setScope(user.id, scope, event)
    },
  })
  printLine(`${username} may grant ${scopes === undefined ? 'all scopes' : scopes || 'nothing'} from now on.`)
}

/** `latchkey user sign-out` */
export async function signOutUser(
  username: string,
  options: ConfigOption,
  environment: Environment,
): Promise<void> {
  await change(username, options, environment, {
    action: 'user.signed_out_everywhere',
    write: (store, user, event) => store.users.signOutEverywhere(user.id, event),
  })
  printLine(`${username} is signed out everywhere, and their tokens are ended.`)
}

interface Change {
  action: string
  /** Whom it is for. Default: `active`. */
  state?: 'active' | 'disabled'
  /** `false`: they are in another state. */
  write(store: Store, user: User, event: AuditEvent, config: Config): Promise<boolean>
}

async function change(
  username: string,
  options: ConfigOption,
  environment: Environment,
  { action, state = 'active', write }: Change,
): Promise<void> {
  const isChanged = await withStore(options, environment, async (store, config) => {
    const user = await store.users.findByUsername(username)
    if (!user) return false
    return write(store, user, { at: clock(), actor, action, subject: `user:${user.id}` }, config)
  })
  if (!isChanged)
    throw new CommandError(
      `There is no ${state} person with the username ${username}. \`latchkey user list\` names them.`,
    )
}

/** Refuses what another system decides. */
export function refuseExternal({ people }: Config, whatToDo: string): void {
  if (people === undefined) return
  throw new CommandError(`By \`people\` in the config another system knows who people are. ${whatToDo}.`)
}

/** The password of standard input without the line's end; otherwise a new one. */
async function choosePassword({ passwordStdin }: PasswordOption) {
  if (!passwordStdin) return { password: base32(randomBytes(passwordBytes)), isMade: true }
  return { password: (await text(process.stdin)).replace(/\r?\n$/, ''), isMade: false }
}

function printPassword(password: string, isMade: boolean): void {
  if (!isMade) return
  printLine(`password  ${password}`)
  printLine('Keep the password now: it is stored as a hash and cannot be shown again.')
}
