import { html } from 'hono/html'
import type { CredentialPresentation } from '../../dialects/dialect.ts'
import type { Html } from '../layout.ts'
import { type DocsFacts, samplePath, schemeText } from './facts.ts'
import { code, section, snippets } from './parts.ts'

export const callApi = (facts: DocsFacts, id: string): Html => {
  const [first = { scheme: 'Bearer' }, ...others] = facts.presentations
  return section({
    id,
    title: '2. Call the API',
    words: html`<p>Send the token with every request: ${presentation(first)}.</p>
${
  others.length > 0
    ? html`<p>The API also takes it ${others.map((other, index) => [
        index > 0 ? ', or ' : '',
        presentation(other),
      ])}. Choose one way; a request that carries two credentials is refused.</p>`
    : ''
}
<p>${code(samplePath)} stands for the path that you want to call. The Python, JavaScript and PHP examples go on from
step 1; with curl, put the token of step 1 where it says ${code('YOUR_ACCESS_TOKEN')}.</p>
<p>Use one token for many requests. Asking for a new one each time works, and makes every call twice as slow.</p>`,
    code: snippets('Call the API', (language) => language.callApi(facts)),
  })
}

function presentation(credential: CredentialPresentation): Html {
  if ('bare' in credential) {
    return html`in the header ${code('Authorization')}, alone, with nothing before it: ${code('Authorization: <token>')}`
  }
  if ('scheme' in credential) {
    return html`in the header ${code('Authorization')}, after the word ${code(credential.scheme)}:
${code(`Authorization: ${schemeText(credential)}<token>`)}`
  }
  if ('basic' in credential) return html`by HTTP Basic authentication, as the ${credential.basic}`
  if ('header' in credential) return html`in the header ${code(credential.header)}`
  return html`in the URL, as ${code(`?${credential.query}=<token>`)}`
}
