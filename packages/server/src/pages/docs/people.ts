import { html } from 'hono/html'
import { pathOf } from '../../base/path-of.ts'
import type { Html } from '../layout.ts'
import type { Call, Value } from './call.ts'
import { disconnectInWords, renewalInWords } from './connection.ts'
import type { DocsFacts } from './facts.ts'
import { answerInWords, requestInWords } from './get-token.ts'
import { hasChallenge } from './languages/language.ts'
import { code, durationInWords, json, sample, section, snippets } from './parts.ts'
import type { ConnectionCalls, TokenWay } from './token-way.ts'

type Section = (facts: DocsFacts, id: string) => Html

/** How an app gets a token for a person: the link, what comes back, the exchange (RFC 6749 §4.1). */
export const people =
  (way: TokenWay): Section =>
  (facts, id) => {
    const { authorization } = facts.calls
    return section({
      id,
      title: facts.first === way ? '1. Get a token' : 'Act for a person',
      words: html`<p>A person allows your app to act for them. They do it on our pages, so your app never sees their
password.</p>
<h3>Send the person to us</h3>
<p>Make a link to ${code(pathOf(authorization.url))} and let the person's browser follow it. The link holds:</p>
<dl class="members">${authorization.parameters.map(
        ([name, value]) => html`<div><dt>${code(name)}</dt><dd>${partOfLink(name, value, facts)}</dd></div>`,
      )}</dl>
<p>Keep ${code(nameOf(authorization, 'state'))}${
        hasChallenge(authorization) ? ' and the verifier' : ''
      } where only this person's browser session has it; the example prints what you need.</p>
<h3>Take them back</h3>
<p>They choose an account, see what your app asks for, and allow or deny it. Then their browser comes back to your
redirect URI. See that ${code('state')} is the one that you sent, and drop the answer when it is not.</p>
<ul>
<li>Allowed: ${code('code')} is in the query. It is good for ${durationInWords(
        facts.config.authorizationCodeLifetimeSeconds,
      )}, and once.</li>
<li>Denied, or something is wrong: ${code('error')} is there instead, with ${code('error_description')}${redirectErrors(facts)}.
A denial is <a href="#access_denied"><code>access_denied</code></a>.</li>
</ul>
<h3>Exchange the code</h3>
${requestInWords(facts, way)}
${answerInWords(facts, way)}
${
  facts.config.connections === 'one'
    ? html`<p>A person has one connection to your app: a new one ends the one before, and its tokens stop working.</p>`
    : ''
}`,
      code: [
        ...snippets('Send the person to us', (language) => language.authorizationLink(facts)),
        ...snippets('Exchange the code', (language) => language.getToken(way)),
        sample('The answer to a code', 'JSON', json(way.sampleAnswer)),
      ],
    })
  }

/** How a token goes on that a person allowed. */
export const refresh =
  (way: TokenWay): Section =>
  (facts, id) => {
    const { config } = facts
    const { connection } = way
    const title = facts.first === way ? 'When it expires' : "Renew a person's token"
    if (connection === undefined) {
      const words = html`<p>A token lives for ${durationInWords(config.accessTokenLifetimeSeconds)}. After that the API
answers 401 with <a href="#invalid_token"><code>invalid_token</code></a>: send the person to us again.</p>`
      return section({ id, title, words })
    }
    return section({
      id,
      title,
      words: html`<p>A token lives for ${durationInWords(config.accessTokenLifetimeSeconds)}. After that the API answers 401
with <a href="#invalid_token"><code>invalid_token</code></a>. The person need not come back.</p>
${renewalInWords(facts, connection, 'ask the person again')}`,
      code: snippets('Renew the token', (language) => language.getToken(connection.renewal)),
    })
  }

/** The end of a connection, by the app. */
export const disconnect =
  (connection: ConnectionCalls): Section =>
  (facts, id) =>
    section({
      id,
      title: 'Disconnect',
      words: disconnectInWords(facts, connection, 'When a person no longer wants your app to act for them'),
      code: snippets('Disconnect', (language) => language.send(connection.disconnect)),
    })

const nameOf = ({ parameters }: Call, variable: Value['variable']): string =>
  parameters.find(([, value]) => value.variable === variable)?.[0] ?? ''

function partOfLink(name: string, { text, variable }: Value, { config }: DocsFacts): Html | string {
  switch (variable) {
    case 'clientId':
      return 'Your client id.'
    case 'redirectUri':
      return 'Where the person comes back to: one of those that your app is registered with, letter by letter.'
    case 'state':
      return 'Random text of yours. It comes back with the answer, and proves that the answer belongs to your link.'
    case 'challenge':
      return html`The SHA-256 of a random text, the verifier, in base64url (RFC 7636): only who has the verifier can use the
code.`
    default:
      if (name !== 'scope' && name !== 'scopes') return html`Always ${code(text)}.`
  }
  return html`What your app wants to do: some of the <a href="#scopes">scopes</a>.${
    config.requiredScope === undefined
      ? ''
      : html` ${code(config.requiredScope)} must be among them, and the person must allow it.`
  }`
}

function redirectErrors({ dialect }: DocsFacts): (Html | string)[] {
  const route = dialect.routes.find(({ kind }) => kind === 'authorization')
  return Object.keys(route?.redirectErrors ?? {}).map((name) => html` and ${code(name)}`)
}
