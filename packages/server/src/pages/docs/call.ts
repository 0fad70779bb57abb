import type { RequestShape } from '../../dialects/dialect.ts'

/** What a snippet keeps in a variable, because the reader fills it in or an earlier step made it. */
export type Variable = 'clientId' | 'clientSecret' | 'token'

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

/** A request of an app that proves who it is, its parameters given by their standard names. */
export function authenticatedCall(target: CallTarget, parameters: Record<string, Value>): Call {
  const { method, url, from, isBasicAccepted, shape } = target
  const id: Value = { text: '', variable: 'clientId' }
  const secret: Value = { text: '', variable: 'clientSecret' }
  const credentials: Record<string, Value> = { client_id: id, client_secret: secret }
  const headers = Object.entries(shape?.headers ?? {}).flatMap(([header, name]): Call['headers'] =>
    credentials[name] ? [[header, credentials[name]]] : [],
  )
  const isBasic = headers.length === 0 && isBasicAccepted
  const inBody = headers.length > 0 || isBasic ? parameters : { ...parameters, ...credentials }
  return {
    method,
    url,
    basic: isBasic ? [id, secret] : undefined,
    encoding: encodings.find((encoding) => from.has(encoding)) ?? 'form',
    headers,
    parameters: Object.entries(inBody).flatMap(([name, value]) => onTheWire(shape, name, value)),
  }
}

/** A parameter under the name and value that the dialect gives it; none where it goes without saying. */
function onTheWire(shape: RequestShape | undefined, name: string, value: Value): Call['parameters'] {
  const { rename = {}, values = {}, defaults = {} } = shape ?? {}
  if (value.variable === undefined && defaults[name] === value.text) return []
  const wireName = Object.entries(rename).find(([, standard]) => standard === name)?.[0] ?? name
  const wireText = Object.entries(values[name] ?? {}).find(([, standard]) => standard === value.text)?.[0]
  return [[wireName, wireText === undefined ? value : { text: wireText }]]
}
