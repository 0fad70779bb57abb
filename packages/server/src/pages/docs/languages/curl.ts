import { type Call, placeholders, type Value, type Variable } from '../call.ts'
import { hasChallenge, type Language } from './language.ts'

/** Commands for a POSIX shell. */
export const curl: Language = {
  id: 'curl',
  name: 'curl',
  authorizationLink: ({ calls }) =>
    [
      'STATE=$(openssl rand -hex 16)',
      ...(hasChallenge(calls.authorization) ? [challenge] : []),
      `echo "${withQuery(calls.authorization.url, calls.authorization.parameters)}"`,
      ...(hasChallenge(calls.authorization) ? ['echo "$VERIFIER"'] : []),
    ].join('\n'),

  getToken: ({ call }) => command(call),
  callApi: ({ calls }) => command(calls.api),

  renew: ({ calls, first }) => `get_token() {
  ${command(first.call, ['-s'], 4)} |
    sed 's/.*"${first.tokenPath.at(-1)}" *: *"\\([^"]*\\)".*/\\1/'
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
  send: (call) => command(call, ["-w '%{http_code}\\n'", '-o answer.json']),
  checkToken: ({ calls }) => command(calls.introspection),
}

/** RFC 7636 §4.2. */
const challenge = `VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary |
  openssl base64 -A | tr '+/' '-_' | tr -d '=')`

const variables: Record<Variable, string> = { ...placeholders, state: '$STATE', challenge: '$CHALLENGE' }

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

const expression = ({ text, variable }: Value): string => `${text}${variable ? variables[variable] : ''}`

/** What people chose themselves may hold any character. */
const freeTexts: readonly (Variable | undefined)[] = ['redirectUri', 'username', 'password']

function formField([name, value]: Call['parameters'][number]): string {
  const text = `${name}=${expression(value)}`
  if (freeTexts.includes(value.variable)) return `--data-urlencode '${text}'`
  return /^[\w.=-]+$/.test(text) ? `-d ${text}` : `--data-urlencode ${quote(text)}`
}

const toJson = (parameters: Call['parameters']): string =>
  JSON.stringify(Object.fromEntries(parameters.map(([name, value]) => [name, expression(value)])))

function withQuery(url: string, parameters: Call['parameters']): string {
  if (parameters.length === 0) return url
  const pairs = parameters.map(([name, value]) => {
    const text = value.variable ? expression(value) : encodeURIComponent(value.text)
    return `${encodeURIComponent(name)}=${text}`
  })
  return `${url}?${pairs.join('&')}`
}

/** In double quotes where the shell reads nothing inside them, so that a variable may stand there. */
function quote(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`
}
