import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { formTokenField, notice, person, type ShownPerson } from './parts.ts'

export interface ChooseAccountProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** The app that a person came from. */
  appName?: string | undefined
  accounts: readonly (ShownPerson & { id: string })[]
  otherAccountUrl: string
  /** People that `latchkey dev` shows, with where each signs in. */
  demoAccounts: readonly (ShownPerson & { url: string })[]
  notice?: 'form_expired' | undefined
}

/** Who is signed in chooses whom to go on as. The form posts `form_token` and `account`. */
export function chooseAccountTemplate(props: ChooseAccountProps, look: Look): Html {
  const { words } = look
  const other = props.accounts.length > 0 ? words.useAnotherAccount : words.chooseAccount.ownAccount
  const content = html`<div class="page-title">
<h1>${words.chooseAccount.title}</h1>
${props.appName ? html`<p class="lead">${words.continueTo(props.appName)}</p>` : ''}
</div>
${props.notice ? notice('info', words.formExpired) : ''}
<form method="post" action="${props.action}">
${formTokenField(props.formToken)}
<ul class="rows" aria-label="${words.chooseAccount.accounts}">
${props.accounts.map(
  ({ id, ...shown }) =>
    html`<li><button class="row row-link" name="account" value="${id}">${person(shown)}</button></li>`,
)}
<li><a class="row row-link" href="${props.otherAccountUrl}"><span class="person"><span class="person-letter person-add" aria-hidden="true"></span><span class="person-words">${other}</span></span></a></li>
</ul>
</form>
${props.demoAccounts.length > 0 ? demo(props, look) : ''}`
  return personalPage({ title: words.chooseAccount.title, content }, look)
}

const demo = ({ demoAccounts }: ChooseAccountProps, { words }: Look): Html =>
  html`<section class="demo" aria-labelledby="demo-title">
<h2 id="demo-title">${words.chooseAccount.demoTitle}</h2>
<p class="quiet small">${words.chooseAccount.demoHint}</p>
<ul class="rows">
${demoAccounts.map(
  ({ url, ...shown }) => html`<li><a class="row row-link" href="${url}">${person(shown)}</a></li>`,
)}
</ul>
</section>`
