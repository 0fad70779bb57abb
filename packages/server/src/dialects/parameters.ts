import { OAuthError } from '../base/oauth-error.ts'
import type { Parameters, Wire } from './compile.ts'

/** The largest request body that is read, in bytes. */
export const maxBodyBytes = 65_536
/** Parameters of one request. */
export const maxParameters = 100

/** The parameters of the protocol: the only names that an error says again. */
const nameable = new Set([
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'grant_type',
  'prompt',
  'redirect_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
  'token',
  'token_type_hint',
])

/** The one parameter that may be repeated (RFC 8707 §2). Its values are joined with spaces, which no URI holds. */
const repeatable = 'resource'

/** What of a wire says how its parameters are read. */
export type ParameterSource = Pick<Wire, 'from' | 'toStandard'>

/**
 * Reads a request's parameters by their standard names: each once, none empty (RFC 6749 §3.2).
 *
 * @throws OAuthError `invalid_request` on one given twice, too many, a body of another type, or one that is not UTF-8.
 */
export async function readParameters(request: Request, wire: ParameterSource): Promise<Parameters> {
  const parameters: Parameters = new Map()
  readQuery(request, wire, parameters)
  if (request.method !== 'GET') {
    const text = await readBody(request)
    if (text !== '') readContent(request, wire, text, parameters)
  }
  return wire.toStandard
    ? wire.toStandard(parameters, { header: (name) => request.headers.get(name) ?? undefined })
    : parameters
}

function readQuery(request: Request, wire: ParameterSource, parameters: Parameters): void {
  const start = request.url.indexOf('?')
  if (start < 0 || start === request.url.length - 1) return
  if (!wire.from.has('query')) {
    throw new OAuthError(
      'invalid_request',
      'Send the parameters in the body, not in the URL: a URL is logged.',
    )
  }
  readForm(request.url.slice(start + 1), parameters)
}

function readContent(request: Request, wire: ParameterSource, text: string, parameters: Parameters): void {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/x-www-form-urlencoded' && wire.from.has('form')) return readForm(text, parameters)
  if (type === 'application/json' && wire.from.has('json')) return readJson(text, parameters)
  const taken = [
    ...(wire.from.has('form') ? ['as application/x-www-form-urlencoded'] : []),
    ...(wire.from.has('json') ? ['as application/json'] : []),
    ...(wire.from.has('query') ? ['in the URL'] : []),
  ].join(' or ')
  throw new OAuthError('invalid_request', `Send the parameters ${taken}.`, { status: 415 })
}

/** `application/x-www-form-urlencoded` (RFC 6749 appendix B). */
function readForm(text: string, parameters: Parameters): void {
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    add(parameters, name, equals < 0 ? '' : decode(pair.slice(equals + 1)))
  }
}

function readJson(text: string, parameters: Parameters): void {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new OAuthError('invalid_request', 'The body is not valid JSON.')
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OAuthError('invalid_request', 'The body must be a JSON object.')
  }
  for (const [name, value] of Object.entries(body)) {
    if (value === null) continue
    if (typeof value === 'object') {
      throw new OAuthError(
        'invalid_request',
        'Every member of the JSON body must be a text, a number or a boolean.',
      )
    }
    add(parameters, name, String(value))
  }
  if (countMembers(text) > Object.keys(body).length) throw givenTwice('')
}

/** Members of a flat JSON object as they are written: of two with one name `JSON.parse` keeps the last in silence. */
function countMembers(text: string): number {
  let count = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) count++
  return count
}

function add(parameters: Parameters, name: string, value: string): void {
  if (/[\ufffd\0]/.test(name) || /[\ufffd\0]/.test(value)) throw notText()
  if (value === '') return
  const earlier = parameters.get(name)
  if (earlier !== undefined && name !== repeatable) {
    // Another name may be a secret in the wrong place.
    const named = nameable.has(name) ? ` ${name}` : ''
    throw givenTwice(named)
  }
  if (parameters.size >= maxParameters) {
    throw new OAuthError('invalid_request', `A request has ${maxParameters} parameters at most.`)
  }
  parameters.set(name, earlier === undefined ? value : `${earlier} ${value}`)
}

const givenTwice = (named: string): OAuthError =>
  new OAuthError('invalid_request', `The parameter${named} is given more than once.`)

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw notText()
  }
}

const notText = (): OAuthError =>
  new OAuthError('invalid_request', 'A parameter is not valid UTF-8, percent-encoded where it must be.')

/** The whole body as text. Node holds a sender to the length it announced, so only an unannounced one is counted. */
async function readBody(request: Request): Promise<string> {
  const announced = request.headers.get('content-length')
  if (Number(announced) > maxBodyBytes) throw tooLarge()
  try {
    return await (announced === null ? readUncounted(request) : request.text())
  } catch (error) {
    if (error instanceof OAuthError) throw error
    // Whoever hangs up in the middle is no failure of the server's.
    throw new OAuthError('invalid_request', 'The body ended too early.', { cause: error })
  }
}

async function readUncounted(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength
    if (length > maxBodyBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const tooLarge = (): OAuthError =>
  new OAuthError('invalid_request', `The body is larger than ${maxBodyBytes} bytes.`, { status: 413 })
