import { html } from 'hono/html'
import type { Handler } from '../base/handler.ts'
import { callApi } from './docs/call-api.ts'
import { checkToken } from './docs/check-token.ts'
import { endToken } from './docs/end-token.ts'
import { endpointsTable } from './docs/endpoints.ts'
import { errors } from './docs/errors.ts'
import { expiry } from './docs/expiry.ts'
import { type DocsFacts, type DocsSource, gatherFacts } from './docs/facts.ts'
import { getToken, signInByPassword } from './docs/get-token.ts'
import { languagePicker } from './docs/parts.ts'
import { disconnect, people, refresh } from './docs/people.ts'
import { scopes } from './docs/scopes.ts'
import type { TokenWay } from './docs/token-way.ts'
import { whatYouNeed } from './docs/what-you-need.ts'
import { type Html, layout, publicPage } from './layout.ts'
import { stylesheetPath } from './stylesheet.ts'

/** How long the page may be kept, in seconds: as long as the metadata. */
const maxAgeSeconds = 300

/**
 * The API's own "How to authenticate" page, told from the live configuration. Every `error_uri` leads to it (RFC 6749
 * §5.2), and so does `service_documentation` (RFC 8414 §2).
 */
export function docsPage(source: DocsSource): Handler {
  const facts = gatherFacts(source)
  const { apiName } = source.config
  return publicPage(
    layout({
      title: `How to authenticate · ${apiName}`,
      stylesheetUrl: stylesheetPath(source.config),
      mainId: 'main',
      content: content(facts),
    }),
    maxAgeSeconds,
  )
}

type Section = [id: string, name: string, section: (facts: DocsFacts, id: string) => Html]

/** The page in its order: id, what the navigation calls it, and what it says. */
function sectionsOf(facts: DocsFacts): Section[] {
  const { first, others } = facts
  const isForPeople = first.grant === 'authorization_code'
  return [
    ['what-you-need', 'What you need', whatYouNeed],
    ['get-token', '1. Get a token', isForPeople ? people(first) : getToken],
    ['call-api', '2. Call the API', callApi],
    ['scopes', 'Scopes', scopes],
    ['expiry', 'When it expires', isForPeople ? refresh(first) : expiry],
    ...(isForPeople && first.connection ? toDisconnect(first) : [toEndToken]),
    ...others.flatMap(wayApart),
    ['check-token', 'Check a token', checkToken],
    ['endpoints', 'Endpoints', endpointsTable],
    ['errors', 'Errors', errors],
  ]
}

const toEndToken: Section = ['end-token', 'End a token', endToken]
const toDisconnect = ({ connection }: TokenWay): Section[] =>
  connection ? [['disconnect', 'Disconnect', disconnect(connection)]] : []

/** A way to a token, where step 1 is another. */
function wayApart(way: TokenWay): Section[] {
  switch (way.grant) {
    case 'authorization_code':
      return [
        ['people', 'Act for a person', people(way)],
        ['renew', 'Renew it', refresh(way)],
        ...toDisconnect(way),
      ]
    case 'password':
      return [['password', 'Sign in with a password', signInByPassword(way)]]
    case 'client_credentials':
      return []
  }
}

/** What step 1 exchanges for a token. */
const beginnings: Record<DocsFacts['first']['grant'], string> = {
  client_credentials: 'Swap your client id and secret for an access token',
  authorization_code: 'Let a person allow your app, get an access token',
  password: 'Swap your username and password for an access token',
}

const content = (facts: DocsFacts): Html => {
  const sections = sectionsOf(facts)
  return html`<div class="docs">
<nav class="docs-nav" aria-label="On this page">
<p class="brand">${facts.config.apiName}</p>
<ul>${sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul>
</nav>
<main id="main" tabindex="-1">
<div class="docs-intro">
<h1>How to authenticate</h1>
<p class="lead">${beginnings[facts.first.grant]}, then send the token with every request. That is all:
two steps, and your first answer from ${facts.config.apiName} is a minute away.</p>
</div>
${languagePicker()}
${sections.map(([id, , section]) => section(facts, id))}
</main>
</div>`
}
