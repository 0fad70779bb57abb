import { text } from 'node:stream/consumers'
import { systemClock as clock } from '../base/clock.ts'
import { nearestName } from '../base/explain.ts'
import { parseScope } from '../base/scope.ts'
import { type NewApp, registerApp, rotateSecret } from '../clients/registration.ts'
import type { Config, Environment } from '../config/config.ts'
import type { ClientType } from '../store/schema.ts'
import { CommandError } from './command-error.ts'
import type { ConfigOption } from './config-file.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** Apps that one page of the list reads. */
const pageSize = 500

export interface CreateAppOptions extends ConfigOption {
  type: ClientType
  scope?: string
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
  const known = Object.keys(config.scopes)
  const unknown = parseScope(scope ?? '').find((token) => !known.includes(token))
  if (unknown === undefined) return { scope: scope ?? known.join(' ') }
  const nearest = nearestName(unknown, known)
  const hint = nearest ? `Did you mean \`${nearest}\`?` : 'Add it to `scopes` there first.'
  throw new CommandError(`The config has no scope \`${unknown}\`. ${hint}`)
}

function ofResourceServer({ scope, audience }: CreateAppOptions, config: Config) {
  if (scope !== undefined) throw new CommandError('--scope is for apps: a resource server obtains no tokens.')
  const known = [config.audience, ...config.resources]
  if (audience === undefined || known.includes(audience))
    return { scope: '', audience: audience ?? config.audience }
  throw new CommandError(
    `No token is for ${audience}. Known: ${known.join(', ')}; add it to \`resources\` in the config.`,
  )
}

/** `latchkey app list` */
export function listApps(options: ConfigOption, environment: Environment): Promise<void> {
  return withStore(options, environment, async (store) => {
    let after = ''
    for (;;) {
      const clients = await store.clients.list(pageSize, after)
      for (const client of clients) {
        const state = client.disabled_at === null ? 'active' : 'disabled'
        printLine([client.id, client.type, state, client.name].join('\t'))
      }
      if (clients.length < pageSize) return
      after = clients.at(-1)?.id ?? ''
    }
  })
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
