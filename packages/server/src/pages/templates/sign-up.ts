import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import type { PasswordError } from '../words/words.ts'
import { type MailAddressProps, mailAddressTemplate } from './mail-address.ts'
import { personalPage } from './page.ts'
import { breakable, errorSummary, field, formTokenField, hiddenField, notice } from './parts.ts'

/** The first step of a new account: where to send the link. */
export function signUpTemplate(props: MailAddressProps, look: Look): Html {
  const { signUp } = look.words
  const wayBack = html`<span>${signUp.signInQuestion}</span> <a href="${props.signInUrl}">${signUp.signIn}</a>`
  return mailAddressTemplate(props, { ...signUp, wayBack }, look)
}

export interface FinishSignUpProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** What it carries of its link, hidden. */
  linkFields?: readonly (readonly [name: string, value: string])[]
  email: string
  name?: string | undefined
  errors: { name?: 'missing' | 'too_long' | undefined; password?: PasswordError | undefined }
  notice?: 'form_expired' | undefined
  /** In characters. */
  minPasswordLength: number
}

/** The last step, behind the link in the mail. The form posts `form_token`, `name` and `password`. */
export function finishSignUpTemplate(props: FinishSignUpProps, look: Look): Html {
  const { signUp, fields, formExpired } = look.words
  const { name, password } = messages(props, look)
  const wrong = [
    ...(name ? [['name', name] as const] : []),
    ...(password ? [['password', password] as const] : []),
  ]
  const content = html`<div class="page-title">
<h1>${signUp.finishTitle}</h1>
<p class="lead">${signUp.finishExplanation} <bdi class="whose">${breakable(props.email)}</bdi></p>
</div>
${wrong.length > 0 ? errorSummary(wrong, look) : ''}
${props.notice ? notice('info', formExpired) : ''}
<form class="form" method="post" action="${props.action}" novalidate>
${formTokenField(props.formToken)}${props.linkFields?.map(([name, value]) => hiddenField(name, value)) ?? ''}
<input type="text" autocomplete="username" value="${props.email}" hidden>
${field({
  name: 'name',
  label: fields.name,
  type: 'text',
  autocomplete: 'name',
  value: props.name,
  hint: signUp.nameHint,
  error: name,
  hasFocus: wrong.length === 0,
})}
${field({
  name: 'password',
  label: fields.password,
  type: 'password',
  autocomplete: 'new-password',
  hint: fields.passwordHint(props.minPasswordLength),
  error: password,
})}
<button class="button button-primary">${signUp.finishSubmit}</button>
</form>`
  return personalPage({ title: signUp.finishTitle, hasError: wrong.length > 0, content }, look)
}

function messages({ errors, minPasswordLength }: FinishSignUpProps, { words }: Look) {
  const { nameMissing, nameTooLong, password } = words.fieldErrors
  const ofName = { missing: nameMissing, too_long: nameTooLong }
  return {
    name: errors.name && ofName[errors.name],
    password: errors.password && password(errors.password, minPasswordLength),
  }
}
