import { sha256 } from '../base/hash.ts'
import { isRandomSecret, randomSecret } from '../base/random.ts'
import { createLimit } from '../limits/limit.ts'
import { networkOf } from '../limits/network.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { MailText } from '../mail/words/mail-words.ts'
import { emailSchema } from '../people/registration.ts'
import type { MailLink } from '../store/mail-links.ts'
import type { User } from '../store/users.ts'
import type { PageContext } from './page-context.ts'

const hour = 3_600

/**
 * Mails of one kind that one mailbox gets in an hour, whoever asks for them: those of one kind leave those of the other
 * as many. See {@link mailboxOf}.
 */
export const maxMailsPerMailbox = 5
/** Mails that one network may ask for in an hour. */
export const maxMailsPerNetwork = 50

/** How long a link may be used, in seconds. */
export const linkLifetimeSeconds: Record<MailLink['kind'], number> = {
  sign_up: 24 * hour,
  reset_password: hour,
}

/** Somebody gives a mail address, theirs or not. */
export interface MailLinkRequest {
  kind: MailLink['kind']
  /** As {@link parseMailAddress} gives it. */
  email: string
  /** The IP address of whoever asks. */
  address: string
  /** Where the link leads on to in the end. */
  continueTo: string | undefined
  /** What the mail says to this person, if they are known. `undefined`: nothing is sent. Pure. */
  compose(user: User | undefined, linkUrl: string): MailText | undefined
}

export interface MailLinks {
  /**
   * Mails a link, or whatever fits the address. Nothing that depends on the address shows in what it says or in the time
   * that it takes.
   */
  request(request: MailLinkRequest): Promise<{ isAllowed: boolean; retryAfterSeconds: number }>
  /** A live link, left as it is. `undefined`: unknown, spent or expired. */
  find(kind: MailLink['kind'], secret: string | undefined): Promise<MailLink | undefined>
}

/** The links that pages mail, and what limits them. */
export function createMailLinks(context: PageContext, mailer: Mailer): MailLinks {
  const { store, clock, urls } = context
  const parts = { limits: store.limits, clock }
  const mailboxes = createLimit(parts, { name: 'mails to', max: maxMailsPerMailbox, windowSeconds: hour })
  const networks = createLimit(parts, { name: 'mails from', max: maxMailsPerNetwork, windowSeconds: hour })
  const pageOf = { sign_up: urls.signUp, reset_password: urls.resetPassword }

  return {
    async request({ kind, email, address, continueTo, compose }) {
      const network = await networks.take(networkOf(address))
      if (!network.isAllowed) return network
      const user = await findByAddress(store.users, kind, email)
      const secret = randomSecret()
      // Written for every address, also where its secret goes to nobody: otherwise the time would say who is known.
      await store.mailLinks.add({
        link_hash: sha256(secret),
        kind,
        email,
        user_id: kind === 'reset_password' ? (user?.id ?? null) : null,
        continue_to: continueTo ?? null,
        expires_at: clock() + linkLifetimeSeconds[kind],
      })
      const mail = compose(user, linkUrl(pageOf[kind], secret))
      // Counted in any case, for the same reason: a mail that nobody gets leaves the mailbox as many as it had.
      const mailbox = await mailboxes.take(`${mail ? 'sent' : 'not sent'} ${kind} ${mailboxOf(kind, email)}`)
      if (mail && mailbox.isAllowed) mailer.send({ to: email, ...mail })
      return network
    },

    find: async (kind, secret) =>
      secret !== undefined && isRandomSecret(secret)
        ? store.mailLinks.find(sha256(secret), kind, clock())
        : undefined,
  }
}

/** The one spelling of an address that somebody wrote: nothing in it could end a header. `undefined`: it is none. */
export function parseMailAddress(text: string | undefined): string | undefined {
  const parsed = emailSchema.safeParse(text?.trim())
  return parsed.success ? parsed.data : undefined
}

/**
 * What counts as one mailbox. To sign up anybody may write any `+tag` behind somebody's name, and it is all their mailbox.
 * A password is reset for a person who is known, whose address its owner chose: each has mails of its own, so that nobody
 * asks for those of one until there are none for the other.
 */
const mailboxOf = (kind: MailLink['kind'], email: string): string =>
  kind === 'sign_up' ? email.replace(/\+.*(?=@)/, '') : email

/** The page that a mailed link opens, and to which its form is posted. */
export const linkUrl = (page: string, secret: string): string => `${page}/confirm?token=${secret}`

/**
 * Whoever has this address, or signs in by it; to sign up also where their own address is another, for the username is
 * taken. Always two questions, so that the time says nothing.
 */
async function findByAddress(
  users: PageContext['store']['users'],
  kind: MailLink['kind'],
  email: string,
): Promise<User | undefined> {
  const byEmail = await users.findByEmail(email)
  const byUsername = await users.findByUsername(email)
  return byEmail ?? (kind === 'sign_up' || byUsername?.email === null ? byUsername : undefined)
}
