import { isolated, type Words } from './words.ts'

const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const minutes = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

const count = (number: number, unit: string) => `${number} ${unit}${number === 1 ? '' : 's'}`

const formExpired = 'This page was open for too long, so nothing was sent. Please try again.'

const appMistake = {
  title: 'This request does not work',
  message: 'The app that sent you here asked for something that we cannot do. Nothing was shared with it.',
  whatToDo:
    'Go back to the app and start again. If you see this page once more, tell the people who make the app.',
}

const unknownApp = {
  title: 'We do not know this app',
  message: 'It was turned off, or the link to this page is not right. Nothing was shared with it.',
  whatToDo: appMistake.whatToDo,
}

const signInAgain = {
  title: 'Please sign in again',
  message: 'The app needs you to sign in or to choose before it can go on.',
  whatToDo: 'Go back to the app and start again.',
}

export const en: Words = {
  documentTitle: (title, apiName) => `${title} · ${apiName}`,
  errorTitle: (title) => `Error: ${title}`,
  duration: (seconds) => {
    if (seconds <= 60) return count(Math.max(1, Math.ceil(seconds)), 'second')
    if (seconds <= 3600) return count(Math.ceil(seconds / 60), 'minute')
    return count(Math.ceil(seconds / 3600), 'hour')
  },
  date: (at) => days.format(at * 1000),
  dateTime: (at) => `${minutes.format(at * 1000)} UTC`,
  thereIsAProblem: 'There is a problem',
  continueTo: (appName) => `to continue to ${isolated(appName)}`,
  useAnotherAccount: 'Use another account',
  backToSignIn: 'Back to sign in',
  backToAccount: 'Back to your account',
  formExpired,
  throttled: (wait) =>
    wait === undefined
      ? 'Too many attempts. Wait a few minutes, then try again.'
      : `Too many attempts. Wait ${wait}, then try again.`,
  fields: {
    username: 'Email address or username',
    email: 'Email address',
    name: 'Your name',
    password: 'Password',
    currentPassword: 'Current password',
    newPassword: 'New password',
    passwordHint: (minLength) =>
      `At least ${minLength} characters. A few unrelated words are easy to remember.`,
  },
  fieldErrors: {
    invalidEmail: 'Enter an email address in the correct format, like name@example.com',
    nameMissing: 'Enter your name',
    nameTooLong: 'Enter a shorter name',
    password: (error, minLength) =>
      ({
        too_short: `Password must be at least ${minLength} characters`,
        too_long: 'Enter a shorter password',
        too_common: 'This password is easy to guess. Choose another one',
      })[error],
  },
  signIn: {
    title: 'Sign in',
    submit: 'Sign in',
    wrong: 'The email address, username or password is not right. Check and try again.',
    notices: {
      form_expired: 'This page was open for too long. Please sign in again.',
      no_cookie: 'Signing in needs cookies. Allow them for this site, then sign in again.',
      password_changed: 'Your password was changed. Sign in with the new one.',
      account_ready: 'Your account is ready. Sign in with your password.',
      sign_in_again: 'Please sign in once more, so that we know it is you.',
    },
    forgotPassword: 'Forgot your password?',
    signUpQuestion: 'New here?',
    signUp: 'Create an account',
    chooser: 'Choose an account that is signed in',
    demoTitle: 'Try it out',
    demoHint: 'Sample people, shown by latchkey dev only.',
    demoSubmit: 'Sign in',
    demoSubmitAs: (name) => `Sign in as ${name}`,
  },
  chooseAccount: {
    title: 'Choose an account',
    accounts: 'Accounts',
    ownAccount: 'Sign in with your account',
    demoTitle: 'Try it out',
    demoHint: 'Sample people, shown by latchkey dev only.',
  },
  consent: {
    title: (appName, apiName) => `Allow ${isolated(appName)} to use ${apiName}?`,
    madeBy: (publisher) => `Made by ${isolated(publisher)}`,
    publisherUnknown: 'The app does not say who made it.',
    account: 'Your account',
    can: 'The app will be able to',
    nothingNamed: 'Know that you signed in, and nothing else.',
    cannot: 'The app will not be able to',
    cannotSeePassword: 'See your password',
    cannotDoMore: 'Do anything that is not listed here',
    withheld: 'It also asked for this, which your account may not give',
    returnsTo: 'You return to',
    thisDevice: 'An app on this device',
    loopbackHint: 'Deny if you did not just start one.',
    returnsHint: 'Deny if you did not come from there.',
    replaces: (appName, date) =>
      `If you allow this, the connection to ${isolated(appName)} that you made on ${date} ends.`,
    later: 'You can disconnect the app later, on your account page.',
    allow: 'Allow',
    deny: 'Deny',
  },
  formPost: {
    title: (appName) => `Return to ${isolated(appName)}`,
    explanation: 'You are being sent back. If nothing happens, press the button.',
    submit: 'Continue',
  },
  signUp: {
    title: 'Create an account',
    explanation: 'We send you a link by email. Open it to choose your password.',
    submit: 'Send the link',
    signInQuestion: 'Have an account already?',
    signIn: 'Sign in',
    finishTitle: 'Almost done',
    finishExplanation: 'Your account will be',
    nameHint: 'As apps and other people will see it.',
    finishSubmit: 'Create account',
  },
  checkMail: {
    title: 'Check your email',
    sent: {
      sign_up: (email) => `We sent a message to ${email}`,
      reset_password: (email) => `If ${email} has an account here, a message is on its way.`,
    },
    next: {
      sign_up: 'Open the link in it to finish your account. You can close this page.',
      reset_password: 'Open the link in it to choose a new password. You can close this page.',
    },
    nothingCame:
      'Nothing there after a few minutes? Look in your spam folder, and check the address for typing mistakes.',
    outbox: 'Read the mail of latchkey dev',
  },
  resetPassword: {
    title: 'Reset your password',
    explanation: 'Enter your email address, and we send you a link to choose a new password.',
    submit: 'Send the link',
    newTitle: 'Choose a new password',
    newFor: 'For',
    newExplanation: 'This ends every sign-in on every device, and disconnects every app.',
    newSubmit: 'Change password',
  },
  linkExpired: {
    title: 'This link no longer works',
    explanation: 'It was used already, or it is too old.',
    whatToDo: {
      sign_up: 'Ask for a new link to create your account. If you have one already, you can sign in.',
      reset_password: 'Ask for a new link to reset your password.',
    },
    again: 'Get a new link',
  },
  signOut: {
    title: 'Sign out?',
    explanation: (accounts) =>
      accounts > 1
        ? `This signs out ${accounts} accounts in this browser.`
        : 'This signs you out in this browser.',
    submit: 'Sign out',
    stay: 'Stay signed in',
    everywhereTitle: 'Sign out everywhere?',
    everywhereExplanation: 'This ends every sign-in on every device, and disconnects every app.',
    everywhereSubmit: 'Sign out everywhere',
    doneTitle: 'You are signed out',
    done: 'This browser can no longer use your account.',
    signInAgain: 'Sign in again',
  },
  account: {
    title: 'Your account',
    notices: {
      disconnected: 'The app is disconnected. It can no longer use your account.',
      password_changed: 'Your password was changed, and every app was disconnected.',
      signed_out_everywhere: 'That account is signed out everywhere, and its apps are disconnected.',
      form_expired: formExpired,
    },
    appsTitle: 'Connected apps',
    appsEmpty:
      'No app is connected. When you allow one, it appears here and you can disconnect it at any time.',
    madeBy: (publisher) => `Made by ${isolated(publisher)}`,
    canDo: 'What it can do',
    connected: 'Connected',
    lastRenewed: 'Last renewed',
    disconnect: 'Disconnect',
    disconnectApp: (appName) => `Disconnect ${appName}`,
    accountsTitle: 'Accounts in this browser',
    switchTo: (name) => `Switch to ${name}`,
    switch: 'Switch',
    addAccount: 'Add an account',
    securityTitle: 'Sign-in',
    changePassword: 'Change password',
    signOut: 'Sign out',
    signOutOf: (name) => `Sign out ${name}`,
    signOutAll: 'Sign out all accounts',
    signOutEverywhere: 'Sign out everywhere',
  },
  changePassword: {
    title: 'Change your password',
    wrong: 'This is not your current password',
    hint: 'This signs you out on every other device, and disconnects every app.',
    submit: 'Change password',
  },
  outbox: {
    title: 'Mail',
    explanation: 'latchkey dev keeps its mails here instead of sending them.',
    empty: 'No mail yet. Create an account or reset a password, and it appears here.',
    to: 'To',
  },
  error: {
    requestId: 'Request',
    forDevelopers: 'For developers',
    toAccount: 'Go to your account',
    ofCode: {
      invalid_request: appMistake,
      invalid_client: unknownApp,
      invalid_grant: appMistake,
      invalid_scope: appMistake,
      invalid_target: appMistake,
      unauthorized_client: appMistake,
      unsupported_grant_type: appMistake,
      unsupported_token_type: appMistake,
      unsupported_response_type: appMistake,
      login_required: signInAgain,
      account_selection_required: signInAgain,
      consent_required: signInAgain,
      interaction_required: signInAgain,
      access_denied: {
        title: 'This was not allowed',
        message: 'What you sent was refused, and nothing has changed.',
        whatToDo: 'Go back to where you came from and try again.',
      },
      not_found: {
        title: 'Page not found',
        message: 'There is nothing at this address.',
        whatToDo: 'If you typed the address, check that it is right. If an app sent you here, go back to it.',
      },
      method_not_allowed: {
        title: 'Page not found',
        message: 'This address cannot be opened like a page.',
        whatToDo: 'Go back to where you came from and try again.',
      },
      too_many_requests: {
        title: 'Too many attempts',
        message: 'There were too many attempts in a short time, so we looked at none of the last ones.',
        whatToDo: 'Wait a few minutes, then try again.',
      },
      server_error: {
        title: 'Something went wrong',
        message: 'The mistake is ours. You did nothing wrong.',
        whatToDo: 'Try again in a moment.',
      },
      temporarily_unavailable: {
        title: 'Please try again in a moment',
        message: 'We cannot answer just now. You did nothing wrong.',
        whatToDo: 'Reload this page in a moment.',
      },
    },
  },
}
