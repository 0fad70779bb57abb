import type { Insertable, Selectable } from 'kysely'
import type { UnixSeconds } from '../base/clock.ts'
import {
  type Connection,
  endedColumns,
  type Grantor,
  type NewConnection,
  openConnection,
  recordEnd,
} from './connection.ts'
import { type Database, firstRow, mayBeStored, rows, type Transaction } from './database.ts'
import type { OpaqueToken } from './opaque-tokens.ts'
import { purgeExpired } from './purge.ts'
import type { Schema } from './schema.ts'
import { lockUser, type User } from './users.ts'

/** How long a code is remembered after it expired, in seconds: a day, so that its replay can be told. */
export const codeRetentionSeconds = 86_400

export type AuthorizationCode = Selectable<Schema['authorization_codes']>
export type NewAuthorizationCode = Omit<
  Insertable<Schema['authorization_codes']>,
  'spent_at' | 'connection_id'
>

/** An access token, and the row that must be kept for it: one of an opaque token, none of a JWT. */
export interface TokenWithRow {
  row: OpaqueToken | undefined
}

/** What the client proves when it redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.5), and what it gets. */
export interface Redemption<Token extends TokenWithRow = TokenWithRow> {
  codeHash: string
  /** Authenticated. */
  clientId: string
  redirectUri: string | undefined
  /** The challenge of the verifier that was sent. */
  codeChallenge: string | undefined
  /** How long the loser of a race is told apart from a replay, in seconds. */
  graceSeconds: number
  /** How many connections there may be of one person to one app. */
  limit: 'one' | 'many'
  /**
   * Makes the access token of the new connection; its row is kept in one with it. Throws where more is asked for than the
   * code holds: then the code is not spent.
   */
  issue(connection: Connection, user: Grantor): Token
  /** The connection that the code gives, but for what the code itself says. */
  connection: Omit<NewConnection, 'client_id' | 'user_id' | 'scope' | 'audience'>
  now: UnixSeconds
}

export type RedemptionOutcome<Token> = { kind: 'redeemed'; connection: Connection; token: Token } | Refusal

/** From outside all causes look the same; `reason` is for the log. */
interface Refusal {
  kind: 'refused'
  reason: string
}

export interface AuthorizationCodeStore {
  /**
   * Keeps a code of a person who was authenticated as `user`. `false`: they were disabled or signed out everywhere
   * since, and there is no code.
   */
  add(code: NewAuthorizationCode, user: Pick<User, 'epoch'>): Promise<boolean>
  /**
   * Spends the code and opens its connection, in one: of many at once one wins. A code that comes again within the
   * grace, from its own client with the right proof, lost a race and ends nothing; any other replay ends what the
   * code gave (RFC 6749 §4.1.2).
   */
  redeem<Token extends TokenWithRow>(redemption: Redemption<Token>): Promise<RedemptionOutcome<Token>>
  /** Deletes codes that expired {@link codeRetentionSeconds} ago, a batch at most; says how many. */
  purge(now: UnixSeconds, limit: number): Promise<number>
}

/** Authorization codes over either database; of many who redeem one at once, one wins. */
export function createAuthorizationCodeStore(database: Database): AuthorizationCodeStore {
  const { kysely } = database
  return {
    add: (code, user) =>
      database.transact(function* () {
        const locked = yield* lockUser(database, code.user_id)
        if (!locked || locked.epoch !== user.epoch) return false
        const row = { ...code, spent_at: null, connection_id: null }
        yield* rows(kysely.insertInto('authorization_codes').values(row))
        return true
      }),

    redeem: (redemption) => database.transact(() => redeem(database, redemption)),

    purge: (now, limit) => purgeExpired(database, 'authorization_codes', now - codeRetentionSeconds, limit),
  }
}

function* redeem<Token extends TokenWithRow>(
  database: Database,
  redemption: Redemption<Token>,
): Transaction<RedemptionOutcome<Token>> {
  const { codeHash } = redemption
  const known = yield* findCode(database, codeHash)
  if (!known) return refused('unknown code')
  const user = yield* lockUser(database, known.user_id)
  const code = yield* spend(database, redemption)
  if (!code) return yield* explainRefusal(database, redemption)
  if (!user) return refused('the person is disabled')
  const { client_id, user_id, scope, audience } = code
  const connection = { ...redemption.connection, client_id, user_id, scope, audience }
  const event = { at: redemption.now, actor: `client:${client_id}` }
  const opened = yield* openConnection(database, connection, redemption.limit, event)
  const token = redemption.issue(opened, user)
  if (token.row) yield* rows(database.kysely.insertInto('opaque_tokens').values(token.row))
  return { kind: 'redeemed', connection: opened, token }
}

function* findCode({ kysely }: Database, codeHash: string): Transaction<AuthorizationCode | undefined> {
  return yield* firstRow(
    kysely.selectFrom('authorization_codes').selectAll().where('code_hash', '=', codeHash),
  )
}

/** The one statement that wins or loses. */
function* spend(
  { kysely }: Database,
  { codeHash, clientId, redirectUri, codeChallenge, connection, now }: Redemption,
): Transaction<AuthorizationCode | undefined> {
  if (redirectUri !== undefined && !mayBeStored(redirectUri)) return undefined
  const update = kysely
    .updateTable('authorization_codes')
    .set({ spent_at: now, connection_id: connection.id })
    .where('code_hash', '=', codeHash)
    .where('client_id', '=', clientId)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now)
    .where((where) =>
      redirectUri === undefined
        ? where('is_redirect_uri_required', '=', 0)
        : where('redirect_uri', '=', redirectUri),
    )
    .where((where) =>
      codeChallenge === undefined
        ? where('code_challenge', 'is', null)
        : where('code_challenge', '=', codeChallenge),
    )
  return yield* firstRow(update.returningAll())
}

function* explainRefusal(database: Database, redemption: Redemption): Transaction<Refusal> {
  const code = yield* findCode(database, redemption.codeHash)
  if (!code) return refused('unknown code')
  const mismatch = findMismatch(code, redemption)
  if (code.spent_at === null) return refused(mismatch ?? 'expired code')
  const isLostRace = mismatch === undefined && redemption.now < code.spent_at + redemption.graceSeconds
  if (isLostRace) return refused('the code was spent a moment ago')
  yield* endWhatItGave(database, code, redemption)
  return refused(`replayed code${mismatch === undefined ? '' : `, ${mismatch}`}`)
}

function findMismatch(code: AuthorizationCode, redemption: Redemption): string | undefined {
  const { clientId, redirectUri, codeChallenge } = redemption
  if (code.client_id !== clientId) return "another client's code"
  if (redirectUri === undefined ? code.is_redirect_uri_required === 1 : code.redirect_uri !== redirectUri) {
    return 'another redirect_uri'
  }
  if (code.code_challenge !== (codeChallenge ?? null)) return 'another code_verifier'
  return undefined
}

function* endWhatItGave(
  database: Database,
  code: AuthorizationCode,
  redemption: Redemption,
): Transaction<void> {
  if (code.connection_id === null) return
  const ended = yield* rows(
    database.kysely.deleteFrom('connections').where('id', '=', code.connection_id).returning(endedColumns),
  )
  const { now, clientId } = redemption
  const event = { at: now, actor: `client:${clientId}`, action: 'connection.ended_by_replay' }
  yield* recordEnd(database, ended, event)
}

const refused = (reason: string): Refusal => ({ kind: 'refused', reason })
