import type { UnixSeconds } from '../../base/clock.ts'
import type { OAuthErrorCode } from '../../base/oauth-error.ts'

/** Why a new password was not taken. */
export type PasswordError = 'too_short' | 'too_long' | 'too_common'

/** A name within a sentence: whichever way it is written, the words around it stay in order (UAX #9, isolates). */
export const isolated = (name: string): string => `\u2068${name}\u2069`

/** What a person reads on a page: plain text, which the templates escape. Each language has a file of these. */
export interface Words {
  /** The `<title>`: the page, then whose it is. */
  documentTitle(title: string, apiName: string): string
  /** Before the title of a page that shows a mistake in a form. */
  errorTitle(title: string): string
  /** `90` → `2 minutes`: rounded up, because it says how long to wait. */
  duration(seconds: number): string
  /** The day, in Universal Time: the server does not know the reader's zone. */
  date(at: UnixSeconds): string
  /** The day and the minute, in Universal Time. */
  dateTime(at: UnixSeconds): string
  thereIsAProblem: string
  continueTo(appName: string): string
  useAnotherAccount: string
  backToSignIn: string
  backToAccount: string
  formExpired: string
  throttled(wait: string | undefined): string
  fields: {
    username: string
    email: string
    name: string
    password: string
    currentPassword: string
    newPassword: string
    passwordHint(minLength: number): string
  }
  fieldErrors: {
    invalidEmail: string
    nameMissing: string
    nameTooLong: string
    password(error: PasswordError, minLength: number): string
  }
  signIn: {
    title: string
    submit: string
    wrong: string
    notices: Record<
      'form_expired' | 'no_cookie' | 'password_changed' | 'account_ready' | 'sign_in_again',
      string
    >
    forgotPassword: string
    signUpQuestion: string
    signUp: string
    chooser: string
    demoTitle: string
    demoHint: string
    demoSubmit: string
    demoSubmitAs(name: string): string
  }
  chooseAccount: { title: string; accounts: string; ownAccount: string; demoTitle: string; demoHint: string }
  consent: {
    title(appName: string, apiName: string): string
    madeBy(publisher: string): string
    publisherUnknown: string
    account: string
    can: string
    nothingNamed: string
    cannot: string
    cannotSeePassword: string
    cannotDoMore: string
    withheld: string
    returnsTo: string
    thisDevice: string
    loopbackHint: string
    returnsHint: string
    replaces(appName: string, date: string): string
    later: string
    allow: string
    deny: string
  }
  formPost: { title(appName: string): string; explanation: string; submit: string }
  signUp: {
    title: string
    explanation: string
    submit: string
    signInQuestion: string
    signIn: string
    finishTitle: string
    finishExplanation: string
    nameHint: string
    finishSubmit: string
  }
  checkMail: {
    title: string
    sent: { sign_up(email: string): string; reset_password(email: string): string }
    next: { sign_up: string; reset_password: string }
    nothingCame: string
    outbox: string
  }
  resetPassword: {
    title: string
    explanation: string
    submit: string
    newTitle: string
    newFor: string
    newExplanation: string
    newSubmit: string
  }
  linkExpired: {
    title: string
    explanation: string
    whatToDo: { sign_up: string; reset_password: string }
    again: string
  }
  signOut: {
    title: string
    explanation(count: number): string
    submit: string
    stay: string
    everywhereTitle: string
    everywhereExplanation: string
    everywhereSubmit: string
    doneTitle: string
    done: string
    signInAgain: string
  }
  account: {
    title: string
    notices: Record<'disconnected' | 'password_changed' | 'signed_out_everywhere' | 'form_expired', string>
    appsTitle: string
    appsEmpty: string
    madeBy(publisher: string): string
    canDo: string
    connected: string
    lastRenewed: string
    disconnect: string
    disconnectApp(appName: string): string
    accountsTitle: string
    switchTo(name: string): string
    switch: string
    addAccount: string
    securityTitle: string
    changePassword: string
    signOut: string
    signOutOf(name: string): string
    signOutAll: string
    signOutEverywhere: string
  }
  changePassword: { title: string; wrong: string; hint: string; submit: string }
  outbox: { title: string; explanation: string; empty: string; to: string }
  error: {
    requestId: string
    forDevelopers: string
    toAccount: string
    ofCode: Record<OAuthErrorCode, ErrorWords>
  }
}

/** An error as a person reads it. */
export interface ErrorWords {
  title: string
  message: string
  /** What happens next, or what to do about it. */
  whatToDo: string
}
