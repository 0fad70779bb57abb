import { OAuthError, type OAuthErrorCode } from '../base/oauth-error.ts'
import { parseScope } from '../base/scope.ts'
import type { Config } from '../config/config.ts'
import type { Connection } from '../store/connection.ts'
import type { SignedInAccount } from '../store/sessions.ts'
import type { Store } from '../store/store.ts'
import { findAccount, isFreshlySignedIn, type Presence } from './account.ts'
import { AuthorizationError } from './authorization-error.ts'
import { findPermission, type Permission } from './permission.ts'
import type { AuthorizationRequest } from './request.ts'

/** What happens next to an authorization request. */
export type NextStep =
  | { kind: 'sign_in'; username: string | undefined }
  | { kind: 'choose_account' }
  | ({ kind: 'consent' } & Grantable)
  /** The person allowed as much before. */
  | ({ kind: 'answer' } & Grantable)

export interface Grantable extends Permission {
  account: SignedInAccount
  /** The live connection of this person to this app. */
  connection: Connection | undefined
}

export interface NextStepContext {
  config: Config
  store: Pick<Store, 'connections'>
}

/** What a client hears that wants nobody to be asked (OpenID Connect Core §3.1.2.6). */
const silentErrors = {
  sign_in: ['login_required', 'The person must sign in first.'],
  choose_account: ['account_selection_required', 'The person must choose an account first.'],
  consent: ['consent_required', 'The person has not allowed this yet.'],
} as const satisfies Partial<Record<NextStep['kind'], [OAuthErrorCode, string]>>

/**
 * Decides whom to ask what: account, fresh sign-in, permission, consent.
 *
 * @throws AuthorizationError `access_denied` when the person may not grant it; what `prompt=none` leaves undone.
 */
export async function decideNextStep(
  context: NextStepContext,
  request: AuthorizationRequest,
  presence: Presence,
): Promise<NextStep> {
  const step = await findNextStep(context, request, presence)
  if (step.kind === 'answer' || !request.prompts.has('none')) return step
  const [code, description] = silentErrors[step.kind]
  throw new AuthorizationError(request, new OAuthError(code, description))
}

async function findNextStep(
  { config, store }: NextStepContext,
  request: AuthorizationRequest,
  presence: Presence,
): Promise<NextStep> {
  const choice = findAccount(request, presence)
  if (choice.kind !== 'account') return choice
  const { account } = choice
  if (!isFreshlySignedIn(request, account, presence)) return { kind: 'sign_in', username: account.username }
  const permission = AuthorizationError.during(request, () => findPermission(config, request, account))
  const connection = await store.connections.findBetween(account.id, request.client.id, presence.now)
  const isRemembered = isAllowedAlready(config, request, permission, connection)
  return { kind: isRemembered ? 'answer' : 'consent', account, connection, ...permission }
}

/**
 * Consent is remembered in the connection that it gave. A public client proves nothing about who it is, so its person
 * is asked each time (RFC 6749 §10.2); so are those whose connection would be replaced.
 */
function isAllowedAlready(
  { connections }: Config,
  { client, prompts, audience }: AuthorizationRequest,
  { granted }: Permission,
  connection: Connection | undefined,
): boolean {
  if (!connection || client.type !== 'confidential' || connections !== 'many' || prompts.has('consent')) {
    return false
  }
  const covers = (allowed: string, wanted: readonly string[]) =>
    wanted.every((one) => allowed.split(' ').includes(one))
  return covers(connection.scope, parseScope(granted)) && covers(connection.audience, audience)
}
