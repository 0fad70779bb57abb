import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import { code, section } from './parts.ts'

export const scopes = ({ config }: DocsFacts, id: string): Html => {
  const entries = Object.entries(config.scopes)
  return section({ id, title: 'Scopes', words: entries.length === 0 ? none : table(entries) })
}

const none = html`<p>This API has no scopes: a valid token opens all that your app may do.</p>`

const table = (
  entries: [name: string, words: string][],
): Html => html`<p>A scope is one thing that a token allows. Your
app was given some of these. A request that needs another is answered with
<a href="#insufficient_scope"><code>insufficient_scope</code></a>, and the answer names what is missing.</p>
<div class="table"><table>
<thead><tr><th scope="col">Scope</th><th scope="col">What it allows</th></tr></thead>
<tbody>${entries.map(
  ([name, words]) => html`<tr><th scope="row">${code(name)}</th><td>${words}</td></tr>`,
)}</tbody>
</table></div>`
