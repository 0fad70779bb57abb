import { isSecure, parseJson } from './http.ts'
import { keptIn } from './kept.ts'
import { type ClientOptions, demand, parseOptions } from './options.ts'
import { createServer } from './server.ts'
import type { TokenStore } from './store.ts'
import { readTokens } from './tokens.ts'

export interface DisconnectOptions extends ClientOptions {
  /** Where the connection is. */
  store: TokenStore
  /** RFC 7009. Default: what the metadata of `issuer` say; where there is a `tokenEndpoint` alone it must be given. */
  revocationEndpoint?: string | undefined
}

/** After so many renewals by others the last one is left to them. */
const maxRounds = 5

/**
 * Ends the connection that `options.store` holds: at the server (RFC 7009), then here. Takes the options of its
 * `createTokenClient`; a client that was made with them finds out when it next renews.
 *
 * @throws TypeError on a wrong option. TokenError, and the tokens are kept, when the server could not be told:
 * `invalid_metadata` where it has no such endpoint. Also TokenError `timeout`, when the store hangs for 45 seconds.
 */
export async function disconnect({ revocationEndpoint, ...options }: DisconnectOptions): Promise<void> {
  demand(options.store, 'disconnect ends what a store holds: give the store of that client')
  const settings = parseOptions(options)
  demand(
    revocationEndpoint === undefined || isSecure(revocationEndpoint, settings.transport.allowInsecure),
    'revocationEndpoint is an https URL (or say allowInsecure: true)',
  )
  demand(
    revocationEndpoint ?? options.issuer,
    'give revocationEndpoint: without an issuer there are no metadata that say where tokens are revoked',
  )
  const store = keptIn(settings.store)
  const server = createServer(settings)
  await store.alone(async (over) => {
    for (let round = 0; round < maxRounds; round++) {
      const text = await store.read()
      // Whatever it was asked for: a connection is ended, not used.
      const tokens = readTokens(text, settings.owner, Object(parseJson(text ?? '')).asked)
      if (!tokens) return
      const { accessToken, refreshToken } = tokens
      const parameters = new URLSearchParams({
        token: refreshToken ?? accessToken,
        token_type_hint: refreshToken ? 'refresh_token' : 'access_token',
      })
      // Not once it is over: whoever was told that it failed must not find it done later.
      await server.send('revocation_endpoint', revocationEndpoint, parameters, over)
      // Without a lock another process may have renewed meanwhile: what it got is ended too.
      if (await store.write(text, undefined)) return
    }
  })
}
