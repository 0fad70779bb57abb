import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import { createSignInLimits } from '../limits/sign-in-limits.ts'
import type { Store } from '../store/store.ts'
import { createExternalPeople } from './external-people.ts'
import { createLocalPeople } from './local-people.ts'
import { maxPasswordLength } from './password.ts'
import type { People, SignInAttempt } from './people.ts'

/** The longest username that is looked for, in characters: a mail address has 254 at most. */
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
      const admission = await limits.admit(attempt)
      if (!admission.isAdmitted) {
        return { kind: 'throttled', retryAfterSeconds: admission.retryAfterSeconds }
      }
      const user = await find(attempt)
      if (!user) return { kind: 'refused' }
      await admission.succeeded()
      return { kind: 'signed_in', user }
    },
  }
}

/** Nobody's, whoever they are: it is no guess and costs nothing. */
const isTooLong = ({ username, password }: SignInAttempt): boolean =>
  username.length > maxUsernameLength || password.length > maxPasswordLength
