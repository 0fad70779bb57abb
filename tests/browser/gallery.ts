import type { Html } from '../../packages/server/src/pages/layout.ts'
import type { Look } from '../../packages/server/src/pages/look.ts'
import { accountTemplate } from '../../packages/server/src/pages/templates/account.ts'
import { changePasswordTemplate } from '../../packages/server/src/pages/templates/change-password.ts'
import { checkMailTemplate } from '../../packages/server/src/pages/templates/check-mail.ts'
import { chooseAccountTemplate } from '../../packages/server/src/pages/templates/choose-account.ts'
import { consentTemplate } from '../../packages/server/src/pages/templates/consent.ts'
import { errorTemplate } from '../../packages/server/src/pages/templates/error.ts'
import { formPostTemplate } from '../../packages/server/src/pages/templates/form-post.ts'
import { linkExpiredTemplate } from '../../packages/server/src/pages/templates/link-expired.ts'
import { outboxTemplate } from '../../packages/server/src/pages/templates/outbox.ts'
import {
  newPasswordTemplate,
  resetPasswordTemplate,
} from '../../packages/server/src/pages/templates/reset-password.ts'
import { signInTemplate } from '../../packages/server/src/pages/templates/sign-in.ts'
import { signedOutTemplate, signOutTemplate } from '../../packages/server/src/pages/templates/sign-out.ts'
import { finishSignUpTemplate, signUpTemplate } from '../../packages/server/src/pages/templates/sign-up.ts'
import { minPasswordLength } from '../../packages/server/src/people/registration.ts'

const form = { action: '/posted', formToken: 'a-form-token' }
const john = { id: 'john', name: 'John Doe', username: 'john', email: 'john@example.com' }
const jane = { id: 'jane', name: 'Jane Black', username: 'jane@example.com', email: 'jane@example.com' }
const longName = `${'A'.repeat(40)} & ${'ながい名前'.repeat(15)}WW`
const demoUsers = [
  { username: 'john', password: 'correct-horse', name: 'John Doe' },
  { username: 'jane', password: 'battery-staple', name: 'Jane Black' },
]
const signIn = {
  ...form,
  demoUsers: [],
  signUpUrl: '/sign-up',
  resetPasswordUrl: '/reset-password',
}
const consent = {
  ...form,
  continueTo: '/authorize?client_id=abc',
  app: { name: 'Acme Reports', publisher: 'Acme Inc.' },
  account: john,
  scopes: [
    { scope: 'read', words: 'See your invoices and quotes' },
    { scope: 'write', words: 'Create and change invoices' },
  ],
  withheld: [],
  returnsTo: 'reports.acme.example',
  isLoopback: false,
  switchAccountUrl: '/choose-account',
}
const account = {
  accounts: [john],
  currentId: 'john',
  apps: [],
  formToken: 'a-form-token',
  disconnectAction: '/posted',
  signOutAction: '/sign-out',
  signOutEverywhereUrl: '/sign-out?everywhere=1',
  changePasswordUrl: '/account/password',
  addAccountUrl: '/sign-in',
}
const at = 1_893_456_000
const app = {
  id: 'one',
  name: 'Acme Reports',
  publisher: 'Acme Inc.',
  scopes: ['See your invoices and quotes', 'Create and change invoices'],
  connectedAt: at,
  renewedAt: at + 86_400 * 40,
}
const longScope = (part: string) => part.repeat(200).slice(0, 200)

export const markup = `<img src=x onerror="alert(1)"> & <script>alert(2)</script>`

/** Each page that people see, in each of its states, with the longest that may be in it. */
export const gallery: Record<string, (look: Look) => Html> = {
  'sign-in': (look) => signInTemplate(signIn, look),
  'sign-in-app': (look) =>
    signInTemplate({ ...signIn, appName: 'Acme Reports', demoUsers, chooserUrl: '/choose-account' }, look),
  'sign-in-wrong': (look) =>
    signInTemplate({ ...signIn, username: 'john', error: 'wrong', appName: 'Acme Reports' }, look),
  'sign-in-throttled': (look) =>
    signInTemplate({ ...signIn, username: 'john', error: 'throttled', retryAfterSeconds: 290 }, look),
  'sign-in-expired': (look) => signInTemplate({ ...signIn, notice: 'form_expired', appName: longName }, look),
  'sign-in-changed': (look) =>
    signInTemplate({ ...signIn, notice: 'password_changed', signUpUrl: undefined }, look),
  'choose-account': (look) =>
    chooseAccountTemplate(
      {
        ...form,
        appName: 'Acme Reports',
        accounts: [john, jane],
        otherAccountUrl: '/sign-in',
        demoAccounts: [{ ...jane, url: '/sign-in?username=jane' }],
      },
      look,
    ),
  'choose-account-long': (look) =>
    chooseAccountTemplate(
      {
        ...form,
        appName: longName,
        accounts: [{ id: 'long', name: longName, username: `${'w'.repeat(64)}@example.com` }],
        otherAccountUrl: '/sign-in',
        demoAccounts: [],
        notice: 'form_expired',
      },
      look,
    ),
  consent: (look) => consentTemplate(consent, look),
  'consent-partial': (look) =>
    consentTemplate(
      {
        ...consent,
        withheld: [{ scope: 'admin', words: 'Manage the people of your company' }],
        replacesConnectionSince: at,
        app: { name: 'Acme Reports', publisher: '' },
      },
      look,
    ),
  'consent-loopback': (look) =>
    consentTemplate({ ...consent, scopes: [], returnsTo: '127.0.0.1', isLoopback: true }, look),
  'consent-markup': (look) =>
    consentTemplate(
      {
        ...consent,
        app: { name: markup, publisher: markup },
        account: { name: markup, username: markup },
        scopes: [{ scope: 'a', words: markup }],
        withheld: [{ scope: 'b', words: markup }],
        returnsTo: markup,
        continueTo: markup,
      },
      look,
    ),
  'consent-long': (look) =>
    consentTemplate(
      {
        ...consent,
        app: { name: longName, publisher: longName },
        account: { name: longName, username: `${'w'.repeat(64)}@example.com` },
        scopes: [
          { scope: 'a', words: longScope('Read and write all that is in it ') },
          { scope: 'b', words: longScope('請求書と見積書を閲覧し、') },
          { scope: 'c', words: longScope('x') },
        ],
        returnsTo: `${'sub.'.repeat(40)}example.com`,
      },
      look,
    ),
  'form-post': (look) =>
    formPostTemplate({ action: '/posted', fields: [['code', 'abc']], appName: 'Acme Reports' }, look),
  error: (look) =>
    errorTemplate(
      {
        ...look.words.error.ofCode.invalid_request,
        requestId: 'a2Jd9sKwQ1xZ',
        details: {
          code: 'invalid_request',
          description: 'The redirect_uri is not registered for this client.',
        },
      },
      look,
    ),
  'not-found': (look) =>
    errorTemplate(
      { ...look.words.error.ofCode.not_found, requestId: 'a2Jd9sKwQ1xZ', homeUrl: '/account' },
      look,
    ),
  'sign-up': (look) => signUpTemplate({ ...form, signInUrl: '/sign-in' }, look),
  'sign-up-wrong': (look) =>
    signUpTemplate({ ...form, email: 'john@', error: 'invalid_email', signInUrl: '/sign-in' }, look),
  'check-mail': (look) =>
    checkMailTemplate(
      { email: 'john@example.com', kind: 'sign_up', signInUrl: '/sign-in', outboxUrl: '/mail' },
      look,
    ),
  'finish-sign-up': (look) =>
    finishSignUpTemplate({ ...form, email: 'john@example.com', errors: {}, minPasswordLength }, look),
  'finish-sign-up-wrong': (look) =>
    finishSignUpTemplate(
      {
        ...form,
        email: `${'w'.repeat(64)}@example.com`,
        name: '',
        errors: { name: 'missing', password: 'too_common' },
        minPasswordLength,
      },
      look,
    ),
  'reset-password': (look) =>
    resetPasswordTemplate(
      { ...form, error: 'throttled', email: 'john@example.com', signInUrl: '/sign-in' },
      look,
    ),
  'new-password': (look) =>
    newPasswordTemplate(
      { ...form, username: 'john@example.com', error: 'too_short', minPasswordLength },
      look,
    ),
  'link-expired': (look) => linkExpiredTemplate({ kind: 'sign_up', againUrl: '/sign-up' }, look),
  'sign-out': (look) => signOutTemplate({ ...form, accounts: [john, jane], accountUrl: '/account' }, look),
  'sign-out-everywhere': (look) =>
    signOutTemplate({ ...form, accounts: [john], isEverywhere: true, accountUrl: '/account' }, look),
  'signed-out': (look) => signedOutTemplate({ signInUrl: '/sign-in' }, look),
  'account-empty': (look) => accountTemplate(account, look),
  account: (look) =>
    accountTemplate(
      {
        ...account,
        accounts: [
          { ...john, signOutUrl: '/sign-out?account=john' },
          { ...jane, url: '/account?account=jane', signOutUrl: '/sign-out?account=jane' },
        ],
        apps: [app, { ...app, id: 'two', name: longName, publisher: '', scopes: [longScope('x')] }],
        notice: 'disconnected',
      },
      look,
    ),
  'change-password': (look) =>
    changePasswordTemplate(
      { ...form, username: 'john', error: 'wrong', minPasswordLength, accountUrl: '/account' },
      look,
    ),
  outbox: (look) =>
    outboxTemplate(
      {
        mails: [
          {
            to: 'john@example.com',
            subject: 'Finish your account',
            text: `Hello,\n\nopen this link to go on:\nhttp://127.0.0.1:3000/sign-up/confirm?token=${'t'.repeat(80)}\n\nIt works once.`,
            at,
          },
        ],
      },
      look,
    ),
  'outbox-empty': (look) => outboxTemplate({ mails: [] }, look),
}
