import { type Call, type FillIn, fillInsOf, placeholders, type Value } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import { hasChallenge, indented, type Language, renewalMarginSeconds, toSeconds } from './language.ts'

export const javascript: Language = {
  id: 'javascript',
  name: 'JavaScript',
  authorizationLink: ({ calls: { authorization } }) =>
    [
      `import { ${hasChallenge(authorization) ? 'createHash, ' : ''}randomBytes } from 'node:crypto'`,
      '',
      declare(fillInsOf(authorization)),
      "const state = randomBytes(16).toString('base64url')",
      ...(hasChallenge(authorization) ? [challenge] : []),
      '',
      `const link = ${literal(`${authorization.url}?`)} + new URLSearchParams(${object(authorization.parameters)})`,
      'console.log(link)',
      ...(hasChallenge(authorization) ? ['console.log(verifier)'] : []),
    ].join('\n'),

  getToken: ({ call, tokenPath, refreshPath }) => `${declare(fillInsOf(call), refreshPath ? 'let' : 'const')}

const answer = await ${request(call)}
if (!answer.ok) throw new Error(await answer.text())
${
  refreshPath
    ? `const body = await answer.json()
const token = body${member(tokenPath)}
${call.parameters.some(([, { variable }]) => variable === 'refreshToken') ? '' : 'const '}refreshToken = body${member(refreshPath)}`
    : `const token = (await answer.json())${member(tokenPath)}`
}`,

  callApi: ({ calls }) => `const reply = await ${request(calls.api)}
console.log(reply.status, await reply.json())`,

  renew: (facts) => `${declare(fillInsOf(facts.first.call))}
let token${facts.first.lifetime ? '\nlet renewAt = 0' : ''}

async function getToken() {
  if (token${facts.first.lifetime ? ' && Date.now() < renewAt' : ''}) return token
  const answer = await ${indented(request(facts.first.call), 2)}
  if (!answer.ok) throw new Error(await answer.text())
  const body = await answer.json()
  token = body${member(facts.first.tokenPath)}${renewAt(facts)}
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

  send: (call) => `${declare(fillInsOf(call))}

const answer = await ${request(call)}
console.log(answer.status)`,

  checkToken: ({ calls }) => `${declare(fillInsOf(calls.introspection))}

const answer = await ${request(calls.introspection)}
console.log(await answer.json())`,
}

/** RFC 7636 §4.2. */
const challenge = `const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')`

const declare = (names: FillIn[], word = 'const'): string =>
  names
    .map((name) => `${name === 'refreshToken' ? word : 'const'} ${name} = '${placeholders[name]}'`)
    .join('\n')

const renewAt = (facts: DocsFacts): string =>
  facts.first.lifetime
    ? `\n  const lifetime = body${member(facts.first.lifetime.path)}${toSeconds(facts)}
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

function expression({ text, variable }: Value): string {
  if (variable === undefined) return literal(text)
  return text === '' ? variable : `${literal(text)} + ${variable}`
}

const isPlainName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name)
const key = (name: string): string => (isPlainName(name) ? name : literal(name))
const member = (path: string[]): string =>
  path.map((name) => (isPlainName(name) ? `.${name}` : `[${literal(name)}]`)).join('')

function literal(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}
