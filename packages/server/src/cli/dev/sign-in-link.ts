import { challengeOf } from '../../base/pkce.ts'
import { randomId, randomSecret } from '../../base/random.ts'
import type { Latchkey } from '../../server.ts'
import type { Demo } from './demo.ts'
import { callbackPath } from './seed.ts'

/** A link that a person follows to let the demo app act for them. It is good for as long as the server runs. */
export interface SignInLink {
  url: string
  redirectUri: string
  state: string
  /** `undefined`: the configuration asks for none (RFC 7636). */
  verifier: string | undefined
}

/** Makes the link of the demo app, spelled as the server's dialect spells it. */
export function createSignInLink({ config, dialect, urls }: Latchkey, demo: Demo): SignInLink {
  const redirectUri = `${new URL(config.issuer).origin}${callbackPath}`
  const state = randomId()
  const verifier = config.pkce === 'required' ? randomSecret() : undefined
  const { rename = {}, values = {} } =
    dialect.routes.find(({ kind }) => kind === 'authorization')?.request ?? {}
  const onTheWire = (record: Readonly<Record<string, string>>, standard: string) =>
    Object.entries(record).find(([, meant]) => meant === standard)?.[0] ?? standard
  const parameters = {
    response_type: onTheWire(values.response_type ?? {}, 'code'),
    client_id: demo.client.id,
    redirect_uri: redirectUri,
    scope: Object.keys(config.scopes).join(' '),
    state,
    ...(verifier === undefined
      ? {}
      : { code_challenge: challengeOf(verifier), code_challenge_method: 'S256' }),
  }
  const query = new URLSearchParams(
    Object.entries(parameters)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [onTheWire(rename, name), value]),
  )
  return { url: `${urls.authorization}?${query}`, redirectUri, state, verifier }
}
