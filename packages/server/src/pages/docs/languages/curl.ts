import type { Call, Value, Variable } from '../call.ts'
import type { Language } from './language.ts'

/** Commands for a POSIX shell. */
export const curl: Language = {
  id: 'curl',
  name: 'curl',
  getToken: ({ calls }) => command(calls.token),
  callApi: ({ calls }) => command(calls.api),

  renew: ({ calls, tokenPath }) => `get_token() {
  ${command(calls.token, ['-s'], 4)} |
    sed 's/.*"${tokenPath.at(-1)}" *: *"\\([^"]*\\)".*/\\1/'
}

call_api() {
  ${command(calls.api, ['-s', "-w '%{http_code}'", '-o answer.json'], 4).replaceAll(placeholders.token, '$TOKEN')}
}

TOKEN=$(get_token)
STATUS=$(call_api)
if [ "$STATUS" = 401 ]; then # ended early
  TOKEN=$(get_token)
  STATUS=$(call_api)
fi
echo "$STATUS $(cat answer.json)"`,

  endToken: ({ calls }) => command(calls.revocation),
  checkToken: ({ calls }) => command(calls.introspection),
}

const placeholders: Record<Variable, string> = {
  clientId: 'YOUR_CLIENT_ID',
  clientSecret: 'YOUR_CLIENT_SECRET',
  token: 'YOUR_ACCESS_TOKEN',
}

function command(call: Call, flags: string[] = [], spaces = 2): string {
  const { method, url, basic, encoding, headers, parameters } = call
  const hasBody = encoding !== 'query' && parameters.length > 0
  const first = ['curl', ...flags, ...(method === 'POST' && !hasBody ? ['-X POST'] : [])].join(' ')
  return [
    `${first} ${quote(encoding === 'query' ? withQuery(url, parameters) : url)}`,
    ...(basic ? [`-u ${basic.map(expression).join(':')}`] : []),
    ...headers.map(([name, value]) => `-H ${quote(`${name}: ${expression(value)}`)}`),
    ...(encoding === 'form' ? parameters.map(formField) : []),
    ...(encoding === 'json'
      ? [`-H ${quote('Content-Type: application/json')}`, `-d ${quote(toJson(parameters))}`]
      : []),
  ].join(` \\\n${' '.repeat(spaces)}`)
}

const expression = ({ text, variable }: Value): string => `${text}${variable ? placeholders[variable] : ''}`

function formField([name, value]: Call['parameters'][number]): string {
  const text = `${name}=${expression(value)}`
  return /^[\w.=-]+$/.test(text) ? `-d ${text}` : `--data-urlencode ${quote(text)}`
}

const toJson = (parameters: Call['parameters']): string =>
  JSON.stringify(Object.fromEntries(parameters.map(([name, value]) => [name, expression(value)])))

function withQuery(url: string, parameters: Call['parameters']): string {
  if (parameters.length === 0) return url
  const pairs = parameters.map(([name, value]) => [name, expression(value)])
  return `${url}?${new URLSearchParams(Object.fromEntries(pairs))}`
}

/** In double quotes where the shell reads nothing inside them, so that a variable may stand there. */
function quote(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`
}
