import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'

export interface ErrorProps {
  title: string
  message: string
  requestId: string
  whatToDo?: string | undefined
  /** Where a person's account is. */
  homeUrl?: string | undefined
  /** The error as the specifications name it, in English, for whoever made the app. */
  details?: { code: string; description: string } | undefined
}

/** Says what went wrong and what to do about it; never leads anywhere by itself. */
export function errorTemplate(
  { title, message, requestId, whatToDo, homeUrl, details }: ErrorProps,
  look: Look,
): Html {
  const { error } = look.words
  const content = html`<div class="page-title">
<h1>${title}</h1>
<p class="lead">${message}</p>
</div>
${whatToDo ? html`<p>${whatToDo}</p>` : ''}
${homeUrl ? html`<p><a class="button" href="${homeUrl}">${error.toAccount}</a></p>` : ''}
<div class="error-facts">
${
  details
    ? html`<details>
<summary>${error.forDevelopers}</summary>
<p lang="en"><code>${details.code}</code> ${details.description}</p>
</details>`
    : ''
}
<p>${error.requestId} <code lang="en">${requestId}</code></p>
</div>`
  return personalPage({ title, content }, look)
}
