import type { Config } from '../config/config.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { AccessTokenIssuer, TokenAnswer } from '../tokens/access-token.ts'

/** What a grant may use. */
export interface GrantContext {
  config: Config
  accessTokens: AccessTokenIssuer
}

/** RFC 6749 §1.3: a way to come by an access token. The client has been authenticated. */
export interface Grant {
  grantType: string
  exchange(
    context: GrantContext,
    client: ClientWithSecrets,
    parameters: ReadonlyMap<string, string>,
  ): TokenAnswer | Promise<TokenAnswer>
}
