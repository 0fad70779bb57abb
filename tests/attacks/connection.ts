import type { AuthorizationCode } from '../../packages/server/src/store/authorization-codes.ts'
import type { User } from '../../packages/server/src/store/users.ts'
import {
  addPerson,
  type Credentials,
  issueCode,
  type Parts,
  redeem,
  registerCodeClient,
  type Tokens,
  tokensOf,
} from '../support/connection.ts'
import { startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

/** The moment at which these tests begin, in Unix seconds. */
export const start = 1_800_000_000

/** A server whose clock stands still until it is moved, an app and a person. */
export interface Scene extends AsyncDisposable {
  server: TestServer
  parts: Parts
  tokenUrl: string
  app: Credentials
  user: User
  /** Lets time pass. */
  wait(seconds: number): void
  code(change?: Partial<AuthorizationCode>): Promise<string>
  connect(): Promise<Tokens>
  /** Everything that a refused request must leave as it was. */
  rows(): Promise<unknown>
}

export async function setScene(options: TestServerOptions = {}): Promise<Scene> {
  let now = start
  const clock = () => now
  const server = await startServer({ clock, ...options })
  const { store, config, urls } = server.latchkey
  const parts = { store, clock }
  const app = await registerCodeClient(parts)
  const user = await addPerson(parts)
  const code = (change: Partial<AuthorizationCode> = {}) =>
    issueCode(parts, app, user, { audience: config.audience, ...change })
  return {
    server,
    parts,
    tokenUrl: urls.token,
    app,
    user,
    wait(seconds) {
      now += seconds
    },
    code,
    connect: async () => tokensOf(await redeem(urls.token, app, await code())),
    rows: () => everyRow(server),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function everyRow({ latchkey }: TestServer): Promise<unknown> {
  const { kysely } = latchkey.store.database
  return structuredClone({
    codes: await kysely.selectFrom('authorization_codes').selectAll().orderBy('code_hash').execute(),
    connections: await kysely.selectFrom('connections').selectAll().orderBy('id').execute(),
    tokens: await kysely.selectFrom('opaque_tokens').selectAll().orderBy('id').execute(),
    revocations: await kysely.selectFrom('revocations').selectAll().orderBy('position').execute(),
  })
}
