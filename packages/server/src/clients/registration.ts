import type { Clock } from '../base/clock.ts'
import { nearestName } from '../base/explain.ts'
import { sha256 } from '../base/hash.ts'
import { isPlainText } from '../base/plain-text.ts'
import { randomId, randomSecret } from '../base/random.ts'
import { isScopeToken, parseScope } from '../base/scope.ts'
import type { Client } from '../store/clients.ts'
import type { ClientType } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { parseRedirectUri, RedirectUriError } from './redirect-uri.ts'

/** The shortest secret that is taken from elsewhere, in characters: kept as a plain hash, it must be random. */
export const minImportedSecretLength = 16
const maxNameLength = 120
/** Redirect URIs of one app. */
export const maxRedirectUris = 20
/** What an app may be registered for. */
export const registrableGrantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
] as const
const printable = /^[\x21-\x7e]{1,200}$/

export interface NewApp {
  name: string
  type: ClientType
  scope: string
  /**
   * Default: `client_credentials` for a confidential client; with redirect URIs `authorization_code` and `refresh_token`
   * too, also for a public one.
   */
  grantTypes?: readonly string[] | undefined
  /** Where people are sent back to (RFC 6749 §3.1.2). */
  redirectUris?: readonly string[]
  /** Who made it, as shown to people. Default: its owner, or the API's own people. */
  publisher?: string | undefined
  /** For a resource server: its resource indicator. */
  audience?: string | undefined
  ownerId?: string
  /** To take over from another system; made when left out. */
  id?: string
  secret?: string
}

/** Says what is wrong with a registration, and how to mend it. */
export class RegistrationError extends Error {
  override readonly name = 'RegistrationError'
}

export interface RegisteredApp {
  id: string
  /** Shown this once; kept as a hash. `undefined` for a public client. */
  secret: string | undefined
}

/**
 * Registers a client.
 *
 * @throws RegistrationError when a value cannot stand, or the id is taken.
 */
export async function registerApp(
  { store, clock }: { store: Store; clock: Clock },
  app: NewApp,
  actor: string,
): Promise<RegisteredApp> {
  checkApp(app)
  const id = app.id ?? randomId()
  const secret = app.type === 'public' ? undefined : (app.secret ?? randomSecret())
  const at = clock()
  const isAdded = await store.clients.add(
    {
      ...columnsOf(app),
      id,
      type: app.type,
      owner_id: app.ownerId ?? null,
      audience: app.audience ?? null,
      created_at: at,
    },
    secret === undefined ? undefined : sha256(secret),
    { at, actor, action: 'client.registered', subject: `client:${id}` },
  )
  if (!isAdded) throw new RegistrationError(`There is a client with the id ${id} already. Choose another id.`)
  return { id, secret }
}

export type AppChanges = Partial<Pick<NewApp, 'name' | 'scope' | 'grantTypes' | 'redirectUris' | 'publisher'>>

/**
 * Changes an app, which must then be one that could be registered. Tokens that it has live on. Grant types that it had by
 * default follow its redirect URIs.
 *
 * @returns the client as it was, or `undefined` when there is none of that id.
 * @throws RegistrationError when a value cannot stand.
 */
export async function changeRegistration(
  { store, clock }: { store: Store; clock: Clock },
  id: string,
  changes: AppChanges,
  actor: string,
): Promise<Client | undefined> {
  const client = await store.clients.find(id)
  if (!client) return undefined
  const before = appOf(client)
  const hasUsualGrants = grantsOf({ ...before, grantTypes: undefined }) === client.grant_types
  const app = { ...before, ...(hasUsualGrants ? { grantTypes: undefined } : {}), ...changes }
  checkApp(app)
  const event = { at: clock(), actor, action: 'client.changed', subject: `client:${id}` }
  const isChanged = await store.clients.change(id, columnsOf(app), event)
  return isChanged ? client : undefined
}

/** A client as it would be registered. */
const appOf = (client: Client): NewApp => ({
  name: client.name,
  type: client.type,
  scope: client.scope,
  grantTypes: wordsOf(client.grant_types),
  redirectUris: wordsOf(client.redirect_uris),
  publisher: client.publisher ?? undefined,
  audience: client.audience ?? undefined,
})

const wordsOf = (list: string): string[] => list.split(' ').filter((word) => word !== '')

const columnsOf = (app: NewApp) => ({
  name: app.name,
  grant_types: grantsOf(app),
  scope: parseScope(app.scope).join(' '),
  redirect_uris: [...new Set(app.redirectUris)].join(' '),
  publisher: app.publisher ?? null,
})

const grantsOf = (app: NewApp): string => [...new Set(app.grantTypes ?? usualGrantTypes(app))].join(' ')

/**
 * Gives a client a new secret; the one in use lives on for the overlap, so that a deployment can change over.
 *
 * @returns the new secret, or `undefined` when there is no such client or it is public.
 */
export async function rotateSecret(
  { store, clock }: { store: Store; clock: Clock },
  id: string,
  overlapSeconds: number,
  actor: string,
): Promise<{ secret: string; oldExpiresAt: number } | undefined> {
  const secret = randomSecret()
  const at = clock()
  const oldExpiresAt = at + overlapSeconds
  const event = { at, actor, action: 'client.secret_rotated', subject: `client:${id}` }
  const isRotated = await store.clients.rotateSecret(id, sha256(secret), oldExpiresAt, event)
  return isRotated ? { secret, oldExpiresAt } : undefined
}

function usualGrantTypes({ type, redirectUris = [] }: NewApp): string[] {
  return [
    ...(redirectUris.length > 0 ? ['authorization_code', 'refresh_token'] : []),
    ...(type === 'confidential' ? ['client_credentials'] : []),
  ]
}

function checkApp(app: NewApp): void {
  const { name, type, scope, id, secret, audience, publisher } = app
  checkName('A name', name)
  if (publisher !== undefined) checkName("A publisher's name", publisher)
  checkRedirectUris(app)
  checkGrantTypes(app)
  const wrong = parseScope(scope).find((token) => !isScopeToken(token))
  if (wrong !== undefined)
    throw new RegistrationError('A scope holds no space, quote or backslash (RFC 6749 §3.3).')
  if (id !== undefined && !printable.test(id)) {
    throw new RegistrationError('A client id has 1 to 200 printable ASCII characters and no space.')
  }
  if (secret !== undefined && (!printable.test(secret) || secret.length < minImportedSecretLength)) {
    throw new RegistrationError(
      `A secret has ${minImportedSecretLength} to 200 printable ASCII characters and no space. Leave it out to have one made.`,
    )
  }
  if (type === 'resource_server' && !audience) {
    throw new RegistrationError('A resource server needs its audience: the URI of the API (RFC 8707).')
  }
}

function checkName(what: string, name: string): void {
  if (name.trim() !== '' && name.length <= maxNameLength && isPlainText(name)) return
  throw new RegistrationError(
    `${what} has 1 to ${maxNameLength} characters, none of them unseen (a control character, one that turns the writing around).`,
  )
}

function checkRedirectUris({ type, redirectUris = [] }: NewApp): void {
  if (redirectUris.length > maxRedirectUris)
    throw new RegistrationError(`An app has ${maxRedirectUris} redirect URIs at most.`)
  if (redirectUris.length > 0 && type === 'resource_server')
    throw new RegistrationError('A resource server sends nobody away: leave out its redirect URIs.')
  for (const uri of redirectUris) {
    try {
      parseRedirectUri(uri)
    } catch (error) {
      throw error instanceof RedirectUriError ? new RegistrationError(error.message) : error
    }
  }
}

function checkGrantTypes(app: NewApp): void {
  const { type, grantTypes = [], redirectUris = [] } = app
  const unknown = grantTypes.find((name) => !registrableGrantTypes.some((known) => known === name))
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, registrableGrantTypes)
    const hint = nearest ? `Did you mean ${nearest}?` : `Known: ${registrableGrantTypes.join(', ')}.`
    throw new RegistrationError(`There is no such grant type. ${hint}`)
  }
  if (grantTypes.length > 0 && type === 'resource_server')
    throw new RegistrationError('A resource server obtains no tokens: leave out its grant types.')
  if (grantTypes.includes('client_credentials') && type === 'public')
    throw new RegistrationError(
      'A public app has no secret, so client_credentials is not for it (RFC 6749 §4.4).',
    )
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0)
    throw new RegistrationError('The grant type authorization_code needs a redirect URI.')
  if (type === 'public' && grantsOf(app) === '')
    throw new RegistrationError(
      'This app could do nothing: an app without a secret needs a redirect URI, to which people come back.',
    )
}
