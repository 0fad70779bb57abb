import { html } from 'hono/html'
import { pathOf } from '../../base/path-of.ts'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import { code, section, snippets } from './parts.ts'

export const endToken = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: 'End a token',
    words: html`<p>When you are done with a token, or fear that somebody saw it, end it: send it to
${code(pathOf(facts.calls.revocation.url))} as ${code(facts.calls.revocation.parameters[0]?.[0] ?? 'token')}, ${
      facts.first.firstPartyId === undefined
        ? 'with your client id and secret as in step 1'
        : 'with the client id that the example shows'
    }.</p>
<p>The answer is 200 and says nothing more, and the API refuses the token from then on. A token that is unknown or has ended already
gets the same answer, so you may safely send it twice. Your other tokens live on.</p>`,
    code: snippets('End a token', (language) => language.endToken(facts)),
  })
