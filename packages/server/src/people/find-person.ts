import type { User } from '../store/users.ts'

/** Somebody says that they are this person; nobody looked at a password yet. */
export interface Claim {
  /** What stands for this person and for nobody else; empty: there is none. */
  person: string
  /** Says who they are; `undefined`: it is not their password, or they are disabled. */
  check(password: string): Promise<User | undefined>
}

/** Finds who is meant by a username. Nothing that it does tells whether there is such a person. */
export type FindPerson = (username: string) => Promise<Claim>
