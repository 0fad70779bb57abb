import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'

export interface CheckMailProps {
  email: string
  kind: 'sign_up' | 'reset_password'
  signInUrl: string
  /** Where `latchkey dev` shows its mails. */
  outboxUrl?: string | undefined
}

/** A mail is on its way. Says the same whether or not there is an account. */
export function checkMailTemplate({ email, kind, signInUrl, outboxUrl }: CheckMailProps, look: Look): Html {
  const { checkMail, backToSignIn } = look.words
  const content = html`<div class="page-title">
<h1>${checkMail.title}</h1>
<p class="lead">${checkMail.sent[kind](email)}</p>
</div>
<div class="flow">
<p>${checkMail.next[kind]}</p>
<p class="quiet">${checkMail.nothingCame}</p>
${outboxUrl ? html`<p><a class="button" href="${outboxUrl}">${checkMail.outbox}</a></p>` : ''}
</div>
<ul class="ways"><li><a href="${signInUrl}">${backToSignIn}</a></li></ul>`
  return personalPage({ title: checkMail.title, content }, look)
}
