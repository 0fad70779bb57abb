import type { Call, Value, Variable } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import { indented, type Language, renewalMarginSeconds, toSeconds } from './language.ts'

export const javascript: Language = {
  id: 'javascript',
  name: 'JavaScript',
  getToken: (facts) => `${credentials}

const answer = await ${request(facts.calls.token)}
if (!answer.ok) throw new Error(await answer.text())
const token = (await answer.json())${member(facts.tokenPath)}`,

  callApi: ({ calls }) => `const reply = await ${request(calls.api)}
console.log(reply.status, await reply.json())`,

  renew: (facts) => `${credentials}
let token${facts.lifetime ? '\nlet renewAt = 0' : ''}

async function getToken() {
  if (token${facts.lifetime ? ' && Date.now() < renewAt' : ''}) return token
  const answer = await ${indented(request(facts.calls.token), 2)}
  if (!answer.ok) throw new Error(await answer.text())
  const body = await answer.json()
  token = body${member(facts.tokenPath)}${renewAt(facts)}
  return token
}

async function callApi() {
  const token = await getToken()
  return ${indented(request(facts.calls.api), 2)}
}

let answer = await callApi()
if (answer.status === 401) { // ended early
  token = undefined
  answer = await callApi()
}
console.log(answer.status, await answer.json())`,

  endToken: ({ calls }) => `const ended = await ${request(calls.revocation)}
console.log(ended.status)`,

  checkToken: ({ calls }) => `${credentials}
const token = 'YOUR_ACCESS_TOKEN'

const answer = await ${request(calls.introspection)}
console.log(await answer.json())`,
}

const credentials = `const clientId = 'YOUR_CLIENT_ID'
const clientSecret = 'YOUR_CLIENT_SECRET'`

const renewAt = (facts: DocsFacts): string =>
  facts.lifetime
    ? `\n  const lifetime = body${member(facts.lifetime.path)}${toSeconds(facts)}
  renewAt = Date.now() + (lifetime - ${renewalMarginSeconds(facts)}) * 1000`
    : ''

function request({ method, url, basic, encoding, headers, parameters }: Call): string {
  const isInUrl = encoding === 'query' && parameters.length > 0
  const target = isInUrl ? `${literal(`${url}?`)} + new URLSearchParams(${object(parameters)})` : literal(url)
  const fields = [
    ...headers.map(([name, value]) => `${key(name)}: ${expression(value)}`),
    ...(basic ? [`Authorization:\n      'Basic ' + btoa(${basic.map(expression).join(" + ':' + ")})`] : []),
    ...(encoding === 'json' ? ["'Content-Type': 'application/json'"] : []),
  ]
  const body = {
    form: [`  body: new URLSearchParams(${indented(object(parameters), 2)}),`],
    json: [`  body: JSON.stringify(${indented(object(parameters), 2)}),`],
    query: [],
  }[encoding]
  const options = [
    ...(method === 'POST' ? ["  method: 'POST',"] : []),
    ...(fields.length > 0 ? ['  headers: {', ...fields.map((field) => `    ${field},`), '  },'] : []),
    ...body,
  ]
  return options.length === 0 ? `fetch(${target})` : [`fetch(${target}, {`, ...options, '})'].join('\n')
}

const object = (entries: Call['parameters']): string =>
  `{\n${entries.map(([name, value]) => `  ${key(name)}: ${expression(value)},\n`).join('')}}`

const nameOf: Record<Variable, string> = {
  clientId: 'clientId',
  clientSecret: 'clientSecret',
  token: 'token',
}

function expression({ text, variable }: Value): string {
  if (variable === undefined) return literal(text)
  return text === '' ? nameOf[variable] : `${literal(text)} + ${nameOf[variable]}`
}

const isPlainName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name)
const key = (name: string): string => (isPlainName(name) ? name : literal(name))
const member = (path: string[]): string =>
  path.map((name) => (isPlainName(name) ? `.${name}` : `[${literal(name)}]`)).join('')

function literal(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}
