import { html } from 'hono/html'
import { isRandomSecret, randomId } from '../../base/random.ts'
import { compileRoutes } from '../../dialects/compile.ts'
import { placeholders } from '../../pages/docs/call.ts'
import { curl } from '../../pages/docs/languages/curl.ts'
import { wayOf } from '../../pages/docs/token-way.ts'
import { type Html, privatePage } from '../../pages/layout.ts'
import { lookOf } from '../../pages/look.ts'
import { personalPage } from '../../pages/templates/page.ts'
import type { Latchkey } from '../../server.ts'
import type { Demo } from './demo.ts'
import { callbackPath } from './seed.ts'
import type { SignInLink } from './sign-in-link.ts'

/** The demo app's own page: where people come back to. */
export interface CallbackPage {
  isFor(request: Request): boolean
  fetch(request: Request): Promise<Response>
}

/** Shows what came back, and the command that exchanges it. */
export function createCallbackPage(latchkey: Latchkey, demo: Demo, link: SignInLink): CallbackPage {
  const { config, dialect, routes } = latchkey
  const source = { config, dialect, wires: compileRoutes(dialect) }
  const exchange = curl.getToken(wayOf(source, 'authorization_code'))
  const isServers = routes.some(({ paths }) => paths.includes(callbackPath))
  return {
    isFor: (request) => !isServers && request.method === 'GET' && pathOf(request) === callbackPath,
    async fetch(request) {
      const parameters = [...new URL(request.url).searchParams]
      const command = commandFor(new Map(parameters), exchange, demo, link)
      const page = personalPage(
        { title: 'Back at the demo app', width: 'wide', content: content(parameters, command) },
        lookOf(config, request),
      )
      const response = await privatePage(page, { requestId: randomId(), address: '' })
      // The address of this page holds the code.
      response.headers.set('referrer-policy', 'no-referrer')
      return response
    },
  }
}

const pathOf = (request: Request): string => new URL(request.url).pathname

/** What was not made here never stands in a command that somebody pastes. */
function commandFor(
  parameters: ReadonlyMap<string, string>,
  exchange: string,
  { client }: Demo,
  { redirectUri, state, verifier }: SignInLink,
): string | undefined {
  const code = parameters.get('code') ?? ''
  if (!isRandomSecret(code)) return undefined
  const isOurLink = parameters.get('state') === state
  return exchange
    .replaceAll(placeholders.clientId, client.id)
    .replaceAll(placeholders.clientSecret, client.secret)
    .replaceAll(placeholders.redirectUri, redirectUri)
    .replaceAll(placeholders.verifier, (isOurLink && verifier) || placeholders.verifier)
    .replaceAll(placeholders.code, code)
}

const content = (
  parameters: readonly (readonly [string, string])[],
  command: string | undefined,
): Html => html`<div class="page-title">
<h1>Back at the demo app</h1>
<p class="lead">This page plays the app. ${
  command === undefined
    ? 'This is what it was told.'
    : 'It was told this, and can exchange the code for a token.'
}</p>
</div>
${parameters.length === 0 ? html`<p class="empty">Nothing came with the address.</p>` : table(parameters)}
${
  command === undefined
    ? ''
    : html`<figure class="snippet">
<figcaption><span>Exchange the code</span><span>curl</span></figcaption>
<pre tabindex="0" role="region" aria-label="Exchange the code, curl"><code>${command}</code></pre>
</figure>`
}`

const table = (parameters: readonly (readonly [string, string])[]): Html => html`<div class="table"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">Value</th></tr></thead>
<tbody>${parameters.map(
  ([name, value]) => html`<tr><th scope="row"><code>${name}</code></th><td><code>${value}</code></td></tr>`,
)}</tbody>
</table></div>`
