import type { SessionWithAccounts, SignedInAccount } from '../store/sessions.ts'
import type { User } from '../store/users.ts'

/** A browser, as its cookies tell. */
export interface Browser {
  /** Random, made at its first page: forms are bound to it. It signs nobody in. */
  readonly id: string
  /** Whether `id` was made just now, so that the answer must set its cookie. */
  readonly isNew: boolean
  readonly session: SessionWithAccounts | undefined
  /** Who is signed in, in the order in which they signed in. */
  readonly accounts: readonly SignedInAccount[]
}

export interface BrowserSessions {
  /** Reads the cookies. Anything that is not a live session is none. */
  read(request: Request): Promise<Browser>
  /** The `Set-Cookie` values that every page sends: the browser's id where it is new. */
  cookies(browser: Browser): string[]
  /** Signs a person in under a new session id (`Set-Cookie` values). `undefined`: they were disabled meanwhile. */
  signIn(browser: Browser, user: Pick<User, 'id' | 'epoch'>): Promise<string[] | undefined>
  /** Signs one person out of this browser, or everyone (`Set-Cookie` values). */
  signOut(browser: Browser, userId?: string): Promise<string[]>
  /** What a form of this browser carries in the field `form_token`. @param purpose what the form is for, and about */
  formToken(browser: Browser, purpose: string): string
  /** Whether a form came from a page of ours in this browser: its token, and the Origin header where there is one. */
  isOurForm(request: Request, browser: Browser, formToken: string | undefined, purpose: string): boolean
}
