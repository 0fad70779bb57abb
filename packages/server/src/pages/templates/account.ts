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
  /** Posts `form_token` and `connection`. */
  disconnectAction: string
  /** A page that asks first. */
  signOutAction: string
  /** Posts `form_token`. */
  signOutEverywhereAction: string
  changePasswordUrl?: string | undefined
  addAccountUrl: string
  notice?: 'disconnected' | 'password_changed' | 'form_expired' | undefined
}

export interface AccountPerson {
  id: string
  name: string
  username: string
  email?: string | null | undefined
  /** Where this page is for them. */
  url?: string | undefined
}

export interface AccountApp {
  /** The connection's. */
  id: string
  name: string
  publisher: string
  /** What it may do, in words. */
  scopes: readonly string[]
  connectedAt: UnixSeconds
  lastUsedAt?: UnixSeconds | undefined
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
${app.lastUsedAt === undefined ? '' : html`<div><dt>${account.lastUsed}</dt> <dd>${day(app.lastUsedAt, look)}</dd></div>`}
</dl>
</div>
<form method="post" action="${disconnectAction}">
${formTokenField(formToken)}${hiddenField('connection', app.id)}
<button class="button button-small button-danger" aria-label="${account.disconnectApp(app.name)}">${account.disconnect}</button>
</form>
</li>`
}

function people({ accounts, currentId, addAccountUrl }: AccountProps, { words }: Look): Html {
  const { account } = words
  const others = accounts.filter(({ id }) => id !== currentId)
  return html`<section class="part people" aria-labelledby="accounts-title">
<h2 id="accounts-title">${account.accountsTitle}</h2>
<ul class="rows">
${others.map(
  (one) =>
    html`<li class="row">${person(shown(one))}${
      one.url
        ? html`<a class="button button-small" href="${one.url}" aria-label="${account.switchTo(one.name)}">${account.switch}</a>`
        : ''
    }</li>`,
)}
<li><a class="row row-link" href="${addAccountUrl}"><span class="person"><span class="person-letter person-add" aria-hidden="true"></span><span class="person-words">${account.addAccount}</span></span></a></li>
</ul>
</section>`
}

function security(props: AccountProps, { words }: Look): Html {
  const { account } = words
  return html`<section class="part" aria-labelledby="security-title">
<h2 id="security-title">${account.securityTitle}</h2>
<div class="actions">
${props.changePasswordUrl ? html`<a class="button" href="${props.changePasswordUrl}">${account.changePassword}</a>` : ''}
<a class="button" href="${props.signOutAction}">${account.signOut}</a>
<form method="post" action="${props.signOutEverywhereAction}">
${formTokenField(props.formToken)}
<button class="button button-danger" aria-describedby="everywhere-hint">${account.signOutEverywhere}</button>
</form>
</div>
<p class="small quiet" id="everywhere-hint">${account.signOutEverywhereHint}</p>
</section>`
}
