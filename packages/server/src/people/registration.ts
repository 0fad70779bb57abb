import { z } from 'zod'
import type { Clock, UnixSeconds } from '../base/clock.ts'
import { explainIssues, unknownScope, whatToWrite } from '../base/explain.ts'
import { isPlainText } from '../base/plain-text.ts'
import { randomId } from '../base/random.ts'
import { parseScope } from '../base/scope.ts'
import type { AuditEvent } from '../store/audit-events.ts'
import type { Store } from '../store/store.ts'
import type { NewUser } from '../store/users.ts'
import { commonPasswords } from './common-passwords.ts'
import { hashPassword, maxPasswordLength, normalize } from './password.ts'
import { readPasswordHash } from './password-hash.ts'

/** The shortest password that is taken, in characters (NIST SP 800-63B §3.1.1.2, beside throttling). */
export const minPasswordLength = 8
const maxUsernameLength = 200
const maxNameLength = 200
/** RFC 5321 §4.5.3.1.3, without the angle brackets. */
const maxEmailLength = 254
/** Usernames that begin so are of people whom another system knows. */
const externalPrefix = 'external:'

const usernameSchema = z.string().refine((username) => {
  const isPlain = username.trim() === username && isPlainText(username)
  return (
    isPlain &&
    username.length >= 1 &&
    username.length <= maxUsernameLength &&
    !username.startsWith(externalPrefix)
  )
}, `a username has 1 to ${maxUsernameLength} characters, no unseen character and no space around it, and does not begin with \`${externalPrefix}\``)

/** As shown to people. */
export const nameSchema = z
  .string()
  .trim()
  .refine(
    (name) => name.length >= 1 && name.length <= maxNameLength && isPlainText(name),
    `a name has 1 to ${maxNameLength} characters, none of them unseen (a control character, one that turns the writing around)`,
  )

/** What is wrong with a person's name; `undefined`: nothing. An unseen character is nothing to show. */
export function nameProblem(name: string): 'missing' | 'too_long' | undefined {
  const shown = name.trim()
  if (shown === '' || !isPlainText(shown)) return 'missing'
  return shown.length > maxNameLength ? 'too_long' : undefined
}

/** Theirs for good: the `sub` of their tokens. */
export const idSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'an id has 1 to 200 printable ASCII characters and no space')

/** An email address, in lower case from here on. */
export const emailSchema = z
  .string()
  .max(maxEmailLength, `an email address has ${maxEmailLength} characters at most`)
  .toLowerCase()
  .pipe(z.email('write an email address'))

/** Says what is wrong with a person's data, and how to mend it. */
export class PersonError extends Error {
  override readonly name = 'PersonError'
}

export interface NewPerson {
  username: string
  /** Default: the username. */
  name?: string | undefined
  email?: string | undefined
  /** The scopes that they may grant, space separated. Default: all of the API's, also those to come. */
  scope?: string | undefined
  password: string
}

interface Registry {
  store: Pick<Store, 'users'>
  clock: Clock
  /** The scopes that the configuration knows. */
  scopes: readonly string[]
}

/** What is wrong with a new password; `undefined`: nothing. Any characters will do: length is what counts. */
export function passwordProblem(
  password: string,
  username: string,
): 'too_short' | 'too_long' | 'too_common' | undefined {
  if (password.length > maxPasswordLength) return 'too_long'
  const normal = normalize(password)
  if ([...normal].length < minPasswordLength) return 'too_short'
  const plain = normal.toLowerCase()
  const name = username.toLowerCase()
  const isGuessable = commonPasswords.has(plain) || plain === name || plain === name.split('@', 1)[0]
  return isGuessable ? 'too_common' : undefined
}

/** @throws PersonError when the password is one that is not taken. */
export function checkPassword(password: string, username: string): void {
  const problem = passwordProblem(password, username)
  if (problem) throw new PersonError(passwordProblems[problem])
}

const passwordProblems = {
  too_short: `A password has ${minPasswordLength} characters at least. Three or four words are easy to keep in mind.`,
  too_long: `A password has ${maxPasswordLength} characters at most.`,
  too_common: 'This password is among those that are guessed first. Choose another.',
} as const

/**
 * Adds a person.
 *
 * @throws PersonError when a value cannot stand, or the username or the address is taken.
 */
export async function addUser(
  { store, clock, scopes }: Registry,
  { password, ...person }: NewPerson,
  actor: string,
): Promise<NewUser> {
  const read = readWith(personSchema(scopes), person)
  checkPassword(password, read.username)
  const user = newUser(read, await hashPassword(password), clock())
  if (await store.users.add(user, userAdded(user, actor))) return user
  throw new PersonError('There is a person with this username or email address already.')
}

/** What is written down when a person is added. */
export const userAdded = ({ id, created_at }: NewUser, actor: string): AuditEvent => ({
  at: created_at,
  actor,
  action: 'user.added',
  subject: `user:${id}`,
})

/**
 * Makes what reads people as another system wrote them: `{ username, name, email?, scope?, password_hash, id? }`. It
 * throws PersonError when a value cannot stand, or a hash is of a form or a cost that is not taken.
 */
export function importedUserReader(
  scopes: readonly string[],
): (value: unknown, createdAt: UnixSeconds) => NewUser {
  const schema = importedSchema(scopes)
  return (value, createdAt) => {
    const { password_hash, ...person } = readWith(schema, value)
    return newUser(person, password_hash, createdAt)
  }
}

/**
 * A scope as it is kept: each of its scopes is one that the configuration knows.
 *
 * @throws PersonError when one is not.
 */
export function readScope(scope: string, scopes: readonly string[]): string {
  const problem = unknownScope(scope, scopes)
  if (problem !== undefined) throw new PersonError(`scope: ${problem}`)
  return parseScope(scope).join(' ')
}

const personSchema = (scopes: readonly string[]) =>
  z.strictObject({
    id: idSchema.optional(),
    username: usernameSchema,
    name: nameSchema.optional(),
    email: emailSchema.optional(),
    scope: scopeSchema(scopes).optional(),
  })

const importedSchema = (scopes: readonly string[]) =>
  personSchema(scopes).extend({
    password_hash: z.string().transform((text, context) => {
      const read = readPasswordHash(text)
      if ('hash' in read) return text
      context.issues.push({ code: 'custom', input: text, message: read.problem })
      return z.NEVER
    }),
  })

const scopeSchema = (scopes: readonly string[]) =>
  z.string().transform((text, context) => {
    const message = unknownScope(text, scopes)
    if (message === undefined) return parseScope(text).join(' ')
    context.issues.push({ code: 'custom', input: text, message })
    return z.NEVER
  })

function newUser(
  { id, username, name, email, scope }: z.output<ReturnType<typeof personSchema>>,
  password_hash: string,
  created_at: UnixSeconds,
): NewUser {
  return {
    id: id ?? randomId(),
    username,
    name: name ?? username,
    email: email ?? null,
    scope: scope ?? null,
    password_hash,
    created_at,
  }
}

function readWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: whatToWrite })
  if (parsed.success) return parsed.data
  throw new PersonError(explainIssues(parsed.error, schema))
}
