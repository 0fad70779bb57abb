import { html } from 'hono/html'
import type { RouteKind } from '../../dialects/dialect.ts'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import { code, section } from './parts.ts'

interface Row {
  method: 'GET' | 'POST'
  urls: string[]
  words: string
}

export const endpointsTable = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: 'Endpoints',
    words: html`<p>Standard OAuth 2 libraries find all of this by themselves: give them the issuer,
${code(facts.config.issuer)}.</p>
<div class="table"><table>
<thead><tr><th scope="col">Address</th><th scope="col">What it is for</th></tr></thead>
<tbody>${rows(facts).map(
      ({ method, urls, words }) =>
        html`<tr><th scope="row">${urls.map(
          (url) => html`<div class="address"><span class="method">${method}</span> ${code(url)}</div>`,
        )}</th><td>${words}</td></tr>`,
    )}</tbody>
</table></div>`,
  })

const purposes: Record<RouteKind, string> = {
  authorization: 'Asks a person whether your app may act for them, and gives it a code.',
  token: 'Gives access tokens.',
  refresh: 'Renews an access token.',
  invalidate: 'Ends the connection between a person and your app.',
  revocation: 'Ends a token (RFC 7009).',
  introspection: 'Says whether a token is good (RFC 7662).',
}

function rows({ config, wires, urls }: DocsFacts): Row[] {
  const get = (url: string | undefined, words: string): Row[] =>
    url === undefined ? [] : [{ method: 'GET', urls: [url], words }]
  return [
    ...wires.map(({ kind, method, paths }) => ({
      method,
      urls: paths.map((path) => `${config.issuer}${path}`),
      words: purposes[kind],
    })),
    ...get(urls.metadata, 'Says where everything is, for programs (RFC 8414).'),
    ...get(urls.jwks, 'The public keys that tokens are checked with (RFC 7517).'),
    ...get(urls.verificationKeys, 'The keys that tokens are checked with, for the API alone.'),
    ...get(urls.revocations, 'Which tokens were ended, for the API alone.'),
    ...get(urls.docs, 'This page.'),
  ]
}
