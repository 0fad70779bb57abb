import { html } from 'hono/html'
import { pathOf } from '../../base/path-of.ts'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import { code, json, sample, section, snippets } from './parts.ts'

/** When the sample token was made: 1 January 2030. */
const sampleIssuedAt = 1_893_456_000

export const checkToken = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: 'Check a token',
    words: html`<p>For those who build the API: send a token that you were given to
${code(pathOf(facts.calls.introspection.url))}, with the API's own id and secret, and learn whether it is good and what it
allows. An app may ask about its own tokens the same way.</p>
<p>A good token answers ${code('"active": true')} and what is known of it; times are in seconds since 1 January 1970 UTC.
Any other token, for whatever reason, answers ${code('{"active": false}')} and nothing more.</p>
<p>Apps need none of this: they send their token and look at the API's answer.</p>`,
    code: [
      ...snippets('Check a token', (language) => language.checkToken(facts)),
      sample('The answer for a good token', 'JSON', json(sampleClaims(facts))),
    ],
  })

function sampleClaims({ config }: DocsFacts): Record<string, unknown> {
  const scope = Object.keys(config.scopes).join(' ')
  return {
    active: true,
    token_type: 'Bearer',
    client_id: 'YOUR_CLIENT_ID',
    ...(scope === '' ? {} : { scope }),
    iss: config.issuer,
    aud: config.audience,
    iat: sampleIssuedAt,
    exp: sampleIssuedAt + config.accessTokenLifetimeSeconds,
  }
}
