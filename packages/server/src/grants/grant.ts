import type { Clock } from '../base/clock.ts'
import type { Exchange } from '../base/handler.ts'
import type { Config } from '../config/config.ts'
import type { People } from '../people/people.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { Store } from '../store/store.ts'
import type { HeadWatch } from '../store/watch.ts'
import type { AccessTokenIssuer, TokenAnswer } from '../tokens/access-token.ts'
import type { RefreshTokens } from '../tokens/refresh-token.ts'

/** What a grant may use. */
export interface GrantContext {
  config: Config
  clock: Clock
  store: Store
  watch: HeadWatch
  people: People
  accessTokens: AccessTokenIssuer
  refreshTokens: RefreshTokens
}

/** RFC 6749 §1.3: a way to come by an access token. The client has been authenticated. */
export interface Grant {
  grantType: string
  exchange(
    context: GrantContext,
    client: ClientWithSecrets,
    parameters: ReadonlyMap<string, string>,
    exchange: Exchange,
  ): TokenAnswer | Promise<TokenAnswer>
}
