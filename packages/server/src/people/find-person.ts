import type { User } from '../store/users.ts'

/** Says whose username and password these are; `undefined`: nobody's, or of a person who is disabled. */
export type FindPerson = (credentials: { username: string; password: string }) => Promise<User | undefined>
