import { html } from 'hono/html'
import { formPostScriptPath } from '../form-post-script.ts'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { hiddenField } from './parts.ts'

export interface FormPostProps {
  /** The app's redirect URI. */
  action: string
  fields: readonly (readonly [name: string, value: string])[]
  appName: string
}

/** Carries an answer back to the app by a post (OAuth 2.0 Form Post Response Mode). Its script sends the form at once. */
export function formPostTemplate({ action, fields, appName }: FormPostProps, look: Look): Html {
  const { formPost } = look.words
  const title = formPost.title(appName)
  const content = html`<div class="page-title">
<h1>${title}</h1>
<p class="lead">${formPost.explanation}</p>
</div>
<form class="form" method="post" action="${action}">
${fields.map(([name, value]) => hiddenField(name, value))}
<button class="button button-primary">${formPost.submit}</button>
</form>`
  return personalPage({ title, content, scriptUrl: formPostScriptPath(look.issuer) }, look)
}
