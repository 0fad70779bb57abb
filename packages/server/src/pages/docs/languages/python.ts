import type { Call, Value, Variable } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import { indented, type Language, renewalMarginSeconds, toSeconds } from './language.ts'

export const python: Language = {
  id: 'python',
  name: 'Python',
  getToken: (facts) => `import requests

${credentials}

${request(facts.calls.token)}
answer.raise_for_status()
token = answer.json()${member(facts.tokenPath)}`,

  callApi: ({ calls }) => `${request(calls.api)}
print(answer.status_code, answer.json())`,

  renew: (facts) => `${facts.lifetime ? 'import time\n' : ''}import requests

${credentials}
kept = {"token": None${facts.lifetime ? ', "renew_at": 0' : ''}}


def get_token():
    if kept["token"] and ${facts.lifetime ? 'time.time() < kept["renew_at"]' : 'True'}:
        return kept["token"]
    ${indented(request(facts.calls.token), 4)}
    answer.raise_for_status()
    body = answer.json()
    kept["token"] = body${member(facts.tokenPath)}${renewAt(facts)}
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

  checkToken: ({ calls }) => `import requests

${credentials}
token = "YOUR_ACCESS_TOKEN"

${request(calls.introspection)}
print(answer.json())`,
}

const nameOf: Record<Variable, string> = {
  clientId: 'client_id',
  clientSecret: 'client_secret',
  token: 'token',
}

const credentials = `client_id = "YOUR_CLIENT_ID"
client_secret = "YOUR_CLIENT_SECRET"`

const renewAt = (facts: DocsFacts): string =>
  facts.lifetime
    ? `\n    lifetime = body${member(facts.lifetime.path)}${toSeconds(facts)}
    kept["renew_at"] = time.time() + lifetime - ${renewalMarginSeconds(facts)}`
    : ''

function request({ method, url, basic, encoding, headers, parameters }: Call): string {
  const place = { form: 'data', json: 'json', query: 'params' }[encoding]
  return [
    `answer = requests.${method.toLowerCase()}(`,
    `    ${literal(url)},`,
    ...(basic ? [`    auth=(${basic.map(expression).join(', ')}),`] : []),
    ...(headers.length > 0 ? [`    headers=${dictionary(headers)},`] : []),
    ...(parameters.length > 0 ? [`    ${place}=${dictionary(parameters)},`] : []),
    '    timeout=10,',
    ')',
  ].join('\n')
}

const dictionary = (entries: Call['parameters']): string =>
  `{${entries.map(([name, value]) => `${literal(name)}: ${expression(value)}`).join(', ')}}`

function expression({ text, variable }: Value): string {
  if (variable === undefined) return literal(text)
  return text === '' ? nameOf[variable] : `${literal(text)} + ${nameOf[variable]}`
}

const member = (path: string[]): string => path.map((name) => `[${literal(name)}]`).join('')

/** What JSON escapes, Python reads the same. */
const literal = (text: string): string => JSON.stringify(text)
