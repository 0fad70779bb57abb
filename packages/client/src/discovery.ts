import { TokenError } from './errors.ts'
import { ask, isSecure, type Transport } from './http.ts'

/** What of a server's metadata (RFC 8414 §2) a client uses; all but `issuer` may be missing. */
export interface ServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly revocation_endpoint?: string
  readonly authorization_response_iss_parameter_supported?: boolean
}

/**
 * Reads the metadata of RFC 8414, else those of OpenID Connect Discovery, and checks that they are the issuer's own: those of
 * another would send our secrets there (RFC 8414 §3.3).
 *
 * @throws TokenError `invalid_metadata`, or what kept them from being read.
 */
export async function discover(issuer: string, transport: Transport): Promise<ServerMetadata> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  let trouble: TokenError | undefined
  for (const place of [
    `/.well-known/oauth-authorization-server${path}`,
    `${path}/.well-known/openid-configuration`,
  ]) {
    const url = origin + place
    const { ok, status, body, retryAfterSeconds } = await ask(transport, url, {})
    const what = `${url} answers ${status}`
    const found: ServerMetadata = Object(body)
    if (ok && found.issuer === issuer) return found
    if (ok && body)
      throw invalid(`${url} is of ${JSON.stringify(found.issuer)?.slice(0, 300)}, not of ${issuer}.`)
    trouble =
      status === 429 || status >= 500
        ? new TokenError('server_unavailable', `${what}.`, { status, retryAfterSeconds })
        : (trouble ?? invalid(`${what}: give tokenEndpoint.`))
  }
  throw trouble
}

const invalid = (message: string) => new TokenError('invalid_metadata', message)

/** An endpoint of the metadata that secrets may be sent to. @throws TokenError `invalid_metadata` */
export function endpointOf(
  metadata: Partial<ServerMetadata>,
  name: `${'authorization' | 'token' | 'revocation'}_endpoint`,
  { allowInsecure }: Transport,
): string {
  const url: unknown = metadata[name]
  if (typeof url === 'string' && isSecure(url, allowInsecure)) return new URL(url).href
  throw invalid(`The server has no ${name} that is https.`)
}
