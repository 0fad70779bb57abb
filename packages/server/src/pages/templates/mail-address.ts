import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { field, formTokenField, notice } from './parts.ts'

export interface MailAddressProps {
  /** Where the form goes. */
  action: string
  formToken: string
  email?: string | undefined
  error?: 'invalid_email' | 'throttled' | undefined
  notice?: 'form_expired' | undefined
  signInUrl: string
}

/** What a page that asks for a mail address says. */
interface MailAddressWords {
  title: string
  explanation: string
  submit: string
  /** The way back to sign-in. */
  wayBack: Html
}

/** A person gives a mail address, and gets a link there. The form posts `form_token` and `email`. */
export function mailAddressTemplate(props: MailAddressProps, words: MailAddressWords, look: Look): Html {
  const { fields, fieldErrors, formExpired, throttled } = look.words
  const content = html`<div class="page-title">
<h1>${words.title}</h1>
<p class="lead">${words.explanation}</p>
</div>
${props.error === 'throttled' ? notice('wrong', throttled(undefined)) : ''}
${props.notice ? notice('info', formExpired) : ''}
<form class="form" method="post" action="${props.action}" novalidate>
${formTokenField(props.formToken)}
${field({
  name: 'email',
  label: fields.email,
  type: 'email',
  autocomplete: 'email',
  value: props.email,
  error: props.error === 'invalid_email' ? fieldErrors.invalidEmail : undefined,
  hasFocus: true,
})}
<button class="button button-primary">${words.submit}</button>
</form>
<ul class="ways"><li>${words.wayBack}</li></ul>`
  return personalPage({ title: words.title, hasError: props.error !== undefined, content }, look)
}
