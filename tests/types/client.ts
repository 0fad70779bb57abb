import axios, { type AxiosInstance } from 'axios'
import { axiosAdapter, axiosReasonOf } from '../../packages/client/src/axios.ts'
import { dialect } from '../../packages/client/src/dialect.ts'
import { fileStore } from '../../packages/client/src/file-store.ts'
import {
  authorizationCode,
  basic,
  type ClientAuthentication,
  type ClientOptions,
  type Credential,
  clientCredentials,
  createTokenClient,
  type Grant,
  memoryStore,
  none,
  password,
  post,
  reasonOf,
  refreshToken,
  type TokenClient,
  TokenError,
  type TokenStore,
} from '../../packages/client/src/index.ts'

/*
 * What compiles for the client's users, and what does not. Nothing here runs: `npm run check` and a test read it, and an
 * expected error that is none is an error.
 */

const minimal: ClientOptions = { issuer: 'https://auth.example.com', clientId: 'id', clientSecret: 'secret' }
export const client: TokenClient = createTokenClient(minimal)

/* Options. */

export const whole: TokenClient = createTokenClient({
  tokenEndpoint: 'https://auth.example.com/token',
  clientId: 'id',
  clientSecret: 'secret',
  auth: basic(),
  grant: clientCredentials(),
  scope: 'read write',
  resource: ['https://api.example.com'],
  parameters: { audience: 'api' },
  origins: ['https://api.example.com'],
  store: memoryStore(),
  dialect: dialect({ body: 'json', lifetimeUnit: 'minutes', credential: { header: 'x-token' } }),
  defaultLifetimeSeconds: 3600,
  timeoutMs: 2000,
  allowInsecure: false,
  onRenew: ({ grantType, expiresInSeconds, scope }) => {
    const said: [string | undefined, number | undefined, string | undefined] = [
      grantType,
      expiresInSeconds,
      scope,
    ]
    return void said
  },
  onError: (error, { willRetry, hasToken }) => void [error.code, willRetry || hasToken],
  fetch: globalThis.fetch,
})

/** What comes out of an environment may be missing. */
createTokenClient({ issuer: process.env.ISSUER, clientId: process.env.ID, clientSecret: process.env.SECRET })

// @ts-expect-error: there is no such option
createTokenClient({ ...minimal, isuer: 'https://auth.example.com' })
// @ts-expect-error: a scope is one text
createTokenClient({ ...minimal, scope: ['read', 'write'] })
// @ts-expect-error: origins are a list
createTokenClient({ ...minimal, origins: 'https://api.example.com' })
// @ts-expect-error: milliseconds are a number
createTokenClient({ ...minimal, timeoutMs: '4s' })
// @ts-expect-error: how a client proves itself is a function
createTokenClient({ ...minimal, auth: 'basic' })
// @ts-expect-error: a grant is made by a function of its own
createTokenClient({ ...minimal, grant: 'client_credentials' })
// @ts-expect-error: a dialect is made by `dialect`
createTokenClient({ ...minimal, dialect: { body: 'json' } })
// @ts-expect-error: there is no such unit
dialect({ lifetimeUnit: 'hours' })
// @ts-expect-error: there is no such way
dialect({ credential: { cookie: 'token' } })
// @ts-expect-error: options are needed
createTokenClient()

/* Grants, and how a client proves itself. */

export const grants: Grant[] = [
  clientCredentials(),
  password({ username: 'john', password: 'secret' }),
  refreshToken(),
  refreshToken('token'),
  authorizationCode({
    code: 'code',
    codeVerifier: 'verifier',
    redirectUri: 'https://app.example.com/callback',
  }),
  authorizationCode({ code: 'code' }),
  { parameters: { grant_type: 'urn:example:own' }, isRepeatable: true },
]
// @ts-expect-error: a code is needed
authorizationCode({ codeVerifier: 'verifier' })
// @ts-expect-error: a password is needed
password({ username: 'john' })

export const authentications: ClientAuthentication[] = [
  basic(),
  post(),
  none(),
  ({ headers }) => headers.set('x-app', 'id'),
  async ({ parameters, clientId = '' }) => parameters.set('app', clientId),
]

/* Stores. */

let kept: string | undefined
const immediate: TokenStore = {
  get: () => kept,
  compareAndSet(expected, next) {
    if (kept !== expected) return false
    kept = next
    return true
  },
}
const eventual: TokenStore = {
  get: async () => kept,
  compareAndSet: async (expected, next) => immediate.compareAndSet(expected, next),
  lock: (task) => task(),
}
export const stores: TokenStore[] = [immediate, eventual, memoryStore(), fileStore('tokens.json')]
// @ts-expect-error: the last part of a store's work is that nobody is written over
export const careless: TokenStore = { get: () => kept, set: () => {} }

/* What a client gives. */

export const token: Promise<string> = client.getToken({ rejected: 'old', signal: AbortSignal.timeout(1000) })
export const dropIn: typeof fetch = client.fetch
export const credential: Promise<Credential | undefined> = client.credentialFor(
  new URL('https://api.example.com'),
)
export const ownFetch: TokenClient = createTokenClient({ ...minimal, fetch: client.fetch })
// @ts-expect-error: a client's members are not to be replaced
client.fetch = globalThis.fetch

export async function handle(): Promise<string | number | undefined> {
  try {
    const response = await client.fetch('https://api.example.com/info', { method: 'POST', body: 'text' })
    const reason:
      | 'insufficient_scope'
      | 'body_not_replayed'
      | 'new_token_refused'
      | 'own_credential'
      | undefined = reasonOf(response)
    // @ts-expect-error: there is no such reason
    if (reason === 'expired') return undefined
    return reason
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return explain(error)
  }
}

/** Every code has its case: one that is added or goes makes this an error. */
function explain({ code, isPassing, retryAfterSeconds }: TokenError): string | number | undefined {
  switch (code) {
    case 'connection_ended':
      return 'connect again'
    case 'request_refused':
    case 'invalid_metadata':
    case 'store_mismatch':
      return 'mend it'
    case 'rate_limited':
      return retryAfterSeconds
    case 'server_unavailable':
    case 'timeout':
    case 'invalid_response':
    case 'store_failed':
      return String(isPassing)
    default:
      return code satisfies never
  }
}

/* axios. */

export const api: AxiosInstance = axios.create({
  baseURL: 'https://api.example.com',
  adapter: axiosAdapter(client, axios),
})
export const why: string | undefined = axiosReasonOf(new Error())
