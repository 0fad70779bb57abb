import { afterSignIn, continuationUrl, readContinuation } from '../authorize/continuation.ts'
import type { Handler } from '../base/handler.ts'
import { toPlainText } from '../base/plain-text.ts'
import { randomId } from '../base/random.ts'
import { mailWordsIn } from '../mail/words/words.ts'
import { hashPassword } from '../people/password.ts'
import { minPasswordLength, nameProblem, passwordProblem } from '../people/registration.ts'
import type { MailLink } from '../store/mail-links.ts'
import { againUrl, leadAfterUse, linkFields, linkPurpose } from './link-form.ts'
import { type MailAddressStep, mailAddressForm, mailAddressPage } from './mail-address-step.ts'
import { createMailLinks, linkLifetimeSeconds, linkUrl, type MailLinks } from './mail-links.ts'
import type { PageContext } from './page-context.ts'
import { linkExpiredTemplate } from './templates/link-expired.ts'
import { type FinishSignUpProps, finishSignUpTemplate, signUpTemplate } from './templates/sign-up.ts'
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

/** `GET /sign-up`: asks for a mail address, and nothing else. */
export const signUpPage = (context: PageContext): Handler =>
  whereOffered(context, () => mailAddressPage(context, stepOf(context)))

/** `POST /sign-up`: mails a link. Whether the address is known shows in the mail alone. */
export const signUpForm = (context: PageContext): Handler =>
  whereOffered(context, (links) => mailAddressForm(context, links, stepOf(context)))

/** `GET /sign-up/confirm`: what the link opens. It spends nothing, for a mail scanner opens it too. */
export const finishSignUpPage = (context: PageContext): Handler =>
  whereOffered(context, (links) =>
    visited(context, async (visit) => {
      const link = await links.find('sign_up', visit.fields.get('token'))
      return link ? askForPerson(context, visit, link, { errors: {} }) : linkExpired(context, visit)
    }),
  )

/** `POST /sign-up/confirm`: spends the link, makes the account, signs in and goes on to where they wanted to go. */
export const finishSignUpForm = (context: PageContext): Handler =>
  whereOffered(context, (links) =>
    visited(context, async (visit) => {
      const { fields } = visit
      const link = await links.find('sign_up', fields.get('token'))
      if (!link) return linkGone(context, visit)
      const name = toPlainText(fields.get('name') ?? '')
      const password = fields.get('password') ?? ''
      if (!isOurForm(context, visit, linkPurpose(link)))
        return askForPerson(context, visit, link, { name, errors: {}, notice: 'form_expired' })
      const errors = { name: nameProblem(name), password: passwordProblem(password, link.email) }
      if (errors.name || errors.password) return askForPerson(context, visit, link, { name, errors })
      const password_hash = await hashPassword(password)
      const id = await addPerson(context, { name, password_hash }, link)
      if (id === undefined) return linkGone(context, visit)
      await context.people.trust({ id, username: link.email, email: link.email }, whereabouts(visit))
      return signIn(context, visit, link, id)
    }),
  )

/** Sign-up is there when the owner lets it, passwords are kept here, and mail can be sent. */
function whereOffered(context: PageContext, make: (links: MailLinks) => Handler): Handler {
  const { config, people, mailer } = context
  return config.signUp && people.isLocal && mailer ? make(createMailLinks(context, mailer)) : notOffered
}

/** In the mail alone it shows whether there is an account. */
const stepOf = ({ config: { apiName }, urls }: PageContext): MailAddressStep => ({
  kind: 'sign_up',
  url: urls.signUp,
  template: signUpTemplate,
  compose({ look, continuation }, user, url) {
    const words = mailWordsIn[look.language]
    if (!user) return words.signUp({ apiName, url, hours: linkLifetimeSeconds.sign_up / 3_600 })
    const query = { continue: continuation }
    return words.hasAccount({
      apiName,
      signInUrl: withQuery(urls.signIn, query),
      resetPasswordUrl: withQuery(urls.resetPassword, query),
    })
  },
})

async function askForPerson(
  context: PageContext,
  visit: Visit,
  link: MailLink,
  said: Pick<FinishSignUpProps, 'name' | 'errors' | 'notice'>,
): Promise<Response> {
  const page = finishSignUpTemplate(
    {
      ...said,
      action: linkUrl(context.urls.signUp, visit.fields.get('token') ?? ''),
      formToken: context.browsers.formToken(visit.browser, linkPurpose(link)),
      linkFields: linkFields(link),
      email: link.email,
      minPasswordLength,
    },
    visit.look,
  )
  const { errors, notice } = said
  return show(context, visit, page, {
    ...problem(errors.name ?? errors.password ?? notice),
    mayEndAtClient: continuationOfLink(context, link) !== undefined,
  })
}

/** A link that this form has used already did what it was for. */
const linkGone = async (context: PageContext, visit: Visit): Promise<Response> =>
  (await leadAfterUse(context, visit, 'sign_up')) ?? linkExpired(context, visit)

async function linkExpired(context: PageContext, visit: Visit): Promise<Response> {
  const props = { kind: 'sign_up', againUrl: await againUrl(context, visit, 'sign_up') } as const
  return show(context, visit, linkExpiredTemplate(props, visit.look), { status: 410 })
}

/** Spends the link in one with it. `undefined`: it was spent already, or there is an account of another link. */
async function addPerson(
  { store, clock }: PageContext,
  { name, password_hash }: { name: string; password_hash: string },
  { email, link_hash }: MailLink,
): Promise<string | undefined> {
  const id = randomId()
  const now = clock()
  const isAdded = await store.users.add(
    { id, username: email, name, email, password_hash, created_at: now },
    { at: now, actor: `user:${id}`, action: 'user.signed_up', subject: `user:${id}` },
    link_hash,
  )
  return isAdded ? id : undefined
}

/** Under a new session id; the browser that opened the link may be another than the one that asked for it. */
async function signIn(context: PageContext, visit: Visit, link: MailLink, id: string): Promise<Response> {
  const { browsers, config, clock, urls } = context
  const startedAt = clock()
  const cookies = await browsers.signIn(visit.browser, { id, epoch: 0 })
  const continuation = continuationOfLink(context, link)
  if (!cookies) return lead(context, visit, withQuery(urls.signIn, { continue: continuation }))
  if (!continuation) return lead(context, visit, urls.account, cookies)
  const next = afterSignIn(continuation, { id }, startedAt, config)
  return lead(context, visit, continuationUrl(next, config.issuer), cookies)
}

const continuationOfLink = ({ wires, config }: PageContext, { continue_to }: MailLink) =>
  readContinuation(continue_to, wires, config.issuer)
