import { z } from 'zod'
import { createBoundedQueue } from '../base/bounded-queue.ts'
import type { Clock } from '../base/clock.ts'
import { explainIssues, whatToWrite } from '../base/explain.ts'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import { isPlainText } from '../base/plain-text.ts'
import { isScopeToken, parseScope } from '../base/scope.ts'
import type { PeopleInput, VerifyPerson } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import type { ExternalUser, User } from '../store/users.ts'
import { askOwner, WrongAnswer } from './external-request.ts'
import type { FindPerson } from './find-person.ts'
import { emailSchema, idSchema, nameSchema } from './registration.ts'

/** How long the owner's system may take for one answer. A person waits for it with a page open. */
export const externalTimeoutMs = 5_000
/** Questions to the owner's system at once, and how many wait for their turn. */
const maxRunning = 32
const maxWaiting = 256

export interface ExternalPeopleParts {
  people: PeopleInput
  /** Signs the requests to `people.url`. */
  secret: string | undefined
  clock: Clock
  store: Pick<Store, 'users'>
  /** Default: {@link externalTimeoutMs}. */
  timeoutMs?: number
}

/** A person as another system tells of them; what else it tells is left alone. */
const personSchema = z.object({
  id: idSchema,
  name: nameSchema,
  email: emailSchema.nullish(),
  scope: z
    .string()
    .max(2048)
    .refine((scope) => parseScope(scope).every(isScopeToken), 'a scope holds no quote or backslash')
    .nullish(),
})

/**
 * The people of the owner's own system, each with a row here from their first sign-in.
 *
 * @throws OAuthError `temporarily_unavailable` when the system fails, is slow, or tells of a person that cannot be.
 */
export function createExternalPeople(parts: ExternalPeopleParts): FindPerson {
  const { people, secret = '', clock, store, timeoutMs = externalTimeoutMs } = parts
  const verify: Verify = 'verify' in people ? people.verify : askOwner({ url: people.url, secret, clock })
  const queue = createBoundedQueue({
    name: 'questions to the system behind `people`',
    maxRunning,
    maxWaiting,
  })

  async function check(username: string, password: string): Promise<User | undefined> {
    const answer = await queue(() => ask(verify, username, password, timeoutMs))
    if (answer === undefined || answer === null) return undefined
    const person = readPerson(answer)
    const subject = `user:${person.id}`
    const event = { at: clock(), actor: subject, action: 'user.added', subject }
    return store.users.recordExternal({ ...person, login: loginOf(username, person) }, event)
  }

  // Who it would be only the other system knows: what was typed stands for them.
  return async (username) => ({ person: username, check: (password) => check(username, password) })
}

type Person = Omit<ExternalUser, 'login'>

/** What they typed, where it can be shown. */
const loginOf = (typed: string, { email, id }: Person): string => (isPlainText(typed) ? typed : (email ?? id))

/** What it answers is anybody's: it is looked at before it is believed. */
type Verify = (...parameters: Parameters<VerifyPerson>) => Promise<unknown>

/** Does not wait for a system that does not heed its signal. */
async function ask(verify: Verify, username: string, password: string, timeoutMs: number): Promise<unknown> {
  const controller = new AbortController()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new TimedOut(`no answer within ${timeoutMs} ms`)
    controller.abort(error)
    late.reject(error)
  }, timeoutMs)
  try {
    return await Promise.race([verify(username, password, { signal: controller.signal }), late.promise])
  } catch (error) {
    throw temporarilyUnavailable(`people: ${describe(error)}`)
  } finally {
    clearTimeout(timer)
  }
}

/** @throws OAuthError `temporarily_unavailable`: who this is cannot be said. */
function readPerson(answer: unknown): Person {
  const parsed = personSchema.safeParse(answer, { error: whatToWrite })
  if (!parsed.success) {
    throw temporarilyUnavailable(
      `people: a person that cannot be. ${explainIssues(parsed.error, personSchema)}`,
    )
  }
  const { id, name, email, scope } = parsed.data
  return { id, name, email: email ?? null, scope: scope == null ? null : parseScope(scope).join(' ') }
}

/** What happened, without the words of an error of the owner's code: they may hold the password. */
function describe(error: unknown): string {
  if (error instanceof TimedOut || error instanceof WrongAnswer) return error.message
  return ['it failed with', nameOf(error), codeOf(error), placeOf(error)].filter(Boolean).join(' ')
}

class TimedOut extends Error {}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)

/** Where it was thrown: the first line of the stack behind the message. */
function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { message, stack = '' } = error
  return /\n\s+(at .+)/.exec(stack.slice(stack.lastIndexOf(message) + message.length))?.[1]
}

/** As in `ECONNREFUSED`, which fetch puts into its error's cause. */
function codeOf(error: unknown): string | undefined {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = typeof inner === 'object' && inner !== null && 'code' in inner ? inner.code : undefined
  return typeof code === 'string' ? code : undefined
}
