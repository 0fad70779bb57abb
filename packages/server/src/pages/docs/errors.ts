import { html } from 'hono/html'
import { OAuthError, type OAuthErrorCode, oauthErrorCodes } from '../../base/oauth-error.ts'
import type { Html } from '../layout.ts'
import { type ErrorWords, guardErrorWords, serverErrorWords } from './error-words.ts'
import { type DocsFacts, errorAnswer } from './facts.ts'
import { code, json, sample, section } from './parts.ts'

export const errors = (facts: DocsFacts, id: string): Html => {
  const { status, body } = answerOf(facts, 'invalid_client')
  return html`${section({
    id,
    title: 'Errors',
    words: html`<p>An answer that is not 200 says what went wrong. ${whereToLook(body)}</p>
<p>Each answer of this server has a header ${code('x-request-id')}. If you cannot solve a problem, send that id to the
people who run ${facts.config.apiName}: it finds the one request in their log, and gives nothing away.</p>`,
    code: sample('A wrong secret', `status ${status}`, json(body)),
  })}
<section class="section" aria-labelledby="server-errors">
<h3 id="server-errors">When you get, end or check a token</h3>
<div class="errors">${oauthErrorCodes.map((name) =>
    entry(name, statusesOf(facts, name), serverErrorWords[name]),
  )}</div>
</section>
<section class="section" aria-labelledby="api-errors">
<h3 id="api-errors">When you call the API</h3>
<p class="after-heading">The API answers ${code('invalid_request')} and ${code('temporarily_unavailable')} as well, for the
reasons above.</p>
<div class="errors">${Object.entries(guardErrorWords).map(([name, words]) => entry(name, `${words.status}`, words))}</div>
</section>`
}

const whereToLook = (body: object): string =>
  json(body).includes('#invalid_client')
    ? 'It also has the address of the part of this page that explains it.'
    : 'The words below say it in full; the number beside each is the status of the answer.'

const entry = (name: string, status: string, { means, whatToDo }: ErrorWords): Html => html`
<article class="error" id="${name}" aria-labelledby="${name}-title">
<h4 id="${name}-title"><a href="#${name}">${code(name)}</a> <span class="status">${status}</span></h4>
<p>${means}</p>
<p class="quiet">${whatToDo}</p>
</article>`

function answerOf({ first, config }: DocsFacts, name: OAuthErrorCode): { status: number; body: object } {
  return errorAnswer(first.wire, {
    error: name,
    error_description: 'The client could not be authenticated: check its id and secret.',
    error_uri: `${config.issuer}/docs#${name}`,
    status: new OAuthError(name, '').status,
  })
}

/** What HTTP says better than the code's own status. */
const otherStatuses: Partial<Record<OAuthErrorCode, number[]>> = { invalid_request: [413, 415] }

function statusesOf(facts: DocsFacts, name: OAuthErrorCode): string {
  const { status } = answerOf(facts, name)
  const others = status === new OAuthError(name, '').status ? (otherStatuses[name] ?? []) : []
  return [status, ...others].join(', ')
}
