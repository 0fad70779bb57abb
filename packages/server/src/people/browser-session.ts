import { createHmac } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { deriveKey, isSameDigest, sha256 } from '../base/hash.ts'
import { isRandomSecret, randomSecret } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import type { SessionWithAccounts, SignedInAccount } from '../store/sessions.ts'
import type { Store } from '../store/store.ts'
import type { User } from '../store/users.ts'
import { type CookieJar, cookieJarOf } from './cookies.ts'

/** How long a browser's id is kept, in seconds: 400 days, the longest that browsers do. */
const browserIdLifetimeSeconds = 400 * 86_400

/** A browser, as its cookies tell. */
export interface Browser {
  /** Random, made at its first page: forms are bound to it. It signs nobody in. */
  readonly id: string
  /** Whether `id` was made just now, so that the answer must set its cookie. */
  readonly isNew: boolean
  readonly session: SessionWithAccounts | undefined
  /** The hash of the session that it named, live or not. */
  readonly sessionHash: string | undefined
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

export interface BrowserSessionParts {
  config: Pick<Config, 'issuer' | 'secrets' | 'sessionIdleLifetimeSeconds' | 'sessionLifetimeSeconds'>
  clock: Clock
  store: Pick<Store, 'sessions'>
}

/**
 * Browsers by two cookies: an id, to which forms are bound, and the secret of a session, of which the store has the hash.
 * The id stays when somebody signs in, so that a form in another tab stays good; the secret changes.
 */
export function createBrowserSessions({ config, clock, store }: BrowserSessionParts): BrowserSessions {
  const { sessions } = store
  const jar = cookieJarOf(config.issuer)
  const formKeys = config.secrets.map((secret) => deriveKey(secret, 'form token'))
  const { origin } = new URL(config.issuer)
  const lifetimes = {
    idleLifetimeSeconds: config.sessionIdleLifetimeSeconds,
    lifetimeSeconds: config.sessionLifetimeSeconds,
  }

  async function read(request: Request): Promise<Browser> {
    const knownId = readSecret(jar, request, 'browser')
    const secret = readSecret(jar, request, 'session')
    const sessionHash = secret === undefined ? undefined : sha256(secret)
    const session =
      sessionHash === undefined ? undefined : await sessions.use(sessionHash, clock(), lifetimes)
    const id = knownId ?? randomSecret()
    return { id, isNew: id !== knownId, session, sessionHash, accounts: session?.accounts ?? [] }
  }

  async function signIn(
    { sessionHash }: Browser,
    user: Pick<User, 'id' | 'epoch'>,
  ): Promise<string[] | undefined> {
    const secret = randomSecret()
    const now = clock()
    const isSignedIn = await sessions.signIn({
      sessionHash,
      newHash: sha256(secret),
      user,
      event: { at: now, actor: `user:${user.id}`, action: 'session.signed_in', subject: `user:${user.id}` },
      ...lifetimes,
    })
    if (!isSignedIn) return undefined
    return [jar.write('session', secret, lifetimes.lifetimeSeconds)]
  }

  async function signOut({ session, accounts }: Browser, userId?: string): Promise<string[]> {
    const out = accounts.filter(({ id }) => userId === undefined || id === userId)
    if (session) {
      const [first] = out
      const subject = userId === undefined ? `session:${session.id}` : `user:${userId}`
      const actor = `user:${userId ?? first?.id ?? 'unknown'}`
      const event = { at: clock(), actor, action: 'session.signed_out', subject }
      await sessions.signOut(session.session_hash, userId, event)
    }
    return out.length < accounts.length ? [] : [jar.clear('session')]
  }

  return {
    read,
    cookies: ({ id, isNew }) => (isNew ? [jar.write('browser', id, browserIdLifetimeSeconds)] : []),
    signIn,
    signOut,
    formToken: ({ id }, purpose) => formTokenBy(formKeys[0], id, purpose),
    isOurForm: (request, { id }, formToken, purpose) =>
      formToken !== undefined &&
      isFromOrigin(request, origin) &&
      formKeys.some((key) => isSameDigest(formTokenBy(key, id, purpose), formToken)),
  }
}

function readSecret(jar: CookieJar, request: Request, name: 'browser' | 'session'): string | undefined {
  const value = jar.read(request, name)
  return value !== undefined && isRandomSecret(value) ? value : undefined
}

function formTokenBy(key: Buffer | undefined, browserId: string, purpose: string): string {
  if (!key) throw new Error('A form token needs a secret.')
  return createHmac('sha256', key).update(`${browserId} ${purpose}`).digest('base64url')
}

/** A browser that says where a form was, names a page of ours. */
function isFromOrigin({ headers }: Request, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  return (headers.get('origin') ?? origin) === origin && (site === null || ownSites.includes(site))
}

const ownSites = ['same-origin', 'none']
