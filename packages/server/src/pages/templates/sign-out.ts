import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { formTokenField, notice, person, type ShownPerson } from './parts.ts'

export interface SignOutProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** Who is signed in in this browser. */
  accounts: readonly ShownPerson[]
  notice?: 'form_expired' | undefined
  /** Where those go who stay. */
  accountUrl?: string | undefined
}

/** Asks first: a link alone signs nobody out. The form posts `form_token`. */
export function signOutTemplate(props: SignOutProps, look: Look): Html {
  const { signOut, formExpired } = look.words
  const content = html`<div class="page-title">
<h1>${signOut.title}</h1>
<p class="lead">${signOut.explanation(props.accounts.length)}</p>
</div>
${props.notice ? notice('info', formExpired) : ''}
<ul class="rows">${props.accounts.map((account) => html`<li class="row">${person(account)}</li>`)}</ul>
<form class="form" method="post" action="${props.action}">
${formTokenField(props.formToken)}
<div class="buttons">
<button class="button button-primary">${signOut.submit}</button>
${props.accountUrl ? html`<a class="button" href="${props.accountUrl}">${signOut.stay}</a>` : ''}
</div>
</form>`
  return personalPage({ title: signOut.title, content }, look)
}

export interface SignedOutProps {
  signInUrl: string
}

/** Nobody is signed in any more. */
export function signedOutTemplate({ signInUrl }: SignedOutProps, look: Look): Html {
  const { signOut } = look.words
  const content = html`<div class="page-title">
<h1>${signOut.doneTitle}</h1>
<p class="lead">${signOut.done}</p>
</div>
<p><a class="button" href="${signInUrl}">${signOut.signInAgain}</a></p>`
  return personalPage({ title: signOut.doneTitle, content }, look)
}
