import { html } from 'hono/html'
import type { UnixSeconds } from '../../base/clock.ts'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { breakable, formTokenField, hiddenField, notice, person, type ShownPerson } from './parts.ts'

export interface ConsentProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** The authorization request that the answer belongs to. */
  continueTo: string
  app: { name: string /** Who made it; empty: nobody said. */; publisher: string }
  account: ShownPerson
  scopes: readonly ScopeInWords[]
  /** What the app asked for and this person may not give. */
  withheld: readonly ScopeInWords[]
  /** The host, or the scheme, that the browser is sent back to. */
  returnsTo: string
  isLoopback: boolean
  /** When the connection was made that this one ends. */
  replacesConnectionSince?: UnixSeconds | undefined
  switchAccountUrl: string
}

export interface ScopeInWords {
  scope: string
  words: string
}

/** A person allows an app or not. The form posts `form_token`, `continue` and `decision`: `allow` or `deny`. */
export function consentTemplate(props: ConsentProps, look: Look): Html {
  const { words, apiName } = look
  const { app, account } = props
  const title = words.consent.title(app.name, apiName)
  const content = html`<div class="page-title">
<h1>${title}</h1>
<p class="lead">${app.publisher ? words.consent.madeBy(app.publisher) : words.consent.publisherUnknown}</p>
</div>
<div class="row account-row">
<h2 class="visually-hidden">${words.consent.account}</h2>
${person(account)}
<a class="small" href="${props.switchAccountUrl}">${words.useAnotherAccount}</a>
</div>
<section class="permissions" aria-labelledby="can-title">
<h2 id="can-title">${words.consent.can}</h2>
${props.scopes.length > 0 ? scopeList('can', props.scopes) : html`<p class="quiet">${words.consent.nothingNamed}</p>`}
</section>
${props.withheld.length > 0 ? withheld(props.withheld, look) : ''}
<section class="permissions" aria-labelledby="cannot-title">
<h2 id="cannot-title">${words.consent.cannot}</h2>
<ul class="marks marks-cannot"><li>${words.consent.cannotSeePassword}</li><li>${words.consent.cannotDoMore}</li></ul>
</section>
${replacement(props, look)}
<form class="form decision" method="post" action="${props.action}">
${formTokenField(props.formToken)}${hiddenField('continue', props.continueTo)}
<div class="returns">
<p class="small">${words.consent.returnsTo}</p>
<p class="returns-host"><bdi>${props.isLoopback ? words.consent.thisDevice : breakable(props.returnsTo)}</bdi></p>
<p class="small quiet">${props.isLoopback ? words.consent.loopbackHint : words.consent.returnsHint}</p>
</div>
<div class="buttons">
<button class="button button-primary" name="decision" value="allow">${words.consent.allow}</button>
<button class="button" name="decision" value="deny">${words.consent.deny}</button>
</div>
<p class="small quiet">${words.consent.later}</p>
</form>`
  return personalPage({ title, content }, look)
}

const scopeList = (kind: 'can' | 'withheld', scopes: readonly ScopeInWords[]): Html =>
  html`<ul class="marks marks-${kind}">${scopes.map(
    ({ scope, words }) => html`<li><bdi>${words || scope}</bdi></li>`,
  )}</ul>`

const withheld = (scopes: readonly ScopeInWords[], { words }: Look): Html =>
  html`<section class="permissions" aria-labelledby="withheld-title">
<h2 id="withheld-title">${words.consent.withheld}</h2>
${scopeList('withheld', scopes)}
</section>`

function replacement({ replacesConnectionSince: since, app }: ConsentProps, { words }: Look): Html | '' {
  return since === undefined ? '' : notice('info', words.consent.replaces(app.name, words.date(since)))
}
