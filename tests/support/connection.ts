import { sha256 } from '../../packages/server/src/base/hash.ts'
import { challengeOf } from '../../packages/server/src/base/pkce.ts'
import { randomId, randomSecret } from '../../packages/server/src/base/random.ts'
import { type NewApp, registerApp } from '../../packages/server/src/clients/registration.ts'
import { hashPassword } from '../../packages/server/src/people/password.ts'
import type { AuthorizationCode } from '../../packages/server/src/store/authorization-codes.ts'
import type { Store } from '../../packages/server/src/store/store.ts'
import type { NewUser, User } from '../../packages/server/src/store/users.ts'
import { postForm } from './server.ts'

/** A verifier and its challenge, the same in every test. */
export const verifier = 'a-verifier-of-the-tests-which-is-long-enough-for-the-rfc'
export const codeChallenge = challengeOf(verifier)

export const redirectUri = 'https://app.example.com/callback'

/** What the tests sign people in with. */
export const password = 'a long password of the tests'

export interface Parts {
  store: Store
  clock: () => number
}

export interface Credentials {
  id: string
  /** `undefined`: a public client. */
  secret: string | undefined
}

/** A client that may use the code flow. */
export async function registerCodeClient(parts: Parts, app: Partial<NewApp> = {}): Promise<Credentials> {
  return registerApp(
    parts,
    {
      name: 'App',
      type: 'confidential',
      scope: 'read write',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [redirectUri],
      ...app,
    },
    'test',
  )
}

/** Adds a person who signs in with {@link password}. */
export async function addPerson({ store, clock }: Parts, change: Partial<NewUser> = {}): Promise<User> {
  const id = change.id ?? randomId()
  const user = {
    id,
    username: `jane.black.${id.slice(0, 6)}`,
    name: 'Jane Black',
    password_hash: await hashPassword(password),
    created_at: clock(),
    ...change,
  }
  const event = { at: clock(), actor: 'test', action: 'user.added', subject: `user:${id}` }
  if (!(await store.users.add(user, event))) throw new Error('The username is taken.')
  const added = await store.users.find(id)
  if (!added) throw new Error('The person was not added.')
  return added
}

/** A code as the authorization endpoint makes it once a person has allowed an app. */
export async function issueCode(
  { store, clock }: Parts,
  client: Pick<Credentials, 'id'>,
  user: Pick<User, 'id'>,
  change: Partial<AuthorizationCode> & { audience: string },
): Promise<string> {
  const code = randomSecret()
  const row = {
    code_hash: sha256(code),
    client_id: client.id,
    user_id: user.id,
    redirect_uri: redirectUri,
    is_redirect_uri_required: 1,
    scope: 'read write',
    code_challenge: codeChallenge,
    expires_at: clock() + 60,
    ...change,
  }
  const person = await store.users.find(row.user_id)
  if (!person || !(await store.authorizationCodes.add(row, person)))
    throw new Error('There is no such person.')
  return code
}

/** Asks a token endpoint; a public client names itself in the body. */
export async function askFor(
  url: string,
  client: Credentials,
  parameters: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response =
    client.secret === undefined
      ? await postForm(url, { client_id: client.id, ...parameters })
      : await postForm(url, parameters, { id: client.id, secret: client.secret })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

export const redeem = (url: string, client: Credentials, code: string, change: Record<string, string> = {}) =>
  askFor(url, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...change,
  })

export const refresh = (
  url: string,
  client: Credentials,
  refreshToken: string,
  change: Record<string, string> = {},
) => askFor(url, client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...change })

export interface Tokens {
  accessToken: string
  refreshToken: string
}

export function tokensOf({ status, body }: { status: number; body: Record<string, unknown> }): Tokens {
  const { access_token, refresh_token } = body
  if (status !== 200 || typeof access_token !== 'string' || typeof refresh_token !== 'string') {
    throw new Error(`No tokens: ${status} ${JSON.stringify(body)}`)
  }
  return { accessToken: access_token, refreshToken: refresh_token }
}
