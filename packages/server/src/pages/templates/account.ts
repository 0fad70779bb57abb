import { html } from 'hono/html'
import type { UnixSeconds } from '../../base/clock.ts'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { day, formTokenField, hiddenField, nothing, notice, person } from './parts.ts'

export interface AccountProps {
  /** Who is signed in in this browser. */
  accounts: readonly AccountPerson[]
  /** Whose page this is, out of them. */
  currentId: string
  apps: readonly AccountApp[]
  formToken: string
  /** Posts `form_token` and `client`. */
  disconnectAction: string
  /** A page that asks first. */
  signOutAction: string
  /** Likewise. */
  signOutEverywhereUrl: string
  changePasswordUrl?: string | undefined
  addAccountUrl: string
  notice?: 'disconnected' | 'password_changed' | 'signed_out_everywhere' | 'form_expired' | undefined
}

export interface AccountPerson {
  id: string
  name: string
  username: string
  email?: string | null | undefined
  /** Where this page is for them. */
  url?: string | undefined
  /** Where they alone sign out. */
  signOutUrl?: string | undefined
}

export interface AccountApp {
  /** The client's. */
  id: string
  name: string
  publisher: string
  /** What it may do, in words. */
  scopes: readonly string[]
  connectedAt: UnixSeconds
  /** Left out where it never was. */
  renewedAt?: UnixSeconds | undefined
}

/** A person's own page: what is connected, who is signed in, and how to end either. */
export function accountTemplate(props: AccountProps, look: Look): Html {
  const { account } = look.words
  const current = props.accounts.find(({ id }) => id === props.currentId)
  const content = html`<div class="page-title">
<h1>${account.title}</h1>
${current ? person(shown(current)) : ''}
</div>
${message(props, look)}
${apps(props, look)}
${people(props, look)}
${security(props, look)}`
  return personalPage({ title: account.title, width: 'wide', content }, look)
}

/** What they sign in with, or their address where that is no name of their own. */
const shown = ({ name, username, email }: AccountPerson) => ({ name, username: email || username })

function message({ notice: told }: AccountProps, { words }: Look): Html {
  if (!told) return nothing
  return notice(told === 'form_expired' ? 'info' : 'done', words.account.notices[told])
}

function apps(props: AccountProps, look: Look): Html {
  const { account } = look.words
  return html`<section class="part" aria-labelledby="apps-title">
<h2 id="apps-title">${account.appsTitle}</h2>
${
  props.apps.length === 0
    ? html`<p class="empty">${account.appsEmpty}</p>`
    : html`<ul class="rows">${props.apps.map((app) => appRow(app, props, look))}</ul>`
}
</section>`
}

function appRow(app: AccountApp, { formToken, disconnectAction }: AccountProps, look: Look): Html {
  const { account } = look.words
  return html`<li class="row app">
<div class="app-words">
<h3><bdi>${app.name}</bdi></h3>
${app.publisher ? html`<p class="small quiet">${account.madeBy(app.publisher)}</p>` : ''}
${
  app.scopes.length > 0
    ? html`<ul class="marks marks-can small" aria-label="${account.canDo}">${app.scopes.map(
        (words) => html`<li><bdi>${words}</bdi></li>`,
      )}</ul>`
    : ''
}
<dl class="app-dates small quiet">
<div><dt>${account.connected}</dt> <dd>${day(app.connectedAt, look)}</dd></div>
${app.renewedAt === undefined ? '' : html`<div><dt>${account.lastRenewed}</dt> <dd>${day(app.renewedAt, look)}</dd></div>`}
</dl>
</div>
<form method="post" action="${disconnectAction}">
${formTokenField(formToken)}${hiddenField('client', app.id)}
<button class="button button-small button-danger" aria-label="${account.disconnectApp(app.name)}">${account.disconnect}</button>
</form>
</li>`
}

function people(props: AccountProps, { words }: Look): Html {
  const { account } = words
  return html`<section class="part people" aria-labelledby="accounts-title">
<h2 id="accounts-title">${account.accountsTitle}</h2>
<ul class="rows">
${props.accounts.map((one) => html`<li class="row">${person(shown(one))}${wayOfPerson(one, props, words)}</li>`)}
<li><a class="row row-link" href="${props.addAccountUrl}"><span class="person"><span class="person-letter person-add" aria-hidden="true"></span><span class="person-words">${account.addAccount}</span></span></a></li>
</ul>
</section>`
}

/** Where only one is signed in, there is nobody to switch to, and one way out is enough. */
function wayOfPerson(one: AccountPerson, { accounts, currentId }: AccountProps, words: Look['words']): Html {
  const { account } = words
  if (accounts.length < 2) return nothing
  return html`<span class="row-actions">${
    one.url && one.id !== currentId
      ? html`<a class="button button-small" href="${one.url}" aria-label="${account.switchTo(one.name)}">${account.switch}</a>`
      : ''
  }${
    one.signOutUrl
      ? html`<a class="button button-small" href="${one.signOutUrl}" aria-label="${account.signOutOf(one.name)}">${account.signOut}</a>`
      : ''
  }</span>`
}

function security(props: AccountProps, { words }: Look): Html {
  const { account } = words
  return html`<section class="part" aria-labelledby="security-title">
<h2 id="security-title">${account.securityTitle}</h2>
<div class="actions">
${props.changePasswordUrl ? html`<a class="button" href="${props.changePasswordUrl}">${account.changePassword}</a>` : ''}
<a class="button" href="${props.signOutAction}">${props.accounts.length > 1 ? account.signOutAll : account.signOut}</a>
<a class="button button-danger" href="${props.signOutEverywhereUrl}">${account.signOutEverywhere}</a>
</div>
</section>`
}
