import type { RequestShape } from '../../dialects/dialect.ts'

/** What the reader fills in, by the variable that a snippet keeps it in. */
export const placeholders = {
  clientId: 'YOUR_CLIENT_ID',
  clientSecret: 'YOUR_CLIENT_SECRET',
  redirectUri: 'YOUR_REDIRECT_URI',
  code: 'YOUR_CODE',
  verifier: 'YOUR_VERIFIER',
  refreshToken: 'YOUR_REFRESH_TOKEN',
  username: 'YOUR_USERNAME',
  password: 'YOUR_PASSWORD',
  token: 'YOUR_ACCESS_TOKEN',
} as const

export type FillIn = keyof typeof placeholders

/** What a snippet keeps in a variable: the reader fills it in, an earlier step made it, or the snippet makes it. */
export type Variable = FillIn | 'state' | 'challenge'

/** A text, followed by a variable where one is named. */
export interface Value {
  text: string
  variable?: Variable
}

/** One HTTP request, told apart from the language that a snippet makes it in. */
export interface Call {
  method: 'GET' | 'POST'
  url: string
  /** What goes into `Authorization: Basic`, if anything does. */
  basic: [username: Value, password: Value] | undefined
  encoding: 'form' | 'json' | 'query'
  headers: [name: string, value: Value][]
  parameters: [name: string, value: Value][]
}

/** An endpoint of this server, as far as a call to it goes. */
export interface CallTarget {
  method: 'GET' | 'POST'
  url: string
  from: ReadonlySet<Call['encoding']>
  isBasicAccepted: boolean
  /** How the dialect's request differs from the standard one. */
  shape: RequestShape | undefined
}

const encodings = ['form', 'json', 'query'] as const

/** A value that is held by a variable alone. */
export const held = (variable: Variable): Value => ({ text: '', variable })

/** What the reader must have filled in for these calls, each once. */
export function fillInsOf(...calls: Call[]): FillIn[] {
  const values = calls.flatMap(({ basic, headers, parameters }) => [
    ...(basic ?? []),
    ...[...headers, ...parameters].map(([, value]) => value),
  ])
  const used = new Set(values.map(({ variable }) => variable))
  return (Object.keys(placeholders) as FillIn[]).filter((name) => used.has(name))
}

/** A request in which the app only names itself, if at all: a link, or one of an app that has no secret. */
export function plainCall(target: CallTarget, parameters: Record<string, Value>): Call {
  const { method, url, from, shape } = target
  return {
    method,
    url,
    basic: undefined,
    encoding: encodings.find((encoding) => from.has(encoding)) ?? 'form',
    headers: [],
    parameters: Object.entries(parameters).flatMap(([name, value]) => onTheWire(shape, name, value)),
  }
}

/** A request of an app that proves who it is, its parameters given by their standard names. */
export function authenticatedCall(target: CallTarget, parameters: Record<string, Value>): Call {
  const { isBasicAccepted, shape } = target
  const id = held('clientId')
  const secret = held('clientSecret')
  const credentials: Record<string, Value> = { client_id: id, client_secret: secret }
  const headers = Object.entries(shape?.headers ?? {}).flatMap(([header, name]): Call['headers'] =>
    credentials[name] ? [[header, credentials[name]]] : [],
  )
  const isBasic = headers.length === 0 && isBasicAccepted
  const inBody = headers.length > 0 || isBasic ? parameters : { ...parameters, ...credentials }
  return { ...plainCall(target, inBody), basic: isBasic ? [id, secret] : undefined, headers }
}

/** A parameter under the name and value that the dialect gives it; none where it goes without saying. */
function onTheWire(shape: RequestShape | undefined, name: string, value: Value): Call['parameters'] {
  const { rename = {}, values = {}, defaults = {} } = shape ?? {}
  if (value.variable === undefined && defaults[name] === value.text) return []
  const wireName = Object.entries(rename).find(([, standard]) => standard === name)?.[0] ?? name
  const wireText = Object.entries(values[name] ?? {}).find(([, standard]) => standard === value.text)?.[0]
  return [[wireName, wireText === undefined ? value : { text: wireText }]]
}
