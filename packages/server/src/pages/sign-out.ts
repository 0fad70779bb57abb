import type { Handler } from '../base/handler.ts'
import type { SignedInAccount } from '../store/sessions.ts'
import type { PageContext } from './page-context.ts'
import { signedOutTemplate, signOutTemplate } from './templates/sign-out.ts'
import { isOurForm, lead, problem, show, type Visit, visited, withQuery } from './visit.ts'

/** `GET /sign-out`: asks first, since any site may lead here. With `account` it is about that one alone. */
export const signOutPage = (context: PageContext): Handler =>
  visited(context, async (visit) => (isAnyoneLeaving(visit) ? ask(context, visit) : leadOut(context, visit)))

/** `POST /sign-out`: signs one account out of this browser, or everyone. Apps stay connected. */
export const signOutForm = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    if (!isAnyoneLeaving(visit)) return leadOut(context, visit)
    if (!isOurForm(context, visit, purposeOf(visit))) return ask(context, visit, 'form_expired')
    const cookies = await context.browsers.signOut(visit.browser, visit.fields.get('account'))
    return leadOut(context, visit, leaving(visit), cookies)
  })

/** `GET /signed-out` */
export const signedOutPage = (context: PageContext): Handler =>
  visited(context, (visit) =>
    show(context, visit, signedOutTemplate({ signInUrl: context.urls.signIn }, visit.look)),
  )

/** The one account that was named, or everyone. One that is not signed in in this browser is nobody. */
function leaving({ browser, fields }: Visit): SignedInAccount[] {
  const named = fields.get('account')
  return browser.accounts.filter(({ id }) => named === undefined || id === named)
}

const isAnyoneLeaving = (visit: Visit): boolean => leaving(visit).length > 0

const purposeOf = ({ fields }: Visit): string => `sign-out ${fields.get('account') ?? 'everyone'}`

function ask(context: PageContext, visit: Visit, notice?: 'form_expired'): Promise<Response> {
  const { urls, browsers } = context
  const page = signOutTemplate(
    {
      action: withQuery(urls.signOut, { account: visit.fields.get('account') }),
      formToken: browsers.formToken(visit.browser, purposeOf(visit)),
      accounts: leaving(visit),
      accountUrl: urls.account,
      notice,
    },
    visit.look,
  )
  return show(context, visit, page, problem(notice))
}

/** To whoever stays signed in, or out. */
function leadOut(
  context: PageContext,
  visit: Visit,
  left: readonly SignedInAccount[] = [],
  cookies: readonly string[] = [],
): Response {
  const { urls, config } = context
  const isSomeoneLeft = visit.browser.accounts.length > left.length
  return lead(context, visit, isSomeoneLeft ? urls.account : `${config.issuer}/signed-out`, cookies)
}
