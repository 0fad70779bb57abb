import type { Handler } from '../base/handler.ts'
import { mailWordsIn } from '../mail/words/words.ts'
import { hashPassword } from '../people/password.ts'
import { minPasswordLength, passwordProblem } from '../people/registration.ts'
import type { MailLink } from '../store/mail-links.ts'
import type { User } from '../store/users.ts'
import {
  createMailLinks,
  linkLifetimeSeconds,
  linkUrl,
  type MailLinks,
  parseMailAddress,
} from './mail-links.ts'
import type { PageContext } from './page-context.ts'
import { checkMailTemplate } from './templates/check-mail.ts'
import { linkExpiredTemplate } from './templates/link-expired.ts'
import {
  type NewPasswordProps,
  newPasswordTemplate,
  type ResetPasswordProps,
  resetPasswordTemplate,
} from './templates/reset-password.ts'
import { isOurForm, lead, notOffered, problem, show, type Visit, visited, withQuery } from './visit.ts'

/** `GET /reset-password`: asks for the mail address of the account. */
export const resetPasswordPage = (context: PageContext): Handler =>
  whereOffered(context, () => visited(context, (visit) => askForAddress(context, visit)))

/** `POST /reset-password`: mails a link to whoever is known. The answer is the same for whoever is not. */
export const resetPasswordForm = (context: PageContext): Handler =>
  whereOffered(context, (links) =>
    visited(context, async (visit) => {
      const { exchange, fields, look, continuation } = visit
      const { urls } = context
      const email = parseMailAddress(fields.get('email'))
      const said = { email: email ?? fields.get('email') }
      if (!isOurForm(context, visit, 'reset-password'))
        return askForAddress(context, visit, { ...said, notice: 'form_expired' })
      if (email === undefined) return askForAddress(context, visit, { ...said, error: 'invalid_email' })
      const { isAllowed, retryAfterSeconds } = await links.request({
        kind: 'reset_password',
        email,
        address: exchange.address,
        continueTo: continuation,
        compose: (user, url) => composeMail(context, visit, user, url),
      })
      if (!isAllowed) return askForAddress(context, visit, { ...said, error: 'throttled' }, retryAfterSeconds)
      const signInUrl = withQuery(urls.signIn, { continue: continuation })
      const props = { email, kind: 'reset_password', signInUrl, outboxUrl: urls.mail } as const
      return show(context, visit, checkMailTemplate(props, look))
    }),
  )

/** `GET /reset-password/confirm`: what the link opens. It spends nothing, for a mail scanner opens it too. */
export const newPasswordPage = (context: PageContext): Handler =>
  whereOffered(context, (links) =>
    visited(context, async (visit) => {
      const found = await findLink(context, links, visit)
      return found ? askForPassword(context, visit, found) : linkExpired(context, visit)
    }),
  )

/** `POST /reset-password/confirm`: spends the link, changes the password and ends all that the old one had opened. */
export const newPasswordForm = (context: PageContext): Handler =>
  whereOffered(context, (links) =>
    visited(context, async (visit) => {
      const { store, watch, clock, urls } = context
      const found = await findLink(context, links, visit)
      if (!found) return linkExpired(context, visit)
      const { link, user } = found
      if (!isOurForm(context, visit, purposeOf(link)))
        return askForPassword(context, visit, found, { notice: 'form_expired' })
      const password = visit.fields.get('password') ?? ''
      const error = passwordProblem(password, user.username)
      if (error) return askForPassword(context, visit, found, { error })
      const passwordHash = await hashPassword(password)
      const who = `user:${user.id}`
      const event = { at: clock(), actor: who, action: 'user.password_reset', subject: who }
      if (!(await links.spend(link))) return linkExpired(context, visit)
      if (!(await store.users.setPassword(user.id, passwordHash, event))) return linkExpired(context, visit)
      await watch.check()
      const query = { notice: 'password_changed', username: user.username, add: '1' }
      const signInUrl = withQuery(urls.signIn, { ...query, continue: link.continue_to ?? undefined })
      return lead(context, visit, signInUrl)
    }),
  )

/** There is a new password to choose where passwords are kept here, and mail can be sent. */
function whereOffered(context: PageContext, make: (links: MailLinks) => Handler): Handler {
  const { people, mailer } = context
  return people.isLocal && mailer ? make(createMailLinks(context, mailer)) : notOffered
}

function askForAddress(
  context: PageContext,
  visit: Visit,
  said: Pick<ResetPasswordProps, 'email' | 'error' | 'notice'> = {},
  retryAfterSeconds?: number,
): Promise<Response> {
  const { urls, browsers } = context
  const query = { continue: visit.continuation }
  const page = resetPasswordTemplate(
    {
      ...said,
      action: withQuery(urls.resetPassword, query),
      formToken: browsers.formToken(visit.browser, 'reset-password'),
      signInUrl: withQuery(urls.signIn, query),
    },
    visit.look,
  )
  return show(context, visit, page, problem(said.error ?? said.notice, retryAfterSeconds))
}

/** Nothing for whoever is unknown or disabled. */
function composeMail({ config }: PageContext, { look }: Visit, user: User | undefined, url: string) {
  if (!user || user.disabled_at !== null) return undefined
  const { apiName } = config
  const minutes = linkLifetimeSeconds.reset_password / 60
  return mailWordsIn[look.language].resetPassword({ apiName, url, minutes, username: user.username })
}

interface LinkOfUser {
  link: MailLink
  user: User
}

/** A live link, with the person whose password it changes. */
async function findLink(
  { store }: PageContext,
  links: MailLinks,
  { fields }: Visit,
): Promise<LinkOfUser | undefined> {
  const link = await links.find('reset_password', fields.get('token'))
  const user = link?.user_id == null ? undefined : await store.users.find(link.user_id)
  return link && user && user.disabled_at === null ? { link, user } : undefined
}

const purposeOf = ({ link_hash }: MailLink): string => `reset-password ${link_hash}`

function askForPassword(
  context: PageContext,
  visit: Visit,
  { link, user }: LinkOfUser,
  said: Pick<NewPasswordProps, 'error' | 'notice'> = {},
): Promise<Response> {
  const page = newPasswordTemplate(
    {
      ...said,
      action: linkUrl(context.urls.resetPassword, visit.fields.get('token') ?? ''),
      formToken: context.browsers.formToken(visit.browser, purposeOf(link)),
      username: user.username,
      minPasswordLength,
    },
    visit.look,
  )
  return show(context, visit, page, problem(said.error ?? said.notice))
}

function linkExpired(context: PageContext, visit: Visit): Promise<Response> {
  const againUrl = context.urls.resetPassword
  return show(context, visit, linkExpiredTemplate({ kind: 'reset_password', againUrl }, visit.look), {
    status: 410,
  })
}
