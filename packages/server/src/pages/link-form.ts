import { continuationUrl, readContinuation } from '../authorize/continuation.ts'
import { sha256 } from '../base/hash.ts'
import type { MailLink } from '../store/mail-links.ts'
import { leaveNotice } from './notice.ts'
import type { PageContext } from './page-context.ts'
import { isOurForm, lead, type Visit, whereabouts, withQuery } from './visit.ts'

/** What the form behind a mailed link carries of the link, which is gone once it was used. */
export const linkFields = ({
  email,
  expires_at,
  continue_to,
}: MailLink): (readonly [name: string, value: string])[] => [
  ['email', email],
  ['link_expires_at', String(expires_at)],
  ['continue', continue_to ?? ''],
]

/** What the form is for, and about: its token seals what it carries. */
export const linkPurpose = (link: MailLink): string =>
  purposeBy(link.kind, link.link_hash, new Map(linkFields(link)))

/**
 * Leads on from a form whose link was used already, as by a second press of its button: to sign-in, which says that it is
 * done. `undefined`: it is no form of ours, its link has expired, or the password that it sent is not theirs.
 */
export async function leadAfterUse(
  context: PageContext,
  visit: Visit,
  kind: MailLink['kind'],
): Promise<Response | undefined> {
  const { store, urls, clock, config, people } = context
  const { fields, browser, continuation } = visit
  const isOurs = isOurForm(context, visit, purposeBy(kind, sha256(fields.get('token') ?? ''), fields))
  if (!isOurs || Number(fields.get('link_expires_at')) <= clock()) return undefined
  const email = fields.get('email') ?? ''
  const user = (await store.users.findByEmail(email)) ?? (await store.users.findByUsername(email))
  if (!user || user.disabled_at !== null) return undefined
  // A link may also be gone because something else ended it: what was sent must be what is so.
  const attempt = { username: user.username, password: fields.get('password') ?? '', ...whereabouts(visit) }
  const signIn = await people.signIn(attempt)
  if (signIn.kind !== 'signed_in' || signIn.user.id !== user.id) return undefined
  if (browser.accounts.some(({ id }) => id === user.id))
    return lead(context, visit, continuation ? continuationUrl(continuation, config.issuer) : urls.account)
  const query = { username: email, add: '1', continue: continuation }
  return lead(context, visit, withQuery(urls.signIn, query), [leaveNotice(context, notices[kind])])
}

/** Where another link is asked for: what waited for one that expired waits for the next, too. */
export async function againUrl(
  { store, urls, wires, config }: PageContext,
  { fields, continuation }: Visit,
  kind: MailLink['kind'],
): Promise<string> {
  // No link expired before time began: this finds one that did, as long as it is kept.
  const expired = await store.mailLinks.find(sha256(fields.get('token') ?? ''), kind, 0)
  const waiting = continuation ?? readContinuation(expired?.continue_to, wires, config.issuer)
  return withQuery(kind === 'sign_up' ? urls.signUp : urls.resetPassword, { continue: waiting })
}

const notices = { sign_up: 'account_ready', reset_password: 'password_changed' } as const

const purposeBy = (kind: MailLink['kind'], linkHash: string, fields: ReadonlyMap<string, string>): string =>
  JSON.stringify([
    kind,
    linkHash,
    fields.get('email'),
    fields.get('link_expires_at'),
    fields.get('continue') ?? '',
  ])
