import type { Handler } from '../base/handler.ts'
import { hashPassword } from '../people/password.ts'
import { minPasswordLength, passwordProblem } from '../people/registration.ts'
import type { ConnectedApp } from '../store/connections.ts'
import type { SignedInAccount } from '../store/sessions.ts'
import type { PageOptions } from './layout.ts'
import { leaveNotice, takeNotice } from './notice.ts'
import type { PageContext } from './page-context.ts'
import { type AccountApp, type AccountProps, accountTemplate } from './templates/account.ts'
import { type ChangePasswordProps, changePasswordTemplate } from './templates/change-password.ts'
import {
  isOurForm,
  lead,
  leadAway,
  notOffered,
  problem,
  show,
  type Visit,
  visited,
  whereabouts,
  withQuery,
} from './visit.ts'

/** A visit of somebody who is signed in. */
interface AccountVisit extends Visit {
  /** Whose page it is: out of those who are signed in in this browser, whatever the request says. */
  account: SignedInAccount
}

/** `GET /account`: what a person has connected, who is signed in here, and how to end either. */
export const accountPage = (context: PageContext): Handler =>
  signedIn(context, (visit) => {
    const { notice, cookies } = takeNotice(context, visit, notices)
    return showAccount(context, visit, notice, { cookies })
  })

/** `POST /account/disconnect`: ends what the person has with an app, here at once and at the guards as promised. */
export const disconnectForm = (context: PageContext): Handler =>
  accountForm(context, async (visit) => {
    const { store, watch, clock } = context
    const { account, fields } = visit
    const isEnded = await store.connections.endBetween(account.id, fields.get('client') ?? '', clock())
    if (isEnded) await watch.check()
    return lead(
      context,
      visit,
      accountUrl(context, account),
      isEnded ? [leaveNotice(context, 'disconnected')] : [],
    )
  })

/** `GET /account/password` */
export const changePasswordPage = (context: PageContext): Handler =>
  whereLocal(
    context,
    signedIn(context, (visit) => askForPasswords(context, visit)),
  )

/** `POST /account/password`: whoever knows the password changes it. That ends all it had opened but this browser. */
export const changePasswordForm = (context: PageContext): Handler =>
  whereLocal(
    context,
    signedIn(context, async (visit) => {
      const { people } = context
      const { account, fields } = visit
      if (!isOurForm(context, visit, purposeOf(visit)))
        return askForPasswords(context, visit, { notice: 'form_expired' })
      const { username } = account
      const newPassword = fields.get('new_password') ?? ''
      const error = passwordProblem(newPassword, username)
      if (error) return askForPasswords(context, visit, { error })
      const password = fields.get('current_password') ?? ''
      const signIn = await people.signIn({ username, password, ...whereabouts(visit) })
      if (signIn.kind === 'throttled')
        return askForPasswords(context, visit, { error: 'throttled' }, signIn.retryAfterSeconds)
      if (signIn.kind === 'refused' || signIn.user.id !== account.id)
        return askForPasswords(context, visit, { error: 'wrong' })
      return changePassword(context, visit, signIn.user.epoch, await hashPassword(newPassword))
    }),
  )

/** Passwords that another system keeps are changed there. */
const whereLocal = ({ people }: PageContext, handler: Handler): Handler =>
  people.isLocal ? handler : notOffered

/** Whoever is not signed in signs in first. */
const signedIn = (context: PageContext, answer: (visit: AccountVisit) => Promise<Response>): Handler =>
  visited(context, async (visit) => {
    const account = findAccount(visit)
    return account ? answer({ ...visit, account }) : lead(context, visit, context.urls.signIn)
  })

/** A form of the account page. One that names somebody who is not signed in here, or is not ours, changes nothing. */
const accountForm = (context: PageContext, act: (visit: AccountVisit) => Promise<Response>): Handler =>
  signedIn(context, async (visit) =>
    isOurForm(context, visit, purposeOf(visit))
      ? act(visit)
      : showAccount(context, visit, 'form_expired', problem('form_expired')),
  )

/** The one that is named, out of those who are signed in; else the one who signed in last. */
function findAccount({ browser: { accounts }, fields }: Visit): SignedInAccount | undefined {
  return accounts.find(({ id }) => id === fields.get('account')) ?? accounts.at(-1)
}

/** A form is for the account whose page showed it. */
const purposeOf = ({ account }: AccountVisit): string => `account ${account.id}`

type Notice = NonNullable<AccountProps['notice']>

/** Those that other pages lead here with. */
const notices: readonly Notice[] = ['disconnected', 'password_changed', 'signed_out_everywhere']

const accountUrl = ({ urls }: PageContext, { id }: { id: string }): string =>
  withQuery(urls.account, { account: id })

async function showAccount(
  context: PageContext,
  visit: AccountVisit,
  notice: Notice | undefined,
  options: PageOptions,
): Promise<Response> {
  const { store, clock, urls, people, browsers } = context
  const { account, browser, look } = visit
  const query = { account: account.id }
  const connected = await store.connections.listOf(account.id, clock())
  const page = accountTemplate(
    {
      accounts: browser.accounts.map((one) => ({
        ...one,
        url: accountUrl(context, one),
        signOutUrl: withQuery(urls.signOut, { account: one.id }),
      })),
      currentId: account.id,
      apps: connected.map((app) => appOf(context, visit, app)),
      formToken: browsers.formToken(browser, purposeOf(visit)),
      disconnectAction: withQuery(`${urls.account}/disconnect`, query),
      signOutAction: urls.signOut,
      signOutEverywhereUrl: withQuery(urls.signOut, { ...query, everywhere: '1' }),
      changePasswordUrl: people.isLocal ? withQuery(`${urls.account}/password`, query) : undefined,
      addAccountUrl: withQuery(urls.signIn, { add: '1' }),
      notice,
    },
    look,
  )
  return show(context, visit, page, options)
}

function appOf({ config }: PageContext, { look }: Visit, app: ConnectedApp): AccountApp {
  const words = config.scopesIn[look.language]
  return {
    id: app.client_id,
    name: app.client_name,
    publisher: app.publisher ?? app.owner_name ?? '',
    scopes: app.scope
      .split(' ')
      .filter(Boolean)
      .map((scope) => words[scope] ?? scope),
    connectedAt: app.created_at,
    renewedAt: app.rotated_at > app.created_at ? app.rotated_at : undefined,
  }
}

function askForPasswords(
  context: PageContext,
  visit: AccountVisit,
  said: Pick<ChangePasswordProps, 'error' | 'notice'> = {},
  retryAfterSeconds?: number,
): Promise<Response> {
  const { urls, browsers } = context
  const { account, browser, look } = visit
  const page = changePasswordTemplate(
    {
      ...said,
      action: withQuery(`${urls.account}/password`, { account: account.id }),
      formToken: browsers.formToken(browser, purposeOf(visit)),
      username: account.username,
      minPasswordLength,
      accountUrl: accountUrl(context, account),
    },
    look,
  )
  return show(context, visit, page, problem(said.error ?? said.notice, retryAfterSeconds))
}

/** This browser alone stays signed in, under a new session. */
async function changePassword(
  context: PageContext,
  visit: AccountVisit,
  epoch: number,
  passwordHash: string,
): Promise<Response> {
  const { store, watch, clock, browsers, urls } = context
  const { account, browser } = visit
  const who = `user:${account.id}`
  const event = { at: clock(), actor: who, action: 'user.password_changed', subject: who }
  if (!(await store.users.setPassword(account.id, passwordHash, event, { epoch })))
    return lead(context, visit, urls.signIn)
  await watch.check()
  // The change raised the epoch by one. Where it stands higher, somebody has signed them out everywhere meanwhile.
  const cookies = await browsers.signIn(browser, { id: account.id, epoch: epoch + 1 })
  return cookies
    ? leadAway(context, visit, accountUrl(context, account), [
        ...cookies,
        leaveNotice(context, 'password_changed'),
      ])
    : lead(context, visit, urls.signIn)
}
