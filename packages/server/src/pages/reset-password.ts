import type { Handler } from '../base/handler.ts'
import { mailWordsIn } from '../mail/words/words.ts'
import { hashPassword } from '../people/password.ts'
import { minPasswordLength, passwordProblem } from '../people/registration.ts'
import type { MailLink } from '../store/mail-links.ts'
import type { User } from '../store/users.ts'
import { againUrl, leadAfterUse, linkFields, linkPurpose } from './link-form.ts'
import { type MailAddressStep, mailAddressForm, mailAddressPage } from './mail-address-step.ts'
import { createMailLinks, linkLifetimeSeconds, linkUrl, type MailLinks } from './mail-links.ts'
import { leaveNotice } from './notice.ts'
import type { PageContext } from './page-context.ts'
import { linkExpiredTemplate } from './templates/link-expired.ts'
import {
  type NewPasswordProps,
  newPasswordTemplate,
  resetPasswordTemplate,
} from './templates/reset-password.ts'
import {
  isOurForm,
  lead,
  notOffered,
  problem,
  show,
  type Visit,
  visited,
  whereabouts,
  withQuery,
} from './visit.ts'

/** `GET /reset-password`: asks for the mail address of the account. */
export const resetPasswordPage = (context: PageContext): Handler =>
  whereOffered(context, () => mailAddressPage(context, stepOf(context)))

/** `POST /reset-password`: mails a link to whoever is known. The answer is the same for whoever is not. */
export const resetPasswordForm = (context: PageContext): Handler =>
  whereOffered(context, (links) => mailAddressForm(context, links, stepOf(context)))

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
      const { store, people, watch, clock, urls } = context
      const found = await findLink(context, links, visit)
      if (!found) return linkGone(context, visit)
      const { link, user } = found
      if (!isOurForm(context, visit, linkPurpose(link)))
        return askForPassword(context, visit, found, { notice: 'form_expired' })
      const password = visit.fields.get('password') ?? ''
      const error = passwordProblem(password, user.username)
      if (error) return askForPassword(context, visit, found, { error })
      const passwordHash = await hashPassword(password)
      const who = `user:${user.id}`
      const event = { at: clock(), actor: who, action: 'user.password_reset', subject: who }
      const linkHash = link.link_hash
      if (!(await store.users.setPassword(user.id, passwordHash, event, { linkHash }))) {
        return linkGone(context, visit)
      }
      await watch.check()
      await people.trust(user, whereabouts(visit))
      const query = { username: user.username, add: '1' }
      const signInUrl = withQuery(urls.signIn, { ...query, continue: link.continue_to ?? undefined })
      return lead(context, visit, signInUrl, [leaveNotice(context, 'password_changed')])
    }),
  )

/** There is a new password to choose where passwords are kept here, and mail can be sent. */
function whereOffered(context: PageContext, make: (links: MailLinks) => Handler): Handler {
  const { people, mailer } = context
  return people.isLocal && mailer ? make(createMailLinks(context, mailer)) : notOffered
}

/** Nothing is mailed to whoever is unknown or disabled. */
const stepOf = ({ config: { apiName }, urls }: PageContext): MailAddressStep => ({
  kind: 'reset_password',
  url: urls.resetPassword,
  template: resetPasswordTemplate,
  compose({ look }, user, url) {
    if (!user || user.disabled_at !== null) return undefined
    const minutes = linkLifetimeSeconds.reset_password / 60
    return mailWordsIn[look.language].resetPassword({ apiName, url, minutes, username: user.username })
  },
})

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
      formToken: context.browsers.formToken(visit.browser, linkPurpose(link)),
      linkFields: linkFields(link),
      username: user.username,
      minPasswordLength,
    },
    visit.look,
  )
  return show(context, visit, page, problem(said.error ?? said.notice))
}

/** A link that this form has used already did what it was for. */
const linkGone = async (context: PageContext, visit: Visit): Promise<Response> =>
  (await leadAfterUse(context, visit, 'reset_password')) ?? linkExpired(context, visit)

async function linkExpired(context: PageContext, visit: Visit): Promise<Response> {
  const props = {
    kind: 'reset_password',
    againUrl: await againUrl(context, visit, 'reset_password'),
  } as const
  return show(context, visit, linkExpiredTemplate(props, visit.look), {
    status: 410,
  })
}
