/** A mail's subject and text. */
export interface MailText {
  subject: string
  text: string
}

/** What mails say, in one language. */
export interface MailWords {
  /** To whoever asked for an account. */
  signUp(about: { apiName: string; url: string; hours: number }): MailText
  /** To whoever asked for an account and has one. */
  hasAccount(about: { apiName: string; signInUrl: string; resetPasswordUrl: string }): MailText
  resetPassword(about: { apiName: string; url: string; minutes: number; username: string }): MailText
}
