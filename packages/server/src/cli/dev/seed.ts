import { systemClock as clock } from '../../base/clock.ts'
import { sha256 } from '../../base/hash.ts'
import { randomId } from '../../base/random.ts'
import type { DialectRoute } from '../../dialects/dialect.ts'
import type { DemoUser } from '../../pages/page-context.ts'
import { hashPassword } from '../../people/password.ts'
import type { Latchkey } from '../../server.ts'
import type { ClientChanges, NewClient } from '../../store/clients.ts'
import type { Store } from '../../store/store.ts'
import type { Demo } from './demo.ts'

const actor = 'command-line'

/** Where the demo apps take people back; the port is free to vary (RFC 8252 §7.3). */
export const callbackPath = '/callback'
const redirectUris = ['127.0.0.1', 'localhost'].map((host) => `http://${host}${callbackPath}`).join(' ')

/** How long demo apps may send passwords, and how long the demo key lives, in seconds. */
const passwordGrantSeconds = 365 * 86_400
const apiKeySeconds = 3650 * 86_400

/** Makes the demo clients and users that are not there yet, and brings the clients up to date. */
export async function seed({ store, config, dialect }: Latchkey, demo: Demo): Promise<void> {
  const scope = Object.keys(config.scopes).join(' ')
  const password = config.passwordGrant ? ['password'] : []
  await putClient(
    store,
    {
      id: demo.client.id,
      name: 'Demo app',
      type: 'confidential',
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token', ...password].join(' '),
      scope,
      redirect_uris: redirectUris,
    },
    demo.client.secret,
  )
  await putClient(store, {
    id: demo.publicClient.id,
    name: 'Demo single-page app',
    type: 'public',
    grant_types: 'authorization_code refresh_token',
    scope,
    redirect_uris: redirectUris,
  })
  const { id, secret } = demo.resourceServer
  const { audience, apiName: name } = config
  await putClient(store, { id, name, type: 'resource_server', grant_types: '', scope: '', audience }, secret)
  if (config.passwordGrant) {
    const firstParties = firstPartyApps(dialect.routes)
    for (const [id, grantTypes] of firstParties)
      await putClient(store, { id, name, type: 'public', grant_types: grantTypes.join(' '), scope })
    for (const id of [demo.client.id, ...firstParties.keys()]) await allowPasswords(store, id)
  }
  for (const user of demo.users) await addUser(store, user)
}

type DemoApp = Pick<NewClient, 'id' | 'name' | 'type' | 'grant_types' | 'scope'> &
  Partial<Pick<NewClient, 'audience' | 'redirect_uris'>>

/** An earlier start made the client; since then the config, the port or Latchkey itself may have changed. */
async function putClient(store: Store, app: DemoApp, secret?: string): Promise<void> {
  const { id, grant_types, scope, audience = null, redirect_uris = '' } = app
  const at = clock()
  const event = (action: string) => ({ at, actor, action, subject: `client:${id}` })
  const client = await store.clients.find(id)
  if (!client) {
    const added = { owner_id: null, created_at: at, audience, ...app }
    const hash = secret === undefined ? undefined : sha256(secret)
    await store.clients.add(added, hash, event('client.registered'))
    return
  }
  const wanted: ClientChanges = { grant_types, scope, audience, redirect_uris }
  const isSame = Object.entries(wanted).every(
    ([name, value]) => client[name as keyof ClientChanges] === value,
  )
  if (!isSame) await store.clients.change(id, wanted, event('client.changed'))
}

/** The apps that a dialect takes for granted, with what they may do: those whose answer has one may refresh. */
function firstPartyApps(routes: readonly DialectRoute[]): Map<string, string[]> {
  const apps = new Map<string, string[]>()
  for (const { request, answer } of routes) {
    const id = request?.defaults?.client_id
    if (id === undefined) continue
    const refreshes = answer === undefined || Object.values(answer).includes('refresh_token')
    apps.set(id, refreshes ? ['password', 'refresh_token'] : ['password'])
  }
  return apps
}

async function allowPasswords(store: Store, id: string): Promise<void> {
  const at = clock()
  const allowed = await store.passwordGrants.find(id)
  if (allowed !== undefined && allowed.expires_at > at) return
  const event = { at, actor, action: 'client.password_allowed', subject: `client:${id}` }
  await store.passwordGrants.allow(id, at + passwordGrantSeconds, event)
}

async function addUser(store: Store, { username, password, name }: DemoUser): Promise<void> {
  if (await store.users.findByUsername(username)) return
  const at = clock()
  const id = randomId()
  const user = {
    id,
    username,
    name,
    email: `${username}@example.com`,
    password_hash: await hashPassword(password),
    created_at: at,
  }
  await store.users.add(user, { at, actor, action: 'user.added', subject: `user:${id}` })
}

/**
 * A key of the demo app for an API that takes keys: an opaque token that lives long. It is for one audience and scope, so
 * that a start with others has another. `undefined`: the dialect's API takes none.
 */
export async function seedApiKey(latchkey: Latchkey, demo: Demo): Promise<string | undefined> {
  const { store, config, dialect } = latchkey
  const takesKeys = dialect.api.some(({ credentials }) => credentials.some((way) => 'header' in way))
  if (!takesKeys) return undefined
  const scope = Object.keys(config.scopes).join(' ')
  const key = demo.secretOf(`api key ${config.audience} ${scope}`)
  const now = clock()
  if (await store.opaqueTokens.find(sha256(key), now)) return key
  const client = await store.clients.find(demo.client.id)
  await store.opaqueTokens.add({
    token_hash: sha256(key),
    id: randomId(),
    client_id: demo.client.id,
    user_id: null,
    connection_id: null,
    scope,
    audience: config.audience,
    client_epoch: client?.epoch ?? 0,
    user_epoch: 0,
    epoch: (await store.revocations.head()).epoch,
    issued_at: now,
    expires_at: now + apiKeySeconds,
  })
  return key
}
