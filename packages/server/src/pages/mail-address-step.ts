import type { Handler } from '../base/handler.ts'
import type { MailText } from '../mail/words/mail-words.ts'
import type { MailLink } from '../store/mail-links.ts'
import type { User } from '../store/users.ts'
import type { Html } from './layout.ts'
import type { Look } from './look.ts'
import { type MailLinks, parseMailAddress } from './mail-links.ts'
import type { PageContext } from './page-context.ts'
import { checkMailTemplate } from './templates/check-mail.ts'
import type { MailAddressProps } from './templates/mail-address.ts'
import { isOurForm, problem, show, type Visit, visited, withQuery } from './visit.ts'

/** The first step of sign-up and of a reset: a person gives a mail address, and whatever fits it is mailed there. */
export interface MailAddressStep {
  kind: MailLink['kind']
  /** Where its page is. */
  url: string
  template(props: MailAddressProps, look: Look): Html
  /** What the mail says. `undefined`: nothing is sent, and the answer is the same. Pure. */
  compose(visit: Visit, user: User | undefined, linkUrl: string): MailText | undefined
}

/** Asks for the mail address, and nothing else. */
export const mailAddressPage = (context: PageContext, step: MailAddressStep): Handler =>
  visited(context, (visit) => ask(context, step, visit))

/** Mails a link. Whether the address is known shows in the mail alone. */
export const mailAddressForm = (context: PageContext, links: MailLinks, step: MailAddressStep): Handler =>
  visited(context, async (visit) => {
    const { kind } = step
    const { exchange, fields, look, continuation } = visit
    const email = parseMailAddress(fields.get('email'))
    const said = { email: email ?? fields.get('email') }
    if (!isOurForm(context, visit, kind))
      return ask(context, step, visit, { ...said, notice: 'form_expired' })
    if (email === undefined) return ask(context, step, visit, { ...said, error: 'invalid_email' })
    const { isAllowed, retryAfterSeconds } = await links.request({
      kind,
      email,
      address: exchange.address,
      continueTo: continuation,
      compose: (user, linkUrl) => step.compose(visit, user, linkUrl),
    })
    if (!isAllowed) return ask(context, step, visit, { ...said, error: 'throttled' }, retryAfterSeconds)
    const { signIn, mail: outboxUrl } = context.urls
    const signInUrl = withQuery(signIn, { continue: continuation })
    return show(context, visit, checkMailTemplate({ email, kind, signInUrl, outboxUrl }, look))
  })

function ask(
  context: PageContext,
  { kind, url, template }: MailAddressStep,
  visit: Visit,
  said: Pick<MailAddressProps, 'email' | 'error' | 'notice'> = {},
  retryAfterSeconds?: number,
): Promise<Response> {
  const { urls, browsers } = context
  const query = { continue: visit.continuation }
  const props = {
    ...said,
    action: withQuery(url, query),
    formToken: browsers.formToken(visit.browser, kind),
    signInUrl: withQuery(urls.signIn, query),
  }
  return show(
    context,
    visit,
    template(props, visit.look),
    problem(said.error ?? said.notice, retryAfterSeconds),
  )
}
