import { keptIn } from './kept.ts'
import { type ClientOptions, parseOptions } from './options.ts'
import { createServer } from './server.ts'
import { readTokens } from './tokens.ts'

/**
 * Ends the connection that `options.store` holds: at the server (RFC 7009), then here. Takes the options of its
 * `createTokenClient`; a client that was made with them finds out when it next renews.
 *
 * `revocationEndpoint`: default what the server's metadata say.
 *
 * @throws TokenError, and the tokens are kept, when the server could not be told: `invalid_metadata` where it has no such endpoint.
 */
export async function disconnect({
  revocationEndpoint,
  ...options
}: ClientOptions & { revocationEndpoint?: string | undefined }): Promise<void> {
  const settings = parseOptions(options)
  const store = keptIn(settings.store)
  const server = createServer(settings)
  await store.alone(async () => {
    const text = await store.read()
    const tokens = readTokens(text, settings.owner, settings.asked)
    if (!tokens) return
    const { accessToken, refreshToken } = tokens
    const parameters = new URLSearchParams({
      token: refreshToken ?? accessToken,
      token_type_hint: refreshToken ? 'refresh_token' : 'access_token',
    })
    await server.send('revocation_endpoint', revocationEndpoint, parameters)
    await store.write(text, undefined)
  })
}
