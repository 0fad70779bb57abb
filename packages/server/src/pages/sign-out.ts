import type { Handler } from '../base/handler.ts'
import type { SignedInAccount } from '../store/sessions.ts'
import { leaveNotice } from './notice.ts'
import type { PageContext } from './page-context.ts'
import { signedOutTemplate, signOutTemplate } from './templates/sign-out.ts'
import { isOurForm, lead, leadAway, problem, show, type Visit, visited, withQuery } from './visit.ts'

/**
 * `GET /sign-out`: asks first, since any site may lead here. With `account` it is about that one alone, and with
 * `everywhere` about all that this one has open, on any device.
 */
export const signOutPage = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    if (!isAnyoneLeaving(visit)) return leadOut(context, visit)
    const account = visit.fields.has('everywhere') ? namedAccount(visit) : undefined
    return account ? askEverywhere(context, visit, account) : ask(context, visit)
  })

/** `POST /sign-out`: signs one account out of this browser, or everyone. Apps stay connected. */
export const signOutForm = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    if (!isAnyoneLeaving(visit)) return leadOut(context, visit)
    if (!isOurForm(context, visit, purposeOf(visit))) return ask(context, visit, 'form_expired')
    const cookies = await context.browsers.signOut(visit.browser, visit.fields.get('account'))
    return leadAway(context, visit, outUrl(context, visit, leaving(visit)), cookies)
  })

/** `POST /account/sign-out-everywhere`: ends every session, connection and token of the one who is named. */
export const signOutEverywhereForm = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    const { store, watch, clock, browsers } = context
    const account = namedAccount(visit)
    if (!account) return leadOut(context, visit)
    if (!isOurForm(context, visit, everywherePurpose(account)))
      return askEverywhere(context, visit, account, 'form_expired')
    const who = `user:${account.id}`
    const event = { at: clock(), actor: who, action: 'user.signed_out_everywhere', subject: who }
    await store.users.signOutEverywhere(account.id, event)
    await watch.check()
    const cookies = await browsers.signOut(visit.browser, account.id)
    const isSomeoneLeft = visit.browser.accounts.length > 1
    const notices = isSomeoneLeft ? [leaveNotice(context, 'signed_out_everywhere')] : []
    return leadAway(context, visit, outUrl(context, visit, [account]), [...cookies, ...notices])
  })

/** `GET /signed-out`: says so where it is so. */
export const signedOutPage = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    const { urls } = context
    if (visit.browser.accounts.length > 0) return lead(context, visit, urls.account)
    return show(context, visit, signedOutTemplate({ signInUrl: urls.signIn }, visit.look))
  })

const namedAccount = ({ browser, fields }: Visit): SignedInAccount | undefined =>
  browser.accounts.find(({ id }) => id === fields.get('account'))

/** The one account that was named, or everyone. One that is not signed in in this browser is nobody. */
function leaving({ browser, fields }: Visit): SignedInAccount[] {
  const named = fields.get('account')
  return browser.accounts.filter(({ id }) => named === undefined || id === named)
}

const isAnyoneLeaving = (visit: Visit): boolean => leaving(visit).length > 0

const purposeOf = ({ fields }: Visit): string => `sign-out ${fields.get('account') ?? 'everyone'}`

const everywherePurpose = ({ id }: SignedInAccount): string => `sign-out everywhere ${id}`

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

function askEverywhere(
  context: PageContext,
  visit: Visit,
  account: SignedInAccount,
  notice?: 'form_expired',
): Promise<Response> {
  const { urls, browsers } = context
  const page = signOutTemplate(
    {
      action: withQuery(`${urls.account}/sign-out-everywhere`, { account: account.id }),
      formToken: browsers.formToken(visit.browser, everywherePurpose(account)),
      accounts: [account],
      isEverywhere: true,
      accountUrl: withQuery(urls.account, { account: account.id }),
      notice,
    },
    visit.look,
  )
  return show(context, visit, page, problem(notice))
}

const leadOut = (context: PageContext, visit: Visit): Response =>
  lead(context, visit, outUrl(context, visit, []))

/** Where those go on who stay signed in; else everyone is out. */
function outUrl({ urls, config }: PageContext, { browser }: Visit, left: readonly SignedInAccount[]): string {
  return browser.accounts.length > left.length ? urls.account : `${config.issuer}/signed-out`
}
