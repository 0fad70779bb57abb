import { afterSignIn, continuationUrl } from '../authorize/continuation.ts'
import type { Handler } from '../base/handler.ts'
import type { SignInResult } from '../people/people.ts'
import type { PageOptions } from './layout.ts'
import { takeNotice } from './notice.ts'
import type { PageContext } from './page-context.ts'
import { findAppName } from './pending-authorization.ts'
import { type SignInProps, signInTemplate } from './templates/sign-in.ts'
import { isOurForm, lead, problem, show, type Visit, visited, whereabouts, withQuery } from './visit.ts'

type Said = Pick<SignInProps, 'username' | 'error' | 'notice' | 'retryAfterSeconds'>

/**
 * `GET /sign-in`: asks who the person is. In its query `username` fills the form, and `add` says that whoever is signed
 * in already wants to add an account.
 */
export const signInPage = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    const { fields, browser, continuation } = visit
    const username = fields.get('username')
    const isDone = browser.accounts.length > 0 && !continuation && !fields.has('add')
    if (isDone) return lead(context, visit, context.urls.account)
    const isAgain = browser.accounts.some((account) => account.username === username)
    const { notice = isAgain ? 'sign_in_again' : undefined, cookies } = takeNotice(
      context,
      visit,
      noticesFromElsewhere,
    )
    return askWho(context, visit, { username, notice }, { cookies })
  })

/** `POST /sign-in`: signs the person in beside those who are, and goes on to where they wanted to go. */
export const signInForm = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    const { people, browsers, clock } = context
    const { fields, browser } = visit
    const username = fields.get('username')
    const password = fields.get('password')
    if (!isOurForm(context, visit, purpose)) {
      const notice = browser.isNew ? 'no_cookie' : 'form_expired'
      return askWho(context, visit, { username, notice }, problem(notice))
    }
    if (username === undefined || password === undefined)
      return refuse(context, visit, username, { kind: 'refused' })
    const startedAt = clock()
    const result = await people.signIn({ username, password, ...whereabouts(visit) })
    if (result.kind !== 'signed_in') return refuse(context, visit, username, result)
    const cookies = await browsers.signIn(browser, result.user)
    if (!cookies) return refuse(context, visit, username, { kind: 'refused' })
    return lead(context, visit, nextUrl(context, visit, result.user, startedAt), cookies)
  })

/** Those that other pages lead here with. */
const noticesFromElsewhere = ['password_changed', 'account_ready'] as const

/** Bound to the browser alone, so that a form in another tab stays good. */
const purpose = 'sign in'

function nextUrl(
  { config, urls }: PageContext,
  { continuation }: Visit,
  user: { id: string },
  startedAt: number,
): string {
  if (!continuation) return urls.account
  return continuationUrl(afterSignIn(continuation, user, startedAt, config), config.issuer)
}

function refuse(
  context: PageContext,
  visit: Visit,
  username: string | undefined,
  result: Exclude<SignInResult, { kind: 'signed_in' }>,
): Promise<Response> {
  const error = result.kind === 'refused' ? 'wrong' : 'throttled'
  const retryAfterSeconds = result.kind === 'refused' ? undefined : result.retryAfterSeconds
  return askWho(context, visit, { username, error, retryAfterSeconds }, problem(error, retryAfterSeconds))
}

async function askWho(
  context: PageContext,
  visit: Visit,
  said: Said,
  options: PageOptions = {},
): Promise<Response> {
  const { urls, browsers, demoUsers } = context
  const { continuation, browser, fields } = visit
  const query = { continue: continuation }
  const isChoosing = continuation && browser.accounts.length > 0
  const page = signInTemplate(
    {
      ...said,
      action: withQuery(urls.signIn, { ...query, add: fields.has('add') ? '1' : undefined }),
      formToken: browsers.formToken(browser, purpose),
      appName: await findAppName(context, continuation),
      ...waysIn(context, query),
      chooserUrl: isChoosing ? withQuery(urls.chooseAccount, query) : undefined,
      demoUsers,
    },
    visit.look,
  )
  return show(context, visit, page, { ...options, mayEndAtClient: continuation !== undefined })
}

/** Where passwords are kept here and mail can be sent, one can be set anew, and an account made. */
function waysIn({ config, people, mailer, urls }: PageContext, query: { continue: string | undefined }) {
  if (!people.isLocal || !mailer) return {}
  return {
    signUpUrl: config.signUp ? withQuery(urls.signUp, query) : undefined,
    resetPasswordUrl: withQuery(urls.resetPassword, query),
  }
}
