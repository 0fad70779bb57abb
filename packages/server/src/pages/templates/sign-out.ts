import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { formTokenField, notice, person, type ShownPerson } from './parts.ts'

export interface SignOutProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** Who is to sign out. */
  accounts: readonly ShownPerson[]
  /** Whether on every device, and not in this browser alone. */
  isEverywhere?: boolean
  notice?: 'form_expired' | undefined
  /** Where those go who stay. */
  accountUrl?: string | undefined
}

/** Asks first: a link alone signs nobody out. The form posts `form_token`. */
export function signOutTemplate(props: SignOutProps, look: Look): Html {
  const { signOut, formExpired } = look.words
  const { isEverywhere = false } = props
  const title = isEverywhere ? signOut.everywhereTitle : signOut.title
  const content = html`<div class="page-title">
<h1>${title}</h1>
<p class="lead">${isEverywhere ? signOut.everywhereExplanation : signOut.explanation(props.accounts.length)}</p>
</div>
${props.notice ? notice('info', formExpired) : ''}
<ul class="rows">${props.accounts.map((account) => html`<li class="row">${person(account)}</li>`)}</ul>
<form class="form" method="post" action="${props.action}">
${formTokenField(props.formToken)}
<div class="buttons">
<button class="button ${isEverywhere ? 'button-danger' : 'button-primary'}">${isEverywhere ? signOut.everywhereSubmit : signOut.submit}</button>
${props.accountUrl ? html`<a class="button" href="${props.accountUrl}">${signOut.stay}</a>` : ''}
</div>
</form>`
  return personalPage({ title, content }, look)
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
