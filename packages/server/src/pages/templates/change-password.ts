import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import type { PasswordError } from '../words/words.ts'
import { personalPage } from './page.ts'
import { field, formTokenField, notice } from './parts.ts'

export interface ChangePasswordProps {
  /** Where the form goes. */
  action: string
  formToken: string
  username: string
  /** `wrong`: the current password is not theirs; the others: the new one is not taken. */
  error?: 'wrong' | 'throttled' | PasswordError | undefined
  notice?: 'form_expired' | undefined
  /** In characters. */
  minPasswordLength: number
  accountUrl: string
}

/** Who knows the password chooses another. The form posts `form_token`, `current_password` and `new_password`. */
export function changePasswordTemplate(props: ChangePasswordProps, look: Look): Html {
  const { changePassword, fields, formExpired, throttled, backToAccount } = look.words
  const { current, next } = messages(props, look)
  const content = html`<div class="page-title"><h1>${changePassword.title}</h1></div>
${props.error === 'throttled' ? notice('wrong', throttled(undefined)) : ''}
${props.notice ? notice('info', formExpired) : ''}
<form class="form" method="post" action="${props.action}" novalidate>
${formTokenField(props.formToken)}
<input type="text" autocomplete="username" value="${props.username}" hidden>
${field({
  name: 'current_password',
  label: fields.currentPassword,
  type: 'password',
  autocomplete: 'current-password',
  error: current,
  hasFocus: next === undefined,
})}
${field({
  name: 'new_password',
  label: fields.newPassword,
  type: 'password',
  autocomplete: 'new-password',
  hint: fields.passwordHint(props.minPasswordLength),
  error: next,
  hasFocus: next !== undefined,
})}
<p class="small quiet">${changePassword.hint}</p>
<button class="button button-primary">${changePassword.submit}</button>
</form>
<ul class="ways"><li><a href="${props.accountUrl}">${backToAccount}</a></li></ul>`
  return personalPage({ title: changePassword.title, hasError: props.error !== undefined, content }, look)
}

function messages({ error, minPasswordLength }: ChangePasswordProps, { words }: Look) {
  if (error === 'wrong') return { current: words.changePassword.wrong, next: undefined }
  if (error === undefined || error === 'throttled') return { current: undefined, next: undefined }
  return { current: undefined, next: words.fieldErrors.password(error, minPasswordLength) }
}
