import type { MailWords } from './mail-words.ts'

export const en: MailWords = {
  signUp: ({ apiName, url, hours }) => ({
    subject: `Finish making your ${apiName} account`,
    text: `Hello,

someone, probably you, asked for a ${apiName} account with this email address.

Open this link to choose a name and a password:

${url}

It works once, for ${hours} hours.

If it was not you, do nothing: without the link no account is made.
`,
  }),

  hasAccount: ({ apiName, signInUrl, resetPasswordUrl }) => ({
    subject: `You have a ${apiName} account already`,
    text: `Hello,

someone, probably you, asked for a ${apiName} account with this email address. There is one already.

Sign in:

${signInUrl}

If you do not know the password any more, choose a new one:

${resetPasswordUrl}

If it was not you, do nothing: your account stays as it is.
`,
  }),

  resetPassword: ({ apiName, url, minutes, username }) => ({
    subject: `Choose a new password for ${apiName}`,
    text: `Hello,

someone, probably you, asked for a new password for the ${apiName} account ${username}.

Open this link to choose one:

${url}

It works once, for ${minutes} minutes. Choosing a new password signs you out everywhere and disconnects every app.

If it was not you, do nothing: your password stays as it is, and nobody can change it without the link.
`,
  }),
}
