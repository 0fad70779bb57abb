import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import { type Admission, createSignInLimits } from '../limits/sign-in-limits.ts'
import type { Store } from '../store/store.ts'
import type { User } from '../store/users.ts'
import { createExternalPeople } from './external-people.ts'
import type { Claim } from './find-person.ts'
import { createLocalPeople } from './local-people.ts'
import { maxPasswordLength } from './password.ts'
import type { People, SignInAttempt } from './people.ts'

/** The longest username that is looked for, in characters: an email address has 254 at most. */
const maxUsernameLength = 320

export interface PeopleParts {
  config: Pick<Config, 'people' | 'peopleSecret'>
  clock: Clock
  store: Store
  logger?: Logger | undefined
}

/** The people that the configuration names, behind the limits of signing in. */
export function createPeople({ config, clock, store, logger }: PeopleParts): People {
  const find = config.people
    ? createExternalPeople({ people: config.people, secret: config.peopleSecret, clock, store })
    : createLocalPeople({ store, logger })
  const limits = createSignInLimits({ limits: store.limits, clock })
  return {
    isLocal: config.people === undefined,

    async signIn(attempt) {
      if (isTooLong(attempt)) return { kind: 'refused' }
      const claim = await find(attempt.username)
      const { username, address, browserId } = attempt
      const admission = await limits.admit({ username, address, browserId, person: claim.person })
      if (!admission.isAdmitted) {
        return { kind: 'throttled', retryAfterSeconds: admission.retryAfterSeconds }
      }
      const user = await check(claim, attempt.password, admission)
      return user ? { kind: 'signed_in', user } : { kind: 'refused' }
    },

    trust({ id, username, email }, { address, browserId }) {
      const names = email === null ? [username] : [username, email]
      return limits.trust({ person: id, names, address, browserId })
    },
  }
}

/** Tells the limits how an attempt ended. Where nobody could say whose password it is, nobody guessed. */
async function check(
  claim: Claim,
  password: string,
  admission: Admission & { isAdmitted: true },
): Promise<User | undefined> {
  let user: User | undefined
  try {
    user = await claim.check(password)
  } catch (error) {
    await admission.withdrawn()
    throw error
  }
  if (user) await admission.succeeded()
  else admission.failed()
  return user
}

/** Nobody's, whoever they are: it is no guess and costs nothing. */
const isTooLong = ({ username, password }: SignInAttempt): boolean =>
  username.length > maxUsernameLength || password.length > maxPasswordLength
