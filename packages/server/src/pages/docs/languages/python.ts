import { type Call, type FillIn, fillInsOf, placeholders, type Value, type Variable } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import { hasChallenge, indented, type Language, renewalMarginSeconds, toSeconds } from './language.ts'

export const python: Language = {
  id: 'python',
  name: 'Python',
  authorizationLink: ({ calls: { authorization } }) =>
    [
      hasChallenge(authorization) ? 'import base64\nimport hashlib\nimport secrets' : 'import secrets',
      'from urllib.parse import urlencode',
      '',
      declare(fillInsOf(authorization)),
      'state = secrets.token_urlsafe(16)',
      ...(hasChallenge(authorization) ? [challenge] : []),
      '',
      `link = ${literal(`${authorization.url}?`)} + urlencode(${dictionary(authorization.parameters)})`,
      'print(link)',
      ...(hasChallenge(authorization) ? ['print(verifier)'] : []),
    ].join('\n'),

  getToken: ({ call, tokenPath, refreshPath }) => `import requests

${declare(fillInsOf(call))}

${request(call)}
answer.raise_for_status()
token = answer.json()${member(tokenPath)}${
    refreshPath ? `\nrefresh_token = answer.json()${member(refreshPath)}` : ''
  }`,

  callApi: ({ calls }) => `${request(calls.api)}
print(answer.status_code, answer.json())`,

  renew: (facts) => `${facts.first.lifetime ? 'import time\n' : ''}import requests

${declare(fillInsOf(facts.first.call))}
kept = {"token": None${facts.first.lifetime ? ', "renew_at": 0' : ''}}


def get_token():
    if kept["token"] and ${facts.first.lifetime ? 'time.time() < kept["renew_at"]' : 'True'}:
        return kept["token"]
    ${indented(request(facts.first.call), 4)}
    answer.raise_for_status()
    body = answer.json()
    kept["token"] = body${member(facts.first.tokenPath)}${renewAt(facts)}
    return kept["token"]


def call_api():
    token = get_token()
    ${indented(request(facts.calls.api), 4).replace('answer = ', 'return ')}


answer = call_api()
if answer.status_code == 401:  # ended early
    kept["token"] = None
    answer = call_api()
print(answer.status_code, answer.json())`,

  endToken: ({ calls }) => `${request(calls.revocation)}
print(answer.status_code)`,

  send: (call) => `import requests

${declare(fillInsOf(call))}

${request(call)}
print(answer.status_code)`,

  checkToken: ({ calls }) => `import requests

${declare(fillInsOf(calls.introspection))}

${request(calls.introspection)}
print(answer.json())`,
}

/** RFC 7636 §4.2. */
const challenge = `verifier = secrets.token_urlsafe(32)
digest = hashlib.sha256(verifier.encode()).digest()
challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()`

const declare = (names: FillIn[]): string =>
  names.map((name) => `${nameOf[name]} = "${placeholders[name]}"`).join('\n')

const nameOf: Record<Variable, string> = {
  clientId: 'client_id',
  clientSecret: 'client_secret',
  redirectUri: 'redirect_uri',
  code: 'code',
  verifier: 'verifier',
  refreshToken: 'refresh_token',
  username: 'username',
  password: 'password',
  token: 'token',
  state: 'state',
  challenge: 'challenge',
}

const renewAt = (facts: DocsFacts): string =>
  facts.first.lifetime
    ? `\n    lifetime = body${member(facts.first.lifetime.path)}${toSeconds(facts)}
    kept["renew_at"] = time.time() + lifetime - ${renewalMarginSeconds(facts)}`
    : ''

function request({ method, url, basic, encoding, headers, parameters }: Call): string {
  const place = { form: 'data', json: 'json', query: 'params' }[encoding]
  return [
    `answer = requests.${method.toLowerCase()}(`,
    `    ${literal(url)},`,
    ...(basic ? [`    auth=(${basic.map(expression).join(', ')}),`] : []),
    ...(headers.length > 0 ? [`    headers=${dictionary(headers)},`] : []),
    ...(parameters.length > 0 ? [`    ${place}=${indented(dictionary(parameters), 4)},`] : []),
    '    timeout=10,',
    ')',
  ].join('\n')
}

/** As many entries as one line of a narrow column holds. */
const maxEntriesOfLine = 2

/** A dictionary on one line, or of a line for each entry. */
const dictionary = (entries: Call['parameters']): string =>
  entries.length > maxEntriesOfLine
    ? `{\n${entries.map((entry) => `    ${pair(entry)},\n`).join('')}}`
    : `{${entries.map(pair).join(', ')}}`

const pair = ([name, value]: Call['parameters'][number]): string => `${literal(name)}: ${expression(value)}`

function expression({ text, variable }: Value): string {
  if (variable === undefined) return literal(text)
  return text === '' ? nameOf[variable] : `${literal(text)} + ${nameOf[variable]}`
}

const member = (path: string[]): string => path.map((name) => `[${literal(name)}]`).join('')

/** What JSON escapes, Python reads the same. */
const literal = (text: string): string => JSON.stringify(text)
