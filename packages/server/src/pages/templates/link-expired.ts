import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'

export interface LinkExpiredProps {
  kind: 'sign_up' | 'reset_password'
  /** Where another link is asked for. */
  againUrl: string
}

/** A link out of a mail that is too old, was used, or was never ours: from outside these look the same. */
export function linkExpiredTemplate({ kind, againUrl }: LinkExpiredProps, look: Look): Html {
  const { linkExpired } = look.words
  const content = html`<div class="page-title">
<h1>${linkExpired.title}</h1>
<p class="lead">${linkExpired.explanation}</p>
</div>
<p>${linkExpired.whatToDo[kind]}</p>
<p><a class="button button-primary" href="${againUrl}">${linkExpired.again}</a></p>`
  return personalPage({ title: linkExpired.title, content }, look)
}
