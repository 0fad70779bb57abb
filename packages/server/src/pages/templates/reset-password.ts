import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import type { PasswordError } from '../words/words.ts'
import { type MailAddressProps, mailAddressTemplate } from './mail-address.ts'
import { personalPage } from './page.ts'
import { breakable, field, formTokenField, hiddenField, notice } from './parts.ts'

/** A person asks for a link to choose another password. */
export function resetPasswordTemplate(props: MailAddressProps, look: Look): Html {
  const { resetPassword, backToSignIn } = look.words
  const wayBack = html`<a href="${props.signInUrl}">${backToSignIn}</a>`
  return mailAddressTemplate(props, { ...resetPassword, wayBack }, look)
}

export interface NewPasswordProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** What it carries of its link, hidden. */
  linkFields?: readonly (readonly [name: string, value: string])[]
  username: string
  error?: PasswordError | undefined
  notice?: 'form_expired' | undefined
  /** In characters. */
  minPasswordLength: number
}

/** Behind the link in the mail: another password. The form posts `form_token` and `password`. */
export function newPasswordTemplate(props: NewPasswordProps, look: Look): Html {
  const { resetPassword, fields, fieldErrors, formExpired } = look.words
  const content = html`<div class="page-title">
<h1>${resetPassword.newTitle}</h1>
<p class="lead">${resetPassword.newFor} <bdi class="whose">${breakable(props.username)}</bdi></p>
</div>
${props.notice ? notice('info', formExpired) : ''}
<form class="form" method="post" action="${props.action}" novalidate>
${formTokenField(props.formToken)}${props.linkFields?.map(([name, value]) => hiddenField(name, value)) ?? ''}
<input type="text" autocomplete="username" value="${props.username}" hidden>
${field({
  name: 'password',
  label: fields.newPassword,
  type: 'password',
  autocomplete: 'new-password',
  hint: fields.passwordHint(props.minPasswordLength),
  error: props.error && fieldErrors.password(props.error, props.minPasswordLength),
  hasFocus: true,
})}
<p class="small quiet">${resetPassword.newExplanation}</p>
<button class="button button-primary">${resetPassword.newSubmit}</button>
</form>`
  return personalPage({ title: resetPassword.newTitle, hasError: props.error !== undefined, content }, look)
}
