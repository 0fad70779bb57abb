import { html } from 'hono/html'
import { sha256 } from '../../base/hash.ts'
import { OAuthError } from '../../base/oauth-error.ts'
import { pathOf } from '../../base/path-of.ts'
import { isRandomSecret, randomId } from '../../base/random.ts'
import { compileRoutes, type Parameters } from '../../dialects/compile.ts'
import { readParameters } from '../../dialects/parameters.ts'
import { placeholders } from '../../pages/docs/call.ts'
import { curl } from '../../pages/docs/languages/curl.ts'
import { publicExchange, wayOf } from '../../pages/docs/token-way.ts'
import { type Html, privatePage } from '../../pages/layout.ts'
import { type Look, lookOf } from '../../pages/look.ts'
import { personalPage } from '../../pages/templates/page.ts'
import { wordsIn } from '../../pages/words/languages.ts'
import type { Latchkey } from '../../server.ts'
import type { Store } from '../../store/store.ts'
import type { Demo } from './demo.ts'
import { callbackPath } from './seed.ts'
import type { SignInLink } from './sign-in-link.ts'

/** The demo apps' own page: where people come back to, by a link or by a form (`response_mode=form_post`). */
export interface CallbackPage {
  isFor(request: Request): boolean
  fetch(request: Request): Promise<Response>
}

/** Shows what came back, and the command that exchanges it. */
export function createCallbackPage(latchkey: Latchkey, demo: Demo, link: SignInLink): CallbackPage {
  const { config, routes, store } = latchkey
  const exchanges = exchangesOf(latchkey, demo)
  const isServers = routes.some(({ paths }) => paths.includes(callbackPath))
  return {
    isFor: ({ method, url }) =>
      !isServers && (method === 'GET' || method === 'POST') && pathOf(url) === callbackPath,
    async fetch(request) {
      const parameters = await readAnswer(request)
      if (parameters instanceof OAuthError) {
        return new Response(`${parameters.message}\n`, { status: parameters.status })
      }
      const exchange = exchanges.get((await clientOf(parameters, store)) ?? '')
      const command = exchange && filledIn(exchange, parameters, link)
      const page = personalPage(
        { title: 'Back at the demo app', width: 'wide', content: content([...parameters], command) },
        inEnglish(lookOf(config, request)),
      )
      const response = await privatePage(page, { requestId: randomId(), address: '' })
      // The address of this page holds the code.
      response.headers.set('referrer-policy', 'no-referrer')
      return response
    },
  }
}

/** Its words are in no other language. */
const inEnglish = (look: Look): Look => ({ ...look, language: 'en', words: wordsIn.en })

/** The command by which each demo app exchanges a code, by the app's id. */
function exchangesOf({ config, dialect }: Latchkey, { client, publicClient }: Demo): Map<string, string> {
  const source = { config, dialect, wires: compileRoutes(dialect) }
  const byClient = curl
    .getToken(wayOf(source, 'authorization_code'))
    .replaceAll(placeholders.clientId, client.id)
    .replaceAll(placeholders.clientSecret, client.secret)
  const byPublicClient = curl
    .getToken({ call: publicExchange(source), tokenPath: [], refreshPath: undefined })
    .replaceAll(placeholders.clientId, publicClient.id)
  return new Map([
    [client.id, byClient],
    [publicClient.id, byPublicClient],
  ])
}

/** What came with the address, or in the form. */
async function readAnswer(request: Request): Promise<Parameters | OAuthError> {
  try {
    return await readParameters(request, { from: new Set(['query', 'form']), toStandard: undefined })
  } catch (error) {
    if (error instanceof OAuthError) return error
    throw error
  }
}

/** Whose code it is. What was not made here never stands in a command that somebody pastes. */
async function clientOf(parameters: Parameters, { database }: Store): Promise<string | undefined> {
  const code = parameters.get('code') ?? ''
  if (!isRandomSecret(code)) return undefined
  const row = await database.kysely
    .selectFrom('authorization_codes')
    .select('client_id')
    .where('code_hash', '=', sha256(code))
    .executeTakeFirst()
  return row?.client_id
}

function filledIn(
  exchange: string,
  parameters: Parameters,
  { redirectUri, state, verifier }: SignInLink,
): string {
  const isOurLink = parameters.get('state') === state
  return exchange
    .replaceAll(placeholders.redirectUri, redirectUri)
    .replaceAll(placeholders.verifier, (isOurLink && verifier) || placeholders.verifier)
    .replaceAll(placeholders.code, parameters.get('code') ?? '')
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
${parameters.length === 0 ? html`<p class="empty">Nothing came along.</p>` : table(parameters)}
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
