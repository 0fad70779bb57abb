import { html } from 'hono/html'
import { pathOf } from '../../base/path-of.ts'
import type { Html } from '../layout.ts'
import { type DocsFacts, wayBy } from './facts.ts'
import { code, durationInWords, snippets } from './parts.ts'
import type { ConnectionCalls, TokenWay } from './token-way.ts'

/** How a token is renewed by its refresh token (RFC 6749 §6), and what is left where that is over. */
export const renewalInWords = (
  { config }: DocsFacts,
  { renewal }: ConnectionCalls,
  whatIsLeft: string,
): Html => html`<p>Send the refresh token to ${code(pathOf(renewal.call.url))} and get a new token.</p>
${
  config.refreshTokenRotation
    ? html`<p>The answer holds a new refresh token too. Keep it in the place of the old one before you do anything else: the
old one is spent. If the answer got lost, send the old one again within ${durationInWords(
        config.refreshTokenGraceSeconds,
      )}; later it counts as stolen, and the connection ends.</p>`
    : html`<p>The refresh token stays the same.</p>`
}
<p>A refresh token that lies unused for ${durationInWords(config.refreshTokenLifetimeSeconds)} expires. Then, or when the
person took their permission back, the answer is <a href="#invalid_grant"><code>invalid_grant</code></a>: ${whatIsLeft}.</p>`

/** What ends every token of a connection at once. */
export const disconnectInWords = (
  { urls }: DocsFacts,
  { disconnect }: ConnectionCalls,
  when: string,
): Html => html`<p>${when}, end the connection: send its refresh token to ${code(pathOf(disconnect.url))}. The answer
is 200, and every token of the connection stops working at once.</p>
<p>People can do the same themselves, on their account page: ${code(urls.account)}.</p>`

/** How a token that was had by a password goes on and ends: as that of a code where both are the same app's. */
export function passwordConnection(facts: DocsFacts, way: TokenWay): { words: Html; code: Html[] } {
  const { connection } = way
  if (connection === undefined) return { words: html``, code: [] }
  const byCode = wayBy(facts, 'authorization_code')
  if (byCode?.connection && byCode.firstPartyId === way.firstPartyId) {
    return { words: asByCode(byCode === facts.first), code: [] }
  }
  return {
    words: html`<h3>Renew it, end it</h3>
${renewalInWords(facts, connection, 'sign in again')}
${disconnectInWords(facts, connection, 'When you are done')}`,
    code: [
      ...snippets('Renew without the password', (language) => language.getToken(connection.renewal)),
      ...snippets('End the connection', (language) => language.send(connection.disconnect)),
    ],
  }
}

const asByCode = (isFirst: boolean): Html => html`<h3>Renew it, end it</h3>
<p>As every token of a person: <a href="#${isFirst ? 'expiry' : 'renew'}">renew it</a> by its refresh token, and
<a href="#disconnect">end it</a> by that too.</p>`
