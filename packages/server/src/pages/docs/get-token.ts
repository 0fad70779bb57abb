import { html } from 'hono/html'
import type { AnswerField } from '../../dialects/dialect.ts'
import type { Html } from '../layout.ts'
import type { Call } from './call.ts'
import type { DocsFacts } from './facts.ts'
import { code, json, lifetimeInWords, pathOf, sample, section, snippets } from './parts.ts'

export const getToken = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: '1. Get a token',
    words: html`<p>Send a ${code(facts.tokenWire.method)} request to ${code(pathOf(facts.calls.token.url))}:</p>
<ul>
<li>${credentialsInWords(facts.calls.token)}</li>
${parametersInWords(facts)}
${
  Object.keys(facts.config.scopes).length > 0
    ? html`<li>To ask for less than your app may do, add ${code(facts.scopeParameter)} with some of
<a href="#scopes">its scopes</a>. Left out, you get all of them.</li>`
    : ''
}
</ul>
<p>You may ask as often as you like: a new token ends no earlier one.</p>
<h3>The answer</h3>
<p>Status 200, and JSON with these members:</p>
<dl class="members">${members(facts)}</dl>`,
    code: [
      ...snippets('Get a token', (language) => language.getToken(facts)),
      sample('The answer', 'JSON', json(facts.sampleAnswer)),
    ],
  })

const encodingInWords = {
  form: 'form-encoded body',
  json: 'JSON body',
  query: 'query of the URL',
}

function credentialsInWords({ basic, headers, encoding, parameters }: Call): Html {
  if (basic) {
    return html`Your client id and secret go into HTTP Basic authentication: the header ${code('Authorization')} holds
${code('Basic')}, a space, and the base64 of ${code('id:secret')}. The examples do that for you.`
  }
  if (headers.length > 0) {
    return html`Your client id and secret go into the headers ${list(headers.map(([name]) => name))}.`
  }
  const names = parameters.filter(([, { variable }]) => variable !== undefined).map(([name]) => name)
  return html`Your client id and secret go into the ${encodingInWords[encoding]}, as ${list(names)}.`
}

function parametersInWords({ calls, tokenWire }: DocsFacts): Html {
  const { encoding, parameters } = calls.token
  const fixed = parameters.filter(([, { variable }]) => variable === undefined)
  const others = [...tokenWire.from]
    .filter((other) => other !== encoding)
    .map((other) => encodingInWords[other])
  return fixed.length === 0
    ? html``
    : html`<li>The ${encodingInWords[encoding]} holds ${list(fixed.map(([name, { text }]) => `${name}=${text}`))}.${
        others.length > 0 ? ` A ${others.join(' or ')} with the same members works as well.` : ''
      }</li>`
}

const list = (names: string[]): (Html | string)[] =>
  names.flatMap((name, index) => (index === 0 ? [code(name)] : [' and ', code(name)]))

/** The members that this answer really has, in its order. */
function members(facts: DocsFacts): Html[] {
  const shape: Record<string, AnswerField> =
    facts.answerShape ?? Object.fromEntries(Object.keys(facts.sampleAnswer).map((name) => [name, name]))
  return Object.entries(shape)
    .filter(([name]) => valueAt(facts.sampleAnswer, name) !== undefined)
    .map(([name, field]) => html`<div><dt>${code(name)}</dt><dd>${meaning(field, facts)}</dd></div>`)
}

function meaning(field: AnswerField, facts: DocsFacts): Html | string {
  if (typeof field === 'string') return standardMeaning(field, facts)
  if ('constant' in field) return html`Always ${code(JSON.stringify(field.constant))}.`
  if ('lifetime' in field) return lifetimeMeaning(field.unit, facts)
  if ('list' in field) return html`${standardMeaning(field.list, facts)} A list.`
  if ('joined' in field) {
    return html`${standardMeaning(field.joined, facts)} Separated by ${code(JSON.stringify(field.separator))}.`
  }
  if ('lowerCase' in field) return html`${standardMeaning(field.lowerCase, facts)} In small letters.`
  return html`A text of the form ${code(field.template)}.`
}

function standardMeaning(name: string, facts: DocsFacts): Html | string {
  switch (name) {
    case 'access_token':
      return html`The token. <a href="#call-api">Send it</a> with every request and treat it like a password. What it looks
like inside may change, so keep it as it is.`
    case 'token_type':
      return 'The kind of token: whoever has it may use it, so it only travels over https.'
    case 'expires_in':
      return lifetimeMeaning('seconds', facts)
    case 'scope':
      return html`What the token allows: <a href="#scopes">scopes</a>. It is left out when there are none.`
    case 'client_id':
      return 'Your client id.'
    default:
      return html`As RFC 6749 defines ${code(name)}.`
  }
}

function lifetimeMeaning(unit: string, facts: DocsFacts): Html {
  const life = lifetimeInWords(facts)
  if (unit === 'iso_date')
    return html`When the token ends, as a date and time in UTC: ${life} after it was made.`
  if (unit === 'epoch_seconds') {
    return html`When the token ends, in seconds since 1 January 1970 UTC: ${life} after it was made.`
  }
  return html`How long the token lives from now on, in ${unit}. Every token here lives for ${life}.`
}

const valueAt = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
      value,
    )
