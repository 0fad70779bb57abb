import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import { renewalMarginSeconds } from './languages/language.ts'
import { code, durationInWords, lifetimeInWords, section, snippets } from './parts.ts'

export const expiry = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: 'When it expires',
    words: html`<p>A token lives for ${lifetimeInWords(facts)}. After that the API answers 401 with
<a href="#invalid_token"><code>invalid_token</code></a>. Nothing is lost: get a new token as in
<a href="#get-token">step 1</a> and go on.</p>
<p>Better still, renew it before it ends:</p>
<ol>
<li>Keep the token and the time at which it ends${
      facts.first.lifetime ? html`, which ${code(facts.first.lifetime.path.join('.'))} tells` : ''
    }.</li>
<li>Get a new one about ${durationInWords(renewalMarginSeconds(facts))} before that.</li>
<li>If the API answers 401 all the same, the token was ended early: get a new one and try once more, not more often. If
that fails too, the answer says why.</li>
</ol>
<p>${
      facts.first.lifetime
        ? 'The example does all three; with curl, it does the last.'
        : 'The example does the last.'
    } It is a whole program and needs nothing of steps 1 and 2.</p>`,
    code: snippets('Keep a token fresh', (language) => language.renew(facts)),
  })
