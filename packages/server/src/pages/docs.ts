import { html } from 'hono/html'
import type { Handler } from '../base/handler.ts'
import { callApi } from './docs/call-api.ts'
import { checkToken } from './docs/check-token.ts'
import { endToken } from './docs/end-token.ts'
import { endpointsTable } from './docs/endpoints.ts'
import { errors } from './docs/errors.ts'
import { expiry } from './docs/expiry.ts'
import { type DocsFacts, type DocsSource, gatherFacts } from './docs/facts.ts'
import { getToken } from './docs/get-token.ts'
import { languagePicker } from './docs/parts.ts'
import { scopes } from './docs/scopes.ts'
import { whatYouNeed } from './docs/what-you-need.ts'
import { type Html, layout, publicPage } from './layout.ts'

/** How long the page may be kept, in seconds: as long as the metadata. */
const maxAgeSeconds = 300

/**
 * The API's own "How to authenticate" page, told from the live configuration. Every `error_uri` leads to it (RFC 6749
 * §5.2), and so does `service_documentation` (RFC 8414 §2).
 */
export function docsPage(source: DocsSource): Handler {
  const facts = gatherFacts(source)
  const { apiName, issuer } = source.config
  return publicPage(
    layout({
      title: `How to authenticate · ${apiName}`,
      issuer,
      mainId: 'main',
      content: content(facts),
    }),
    maxAgeSeconds,
  )
}

/** The page in its order: id, what the navigation calls it, and what it says. */
const sections: [id: string, name: string, section: (facts: DocsFacts, id: string) => Html][] = [
  ['what-you-need', 'What you need', whatYouNeed],
  ['get-token', '1. Get a token', getToken],
  ['call-api', '2. Call the API', callApi],
  ['scopes', 'Scopes', scopes],
  ['expiry', 'When it expires', expiry],
  ['end-token', 'End a token', endToken],
  ['check-token', 'Check a token', checkToken],
  ['endpoints', 'Endpoints', endpointsTable],
  ['errors', 'Errors', errors],
]

const content = (facts: DocsFacts): Html => html`<div class="docs">
<nav class="docs-nav" aria-label="On this page">
<p class="brand">${facts.config.apiName}</p>
<ul>${sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul>
</nav>
<main id="main" tabindex="-1">
<div class="docs-intro">
<h1>How to authenticate</h1>
<p class="lead">Swap your client id and secret for an access token, then send the token with every request. That is all:
two steps, and your first answer from ${facts.config.apiName} is a minute away.</p>
</div>
${languagePicker()}
${sections.map(([id, , section]) => section(facts, id))}
</main>
</div>`
