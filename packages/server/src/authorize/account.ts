import type { UnixSeconds } from '../base/clock.ts'
import type { SignedInAccount } from '../store/sessions.ts'
import type { Interaction } from './continuation.ts'
import type { AuthorizationRequest } from './request.ts'

/** What is known of the person when a request is decided. */
export interface Presence {
  /** Who is signed in in this browser. */
  accounts: readonly SignedInAccount[]
  /** What they did for this request. */
  interaction: Interaction | undefined
  /** Whether there are accounts to choose though nobody is signed in (`latchkey dev`). */
  hasDemoAccounts: boolean
  accountChooser: 'always' | 'when_several'
  now: UnixSeconds
}

export type AccountChoice =
  | { kind: 'account'; account: SignedInAccount }
  /** Several would do, or the person is to say which. */
  | { kind: 'choose_account' }
  /** @param username fills the form. */
  | { kind: 'sign_in'; username: string | undefined }

/** Whose account a request is about. */
export function findAccount(request: AuthorizationRequest, presence: Presence): AccountChoice {
  const { accounts, interaction } = presence
  const chosen = accounts.find(({ id }) => id === interaction?.accountId)
  if (chosen) return { kind: 'account', account: chosen }
  if (mustChoose(request, presence)) return { kind: 'choose_account' }
  const hinted = findHinted(request, accounts)
  if (hinted) return { kind: 'account', account: hinted }
  const [only, ...others] = accounts
  if (!only) return { kind: 'sign_in', username: request.loginHint }
  const isAnotherHinted = request.loginHint !== undefined
  return others.length > 0 || isAnotherHinted
    ? { kind: 'choose_account' }
    : { kind: 'account', account: only }
}

/** Whether the person signed in for this request, or recently enough for it (OpenID Connect Core §3.1.2.1). */
export function isFreshlySignedIn(
  { prompts, maxAgeSeconds }: AuthorizationRequest,
  { signed_in_at, id }: SignedInAccount,
  { interaction, now }: Presence,
): boolean {
  if (interaction?.accountId === id && signed_in_at >= interaction.startedAt) return true
  return !prompts.has('login') && (maxAgeSeconds === undefined || now - signed_in_at < maxAgeSeconds)
}

function mustChoose({ prompts }: AuthorizationRequest, presence: Presence): boolean {
  const isAsked = prompts.has('select_account') || presence.accountChooser === 'always'
  return isAsked && (presence.accounts.length > 0 || presence.hasDemoAccounts)
}

const findHinted = ({ loginHint }: AuthorizationRequest, accounts: readonly SignedInAccount[]) =>
  accounts.find(({ username, email }) => loginHint === username || loginHint?.toLowerCase() === email)
