import { text } from 'node:stream/consumers'
import { systemClock as clock, type UnixSeconds } from '../base/clock.ts'
import { unknownScope } from '../base/explain.ts'
import {
  type AppChanges,
  changeRegistration,
  type NewApp,
  registerApp,
  rotateSecret,
} from '../clients/registration.ts'
import type { Config, Environment } from '../config/config.ts'
import type { Client } from '../store/clients.ts'
import type { ClientType } from '../store/schema.ts'
import { CommandError } from './command-error.ts'
import type { ConfigOption } from './config-file.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** Apps that one page of the list reads. */
const pageSize = 500

export interface ChangeAppOptions extends ConfigOption {
  name?: string
  scope?: string
  redirectUri?: string[]
  publisher?: string
  grant?: string[]
}

export interface CreateAppOptions extends Omit<ChangeAppOptions, 'name'> {
  type: ClientType
  audience?: string
  id?: string
  secretStdin?: boolean
}

/** `latchkey app create` */
export async function createApp(
  name: string,
  options: CreateAppOptions,
  environment: Environment,
): Promise<void> {
  const secret = options.secretStdin ? (await text(process.stdin)).trim() : undefined
  const registered = await withStore(options, environment, (store, config) =>
    registerApp(
      { store, clock },
      {
        name,
        type: options.type,
        ...(options.type === 'resource_server' ? ofResourceServer(options, config) : ofApp(options, config)),
        redirectUris: options.redirectUri ?? [],
        ...(options.publisher === undefined ? {} : { publisher: options.publisher }),
        ...(options.grant === undefined ? {} : { grantTypes: options.grant }),
        ...(options.id === undefined ? {} : { id: options.id }),
        ...(secret === undefined ? {} : { secret }),
      },
      actor,
    ),
  )
  printLine(`client_id      ${registered.id}`)
  if (registered.secret === undefined || secret !== undefined) return
  printLine(`client_secret  ${registered.secret}`)
  printLine('Keep the secret now: it is stored as a hash and cannot be shown again.')
}

function ofApp({ scope, audience }: CreateAppOptions, config: Config): Pick<NewApp, 'scope'> {
  if (audience !== undefined) throw new CommandError('--audience goes with --type resource_server.')
  checkScope(scope, config)
  return { scope: scope ?? Object.keys(config.scopes).join(' ') }
}

function checkScope(scope: string | undefined, { scopes }: Config): void {
  const problem = unknownScope(scope ?? '', Object.keys(scopes))
  if (problem !== undefined) throw new CommandError(`--scope: ${problem}`)
}

function ofResourceServer({ scope, audience }: CreateAppOptions, config: Config) {
  if (scope !== undefined) throw new CommandError(scopeIsForApps)
  const known = [config.audience, ...config.resources]
  if (audience === undefined || known.includes(audience))
    return { scope: '', audience: audience ?? config.audience }
  throw new CommandError(
    `No token is for ${audience}. Known: ${known.join(', ')}; add it to \`resources\` in the config.`,
  )
}

const scopeIsForApps = '--scope is for apps: a resource server obtains no tokens.'

/** `latchkey app change` */
export async function changeApp(
  id: string,
  options: ChangeAppOptions,
  environment: Environment,
): Promise<void> {
  const changes = changesOf(options)
  if (Object.keys(changes).length === 0)
    throw new CommandError('Say what to change: --name, --redirect-uri, --scope, --grant or --publisher.')
  await withStore(options, environment, async (store, config) => {
    checkScope(options.scope, config)
    const client = await store.clients.find(id)
    if (client?.type === 'resource_server' && options.scope !== undefined)
      throw new CommandError(scopeIsForApps)
    if (!client || !(await changeRegistration({ store, clock }, id, changes, actor))) throw noApp(id)
  })
  printLine(`${id} is changed, and its tokens live on. \`latchkey app show ${id}\` says what it is now.`)
}

/** What was said, and nothing else: an option that is left out changes nothing. */
function changesOf({ name, scope, redirectUri, grant, publisher }: ChangeAppOptions): AppChanges {
  return {
    ...(name === undefined ? {} : { name }),
    ...(scope === undefined ? {} : { scope }),
    ...(redirectUri === undefined ? {} : { redirectUris: redirectUri }),
    ...(grant === undefined ? {} : { grantTypes: grant }),
    ...(publisher === undefined ? {} : { publisher }),
  }
}

const noApp = (id: string): CommandError =>
  new CommandError(`There is no app with the id ${id}. \`latchkey app list\` names them.`)

/** `latchkey app list`: id, type, state, name; then, where it may send passwords, until when and how often it did. */
export function listApps(options: ConfigOption, environment: Environment): Promise<void> {
  return withStore(options, environment, async (store) => {
    let after = ''
    for (;;) {
      const clients = await store.clients.list(pageSize, after)
      for (const client of clients) {
        const state = client.disabled_at === null ? 'active' : 'disabled'
        const grant = await store.passwordGrants.find(client.id)
        const words = grant ? [`password until ${dateOf(grant.expires_at)}`, `used ${grant.uses} times`] : []
        printLine([client.id, client.type, state, client.name, ...words].join('\t'))
      }
      if (clients.length < pageSize) return
      after = clients.at(-1)?.id ?? ''
    }
  })
}

/** `latchkey app show` */
export function showApp(id: string, options: ConfigOption, environment: Environment): Promise<void> {
  return withStore(options, environment, async (store) => {
    const client = await store.clients.find(id)
    if (!client) throw noApp(id)
    const grant = await store.passwordGrants.find(id)
    const facts = {
      name: client.name,
      type: client.type,
      state: client.disabled_at === null ? 'active' : 'disabled',
      publisher: client.publisher,
      grant_types: client.grant_types,
      scope: client.scope,
      audience: client.audience,
      redirect_uris: client.redirect_uris,
      password_until: grant && dateOf(grant.expires_at),
      password_uses: grant && String(grant.uses),
    }
    printLine(`client_id\t${id}`)
    for (const [name, value] of Object.entries(facts)) if (value) printLine(`${name}\t${value}`)
  })
}

const dateOf = (seconds: UnixSeconds): string => new Date(seconds * 1000).toISOString().slice(0, 10)

/** `latchkey app allow-password` */
export async function allowPassword(
  id: string,
  options: ConfigOption & { until: string },
  environment: Environment,
): Promise<void> {
  const until = readDate(options.until)
  const at = clock()
  const isAllowed = until > at
  const action = isAllowed ? 'client.password_allowed' : 'client.password_ended'
  await withStore(options, environment, async (store, config) => {
    const client = await store.clients.find(id)
    if (!client) throw noApp(id)
    if (isAllowed) checkPasswordGrant(client)
    if (!(await store.passwordGrants.allow(id, until, { at, actor, action, subject: `client:${id}` })))
      throw noApp(id)
    if (!isAllowed) return printLine(`${id} may not send people's passwords from now on.`)
    printLine(`${id} may send people's passwords until ${options.until}, 00:00 UTC.`)
    if (!config.passwordGrant) printLine('It does not yet: set `passwordGrant: true` in the config.')
  })
}

function checkPasswordGrant({ id, grant_types }: Client): void {
  if (grant_types.split(' ').includes('password')) return
  const grants = `${grant_types} password`.trim()
  throw new CommandError(
    `${id} lacks the grant type password. Give it to it first: \`latchkey app change ${id} --grant ${grants}\`.`,
  )
}

/** The beginning of a day, UTC. */
function readDate(text: string): UnixSeconds {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(time) || dateOf(time / 1000) !== text)
    throw new CommandError(`--until ${text} is not a date. Write it as 2030-12-31.`)
  return time / 1000
}

/** `latchkey app disable` */
export async function disableApp(id: string, options: ConfigOption, environment: Environment): Promise<void> {
  const event = { at: clock(), actor, action: 'client.disabled', subject: `client:${id}` }
  const isDisabled = await withStore(options, environment, (store) => store.clients.disable(id, event))
  if (!isDisabled)
    throw new CommandError(`There is no active app with the id ${id}. \`latchkey app list\` names them.`)
  printLine(`${id} is refused from now on, and its tokens are ended.`)
}

/** `latchkey app rotate-secret` */
export async function rotateAppSecret(
  id: string,
  options: ConfigOption & { now?: boolean },
  environment: Environment,
): Promise<void> {
  const rotated = await withStore(options, environment, (store, config) =>
    rotateSecret({ store, clock }, id, options.now ? 0 : config.clientSecretOverlapSeconds, actor),
  )
  if (!rotated) throw new CommandError(`There is no app with the id ${id} that has a secret.`)
  printLine(`client_secret  ${rotated.secret}`)
  printLine(
    options.now
      ? 'The old secret is refused from now on.'
      : `The old secret works until ${new Date(rotated.oldExpiresAt * 1000).toISOString()}.`,
  )
}
