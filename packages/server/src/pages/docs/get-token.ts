import { html } from 'hono/html'
import { pathOf } from '../../base/path-of.ts'
import type { AnswerField } from '../../dialects/dialect.ts'
import type { Html } from '../layout.ts'
import type { Call, Variable } from './call.ts'
import { passwordConnection } from './connection.ts'
import { type DocsFacts, hasPeople } from './facts.ts'
import { code, durationInWords, json, lifetimeInWords, sample, section, snippets } from './parts.ts'
import type { TokenWay } from './token-way.ts'

/** Step 1 where an app gets a token for itself, or by a person's username and password. */
export const getToken = (facts: DocsFacts, id: string): Html => {
  const { first } = facts
  const { words, code } = passwordConnection(facts, first)
  return section({
    id,
    title: '1. Get a token',
    words: html`${requestInWords(facts, first)}
<p>You may ask as often as you like: a new token ends no earlier one.</p>
${answerInWords(facts, first)}
${words}`,
    code: [
      ...snippets('Get a token', (language) => language.getToken(first)),
      sample('The answer', 'JSON', json(first.sampleAnswer)),
      ...code,
    ],
  })
}

/** What a person's own password is good for, where it is not step 1. */
export const signInByPassword =
  (way: TokenWay) =>
  (facts: DocsFacts, id: string): Html => {
    const connection = passwordConnection(facts, way)
    return section({
      id,
      title: 'Sign in with a password',
      words: html`<p>A person's own username and password are exchanged for a token too. It allows what the person may do.
Use this for your own account${
        hasPeople(facts)
          ? html`; for other people's, let them <a href="#${placeOfPeople(facts)}">allow your app</a>, so that no password passes
through your hands`
          : ''
      }.</p>
${requestInWords(facts, way)}
${answerInWords(facts, way)}
${connection.words}`,
      code: [
        ...snippets('Sign in with a password', (language) => language.getToken(way)),
        sample('The answer to a password', 'JSON', json(way.sampleAnswer)),
        ...connection.code,
      ],
    })
  }

/** The id of the section about people. */
const placeOfPeople = ({ first }: DocsFacts): string =>
  first.grant === 'authorization_code' ? 'get-token' : 'people'

/** What a request for a token consists of. */
export const requestInWords = (
  facts: DocsFacts,
  way: TokenWay,
): Html => html`<p>Send a ${code(way.wire.method)} request
to ${code(pathOf(way.call.url))}:</p>
<ul>
${credentialsInWords(way.call)}
${parametersInWords(way)}
${
  way.grant !== 'authorization_code' && Object.keys(facts.config.scopes).length > 0
    ? html`<li>To ask for less than ${way.grant === 'password' ? 'the person' : 'your app'} may do, add
${code(facts.scopeParameter)} with some of <a href="#scopes">its scopes</a>. Left out, you get all of them.</li>`
    : ''
}
</ul>`

/** The answer, member by member. */
export const answerInWords = (facts: DocsFacts, way: TokenWay): Html => html`<h3>The answer</h3>
<p>Status 200, and JSON with these members:</p>
<dl class="members">${members(facts, way)}</dl>`

const encodingInWords = {
  form: 'form-encoded body',
  json: 'JSON body',
  query: 'query of the URL',
}

function credentialsInWords({ basic, headers, encoding, parameters }: Call): Html {
  if (basic) {
    return html`<li>Your client id and secret go into HTTP Basic authentication: the header ${code('Authorization')} holds
${code('Basic')}, a space, and the base64 of ${code('id:secret')}. The examples do that for you.</li>`
  }
  if (headers.length > 0) {
    return html`<li>Your client id and secret go into the headers ${list(headers.map(([name]) => name))}.</li>`
  }
  const names = parameters.filter(([, { variable }]) => isCredential(variable)).map(([name]) => name)
  if (names.length === 0) return html``
  return html`<li>Your client id and secret go into the ${encodingInWords[encoding]}, as ${list(names)}.</li>`
}

const isCredential = (variable: Variable | undefined): boolean =>
  variable === 'clientId' || variable === 'clientSecret'

/** What stands for a value of the reader's. */
const meanings: Partial<Record<Variable, string>> = {
  username: 'the person’s username',
  password: 'the person’s password',
  code: 'the code',
  redirectUri: 'the redirect URI, the same as in the link',
  verifier: 'the verifier that belongs to the challenge in the link',
  refreshToken: 'the refresh token',
}

function parametersInWords({ call, wire }: TokenWay): Html {
  const { encoding, parameters } = call
  const shown = parameters.filter(([, { variable }]) => !isCredential(variable))
  const others = [...wire.from].filter((other) => other !== encoding).map((other) => encodingInWords[other])
  return shown.length === 0
    ? html``
    : html`<li>The ${encodingInWords[encoding]} holds ${shown.map(([name, { text, variable }], index) => [
        separator(index, shown.length),
        variable === undefined
          ? code(`${name}=${text}`)
          : html`${code(name)} (${meanings[variable] ?? variable})`,
      ])}.${others.length > 0 ? ` A ${others.join(' or ')} with the same members works as well.` : ''}</li>`
}

const separator = (index: number, count: number): string => {
  if (index === 0) return ''
  return index === count - 1 ? ' and ' : ', '
}

const list = (names: string[]): (Html | string)[] =>
  names.flatMap((name, index) => (index === 0 ? [code(name)] : [' and ', code(name)]))

/** The members that this answer really has, in its order. */
function members(facts: DocsFacts, { answerShape, sampleAnswer }: TokenWay): Html[] {
  const shape: Record<string, AnswerField> =
    answerShape ?? Object.fromEntries(Object.keys(sampleAnswer).map((name) => [name, name]))
  return Object.entries(shape)
    .filter(([name]) => valueAt(sampleAnswer, name) !== undefined)
    .map(([name, field]) => html`<div><dt>${code(name)}</dt><dd>${meaning(field, facts)}</dd></div>`)
}

function meaning(field: AnswerField, facts: DocsFacts): Html | string {
  if (typeof field === 'string') return standardMeaning(field, facts)
  if ('constant' in field) return html`Always ${code(JSON.stringify(field.constant))}.`
  if ('lifetime' in field) {
    return field.lifetime === 'expires_in'
      ? lifetimeMeaning(field.unit, facts)
      : refreshLifetimeMeaning(field.unit, facts)
  }
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
    case 'refresh_token':
      return html`Renews the token when it expires. Keep it on your server: it is as good as the person's permission.`
    case 'refresh_expires_in':
      return refreshLifetimeMeaning('seconds', facts)
    case 'user_id':
      return 'The person who allowed it: the same id each time.'
    case 'client_id':
      return 'Your client id.'
    default:
      return html`As RFC 6749 defines ${code(name)}.`
  }
}

function refreshLifetimeMeaning(unit: string, { config }: DocsFacts): Html {
  const life = durationInWords(config.refreshTokenLifetimeSeconds)
  const isMoment = unit === 'iso_date' || unit === 'epoch_seconds'
  return html`${isMoment ? 'When the refresh token ends' : `How long the refresh token lives, in ${unit}`}: ${life} if
it is not used before.`
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
