import { html } from 'hono/html'
import type { CredentialPresentation } from '../../dialects/dialect.ts'
import { apiPlacesOf } from '../../dialects/presentation.ts'
import type { Html } from '../layout.ts'
import { type DocsFacts, samplePath, schemeText } from './facts.ts'
import { code, section, snippets } from './parts.ts'

export const callApi = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: '2. Call the API',
    words: html`${whereItGoes(facts)}
<p>${code(samplePath)} stands for the path that you want to call. The Python, JavaScript and PHP examples go on from
step 1; with curl, put the token of step 1 where it says ${code('YOUR_ACCESS_TOKEN')}.</p>
<p>Use one token for many requests. Asking for a new one each time works, and makes every call twice as slow.</p>`,
    code: snippets('Call the API', (language) => language.callApi(facts)),
  })

function whereItGoes({ config, dialect, presentations }: DocsFacts): Html {
  const places = apiPlacesOf(config.audience, dialect)
  if (places.length === 1) return ways(presentations)
  return html`<p>Send the token with every request. How depends on where the address starts:</p>
<ul>${places.map(
    ({ url, credentials }) => html`<li>${code(url)}: ${alternatives(credentials.map(presentation))}.</li>`,
  )}</ul>`
}

function ways([first = { scheme: 'Bearer' }, ...others]: CredentialPresentation[]): Html {
  return html`<p>Send the token with every request: ${presentation(first)}.</p>
${
  others.length > 0
    ? html`<p>The API also takes it ${alternatives(others.map(presentation))}. Choose one way; a request that carries two
credentials is refused.</p>`
    : ''
}`
}

const alternatives = (texts: Html[]): (Html | string)[] =>
  texts.flatMap((text, index) => (index === 0 ? [text] : [', or ', text]))

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
