import {
  afterSignIn,
  type Continuation,
  continuationUrl,
  readContinuedRequest,
} from '../authorize/continuation.ts'
import type { Handler } from '../base/handler.ts'
import type { PageContext } from './page-context.ts'
import { findAppName } from './pending-authorization.ts'
import { chooseAccountTemplate } from './templates/choose-account.ts'
import { isOurForm, lead, problem, show, type Visit, visited, withQuery } from './visit.ts'

const purpose = 'choose account'

/** `GET /choose-account`: asks as whom to go on, among those who are signed in in this browser. */
export const chooseAccountPage = (context: PageContext): Handler =>
  visited(context, (visit) => askWhich(context, visit))

/** `POST /choose-account`: goes on as the one who was chosen, if they are signed in in this browser. */
export const chooseAccountForm = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    const { config, clock } = context
    const { continuation, browser, fields } = visit
    const account = browser.accounts.find(({ id }) => id === fields.get('account'))
    if (!continuation || !account || !isOurForm(context, visit, purpose)) {
      return askWhich(context, visit, 'form_expired')
    }
    const chosen = afterSignIn(continuation, account, clock(), config)
    return lead(context, visit, continuationUrl(chosen, config.issuer))
  })

async function askWhich(context: PageContext, visit: Visit, notice?: 'form_expired'): Promise<Response> {
  const { urls, browsers } = context
  const { continuation, browser } = visit
  if (!continuation) return lead(context, visit, urls.account)
  const { accounts } = browser
  const demoAccounts = demoAccountsOf(context, visit, continuation)
  const query = { continue: continuation, username: await findHint(context, visit, continuation) }
  if (accounts.length === 0 && demoAccounts.length === 0)
    return lead(context, visit, withQuery(urls.signIn, query))
  const page = chooseAccountTemplate(
    {
      action: withQuery(urls.chooseAccount, { continue: continuation }),
      formToken: browsers.formToken(browser, purpose),
      appName: await findAppName(context, continuation),
      accounts,
      otherAccountUrl: withQuery(urls.signIn, query),
      demoAccounts,
      notice,
    },
    visit.look,
  )
  return show(context, visit, page, { ...problem(notice), mayEndAtClient: true })
}

/** People of `latchkey dev` who are not signed in, each with where they do. */
function demoAccountsOf({ demoUsers, urls }: PageContext, { browser }: Visit, continuation: Continuation) {
  return demoUsers
    .filter((user) => !browser.accounts.some(({ username }) => username === user.username))
    .map(({ name, username }) => ({
      name,
      username,
      url: withQuery(urls.signIn, { continue: continuation, username }),
    }))
}

/** Whom the client expects, where that is nobody who is signed in. */
async function findHint(
  context: PageContext,
  { browser }: Visit,
  continuation: Continuation,
): Promise<string | undefined> {
  const { parameters } = await readContinuedRequest(continuation, context)
  const hint = parameters.get('login_hint')
  return browser.accounts.some(({ username }) => username === hint) ? undefined : hint
}
