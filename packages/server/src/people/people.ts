import type { User } from '../store/users.ts'

/** Somebody says who they are. */
export interface SignInAttempt {
  username: string
  password: string
  /** The IP address that it comes from; empty: unknown. */
  address: string
  /** The id of the browser that it comes from, as its cookie tells; `undefined`: it is no browser. */
  browserId?: string | undefined
}

export type SignInResult =
  | { kind: 'signed_in'; user: User }
  /** Unknown, disabled or a wrong password: from outside they look the same and take the same time. */
  | { kind: 'refused' }
  /** Nobody looked at the password. */
  | { kind: 'throttled'; retryAfterSeconds: number }

/** Who people are: Latchkey's own table, or another system behind `people` in the configuration. */
export interface People {
  /** Whether passwords are kept here, so that they can be set, reset and signed up with. */
  readonly isLocal: boolean
  /**
   * Checks a username and password, off the main thread.
   *
   * @throws OAuthError `temporarily_unavailable` when too many wait, or the other system does not answer.
   */
  signIn(attempt: SignInAttempt): Promise<SignInResult>
  /**
   * A person of our own proved by mail who they are, at sign-up or when they set a new password: nobody else's guesses
   * keep them from signing in with this browser, or from this network.
   */
  trust(
    user: Pick<User, 'id' | 'username' | 'email'>,
    from: Pick<SignInAttempt, 'address' | 'browserId'>,
  ): Promise<void>
}
