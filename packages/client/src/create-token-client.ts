import { createFetch } from './fetch.ts'
import { type ClientOptions, demand, parseOptions } from './options.ts'
import { createRenewal } from './renewal.ts'
import type { Credential, GetTokenOptions, TokenClient } from './token-client.ts'
import { giveUpOn } from './waiting.ts'

/**
 * Gets a token, keeps it, and renews it in time, from any OAuth 2 server.
 *
 * @throws TypeError on an option that is missing, unknown or wrong. Nothing is asked of the server yet.
 */
export function createTokenClient(options: ClientOptions): TokenClient {
  const settings = parseOptions(options)
  const renewal = createRenewal(settings)
  const { origins, dialect } = settings

  async function getToken({ rejected, signal }: GetTokenOptions = {}): Promise<string> {
    signal?.throwIfAborted()
    return renewal.usable(rejected) ?? giveUpOn(signal, renewal.renew(rejected))
  }

  async function credentialFor(
    url: string | URL,
    options?: GetTokenOptions,
  ): Promise<Credential | undefined> {
    demand(origins[0], 'give origins')
    const target = new URL(url)
    if (!origins.includes(target.origin)) return undefined
    const token = await getToken(options)
    return { token, ...dialect.present(token, target) }
  }

  return {
    getToken,
    credentialFor,
    fetch: createFetch({ credentialFor, fetch: settings.transport.fetch }),
  }
}
