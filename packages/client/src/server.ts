import { basic, none } from './authentication.ts'
import { discover, endpointOf, type ServerMetadata } from './discovery.ts'
import { ask } from './http.ts'
import type { Settings } from './options.ts'
import { readAnswer, refusal, type TokenAnswer } from './token-answer.ts'
import type { WireAnswer } from './wire.ts'

/** Parameters of a request by their standard names. */
export type Parameters = Readonly<Record<string, string>>

/** The authorization server as this client speaks to it. */
export interface Server {
  /** RFC 6749 §3.2. @throws TokenError */
  token(grant: Parameters, over: AbortSignal): Promise<TokenAnswer>
  /** Sends `parameters` in the server's way, as this client; to `known`, else where the metadata say. @throws TokenError */
  send(
    name: 'token_endpoint' | 'revocation_endpoint',
    known: string | undefined,
    parameters: URLSearchParams,
    over: AbortSignal,
  ): Promise<WireAnswer>
}

export function createServer(settings: Settings): Server {
  const { issuer, tokenEndpoint, clientId, clientSecret, dialect, transport } = settings
  /** Read once. */
  let metadata: Partial<ServerMetadata> = {}

  const send: Server['send'] = async (name, known, parameters, over) => {
    if (!known && issuer && !metadata.issuer) metadata = await discover(issuer, transport)
    const url = known ?? endpointOf(metadata, name, transport)
    const grantType = parameters.get('grant_type')
    const headers = new Headers({ accept: 'application/json' })
    const { auth = clientSecret ? basic() : none() } = settings
    await auth({ url, issuer, clientId, clientSecret, headers, parameters })
    // Last before it is sent: metadata and auth may have taken long.
    over.throwIfAborted()
    const secrets = [clientSecret, headers.get('authorization')?.replace(/^\w+ /, '')]
    for (const [parameter, value] of parameters) if (secretParameters.test(parameter)) secrets.push(value)
    const answer = await ask(transport, ...dialect.write(url, headers, parameters))
    const said = dialect.read(answer.body, settings.clock.nowMs())
    // There are servers that refuse with a 200.
    if (answer.ok && !said.error) return said
    throw refusal({ ...answer, said, url, grantType, secrets }, dialect)
  }

  return {
    send,
    async token(grant, over) {
      const isRefresh = grant.grant_type === 'refresh_token'
      const known = (isRefresh && dialect.refreshEndpoint) || tokenEndpoint
      const said = await send('token_endpoint', known, withExtras(grant, isRefresh, settings), over)
      return readAnswer(said, settings.defaultLifetimeSeconds)
    },
  }
}

/** Adds what every request for a token asks for; the scope only at the start, for a refresh keeps it (RFC 6749 §6). */
function withExtras(
  start: Parameters,
  isRefresh: boolean,
  { scope, resources, parameters, grant }: Settings,
): URLSearchParams {
  const all = new URLSearchParams({ ...start, ...parameters })
  if (scope && grant.isRepeatable && !isRefresh) all.set('scope', scope)
  for (const resource of resources) all.append('resource', resource)
  return all
}

/** What must not be quoted. */
const secretParameters = /secret|pass|code|token|assertion|key/i
