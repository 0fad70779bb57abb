import { z } from 'zod'
import { explainIssues, whatToWrite } from '../base/explain.ts'
import { answerMember, answerTemplate, errorCode, errorText, parameterName } from './vocabulary.ts'

/**
 * What an endpoint of the server is for. A dialect may have several routes of one kind. `refresh` is a token endpoint that
 * takes refresh tokens alone, `invalidate` ends a connection: the standard has neither, so they exist where a dialect says.
 */
export const routeKinds = [
  'authorization',
  'token',
  'refresh',
  'invalidate',
  'revocation',
  'introspection',
] as const
export type RouteKind = (typeof routeKinds)[number]

/** How a lifetime is written: a whole number in a unit, or a moment. */
export const lifetimeUnits = ['seconds', 'minutes', 'milliseconds', 'iso_date', 'epoch_seconds'] as const

const name = z.string().min(1).max(64)

/** RFC 9110 §5.6.2: what may stand as a header's name. */
const headerName = name.regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'write the name of a header')

/** Members of an answer by a dotted name: `data.token` is `token` inside `data`. */
const memberPath = name.refine(
  (text) => text.split('.').every((part) => part !== '' && part !== '__proto__'),
  'write names with single dots between them',
)

const membersOf = <Value extends z.ZodType>(value: Value) =>
  z.record(memberPath, value).superRefine((members, context) => {
    const names = Object.keys(members)
    const inner = names.find((path) => names.some((other) => path.startsWith(`${other}.`)))
    if (inner === undefined) return
    const message = `\`${inner}\` is inside another member that is written here too; write one of them`
    context.addIssue({ code: 'custom', message })
  })

const constant = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'write a text, a number, true, false or null',
})

const answerFields = [
  answerMember,
  z.strictObject({ constant }),
  z.strictObject({ lifetime: z.enum(['expires_in', 'refresh_expires_in']), unit: z.enum(lifetimeUnits) }),
  z.strictObject({ list: answerMember }),
  z.strictObject({ joined: answerMember, separator: z.string().max(3) }),
  z.strictObject({ lowerCase: answerMember }),
  z.strictObject({ template: answerTemplate }),
] as const

const answerField = z.union(answerFields, {
  error:
    'write a member of the standard answer, or { constant }, { lifetime, unit }, { list }, { joined, separator }, { lowerCase } or { template }',
})

const request = z.strictObject({
  from: z
    .array(z.enum(['form', 'json', 'query']))
    .min(1)
    .optional(),
  rename: z.record(name, parameterName).optional(),
  headers: z.record(headerName, parameterName).optional(),
  values: z.record(parameterName, z.record(z.string(), z.string())).optional(),
  defaults: z.record(parameterName, z.string()).optional(),
  scopeSeparator: z.enum([' ', ',', '+']).optional(),
  isBasicAccepted: z.boolean().optional(),
})

type ErrorBodyPart =
  | string
  | number
  | boolean
  | null
  | ErrorBodyPart[]
  | { readonly [member: string]: ErrorBodyPart }

const errorBodyPart: z.ZodType<ErrorBodyPart> = z.lazy(() =>
  z.union(
    [errorText, z.number(), z.boolean(), z.null(), z.array(errorBodyPart), z.record(name, errorBodyPart)],
    { error: 'write texts, numbers, true, false, null, and lists and objects of these' },
  ),
)

const error = z.strictObject({
  body: membersOf(errorBodyPart),
  statuses: z.record(errorCode, z.int().min(400).max(599)).optional(),
  codes: z.record(errorCode, z.union([z.string().max(64), z.int()])).optional(),
  messages: z.record(errorCode, z.string().min(1).max(300)).optional(),
})

const path = z
  .string()
  .regex(/^\/[\w\-./~]*$/, 'write a path that starts with / and holds letters, digits and -._~/')
  .refine(
    (text) => !text.includes('//') && !/(?:^|\/)\.\.?(?:\/|$)/.test(text),
    'write a path without //, /. or /..',
  )

/** What an error redirect carries by the standard (RFC 6749 §4.1.2.1, RFC 9207), and what a success does. */
const redirectParameters = ['error', 'error_description', 'error_uri', 'state', 'iss', 'code']

const redirectErrors = z.record(
  name.refine(
    (text) => !redirectParameters.includes(text),
    "choose a name that is not one of the standard's own",
  ),
  errorText,
)

const route = z
  .strictObject({
    kind: z.enum(routeKinds),
    method: z.enum(['GET', 'POST']),
    paths: z.array(path).min(1).max(8),
    request: request.optional(),
    answer: membersOf(answerField).optional(),
    error: error.optional(),
    redirectErrors: redirectErrors.optional(),
  })
  .superRefine(({ kind, method, request, answer, error, redirectErrors }, context) => {
    const complain = (at: string, message: string) =>
      context.addIssue({ code: 'custom', path: [at], message })
    const isAuthorization = kind === 'authorization'
    if (answer && kind !== 'token' && kind !== 'refresh')
      complain('answer', 'only a token or refresh route can answer in its own way')
    if (redirectErrors && !isAuthorization)
      complain('redirectErrors', 'only an authorization route redirects; write `error` here')
    if (isAuthorization && error)
      complain('error', 'an authorization route tells errors by redirect or on a page; write redirectErrors')
    if (isAuthorization && method !== 'GET')
      complain('method', 'an authorization route is a link that people follow; write GET')
    if (isAuthorization && (request?.headers || request?.isBasicAccepted !== undefined))
      complain('request', 'a browser brings no header of the app; leave out `headers` and `isBasicAccepted`')
    if (method === 'GET' && request?.from?.some((source) => source !== 'query'))
      complain('request', "a GET has no body; write from: ['query'] or leave it out")
  })

const credentials = [
  z.strictObject({
    scheme: z.string().regex(/^[A-Za-z][\w-]{0,31}$/, 'write a scheme of letters, digits and -_'),
    parameter: z
      .string()
      .regex(/^[A-Za-z][\w-]{0,31}$/, 'write a parameter of letters, digits and -_')
      .optional(),
  }),
  z.strictObject({ basic: z.enum(['username', 'password']) }),
  z.strictObject({ bare: z.literal(true) }),
  z.strictObject({ header: headerName }),
  z.strictObject({ query: name }),
] as const

const credential = z.union(credentials, {
  error: 'write { scheme }, { scheme, parameter }, { basic }, { bare: true }, { header } or { query }',
})

const wordsInLanguages = z.strictObject({ en: z.string(), ja: z.string().optional() })

/** What of the owner's settings a page may imply; the config checks the values themselves. */
const policy = z.strictObject({
  accessTokenFormat: z.enum(['jwt', 'opaque']).optional(),
  accessTokenLifetime: z.string().optional(),
  signingAlgorithm: z.enum(['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256']).optional(),
  scopes: z.record(z.string(), z.union([z.string(), wordsInLanguages])).optional(),
  requiredScope: z.string().optional(),
  authorizationCodeLifetime: z.string().optional(),
  pkce: z.enum(['required', 'optional']).optional(),
  passwordGrant: z.boolean().optional(),
  connections: z.enum(['one', 'many']).optional(),
  accountChooser: z.enum(['always', 'when_several']).optional(),
  refreshTokenLifetime: z.string().optional(),
  refreshTokenRotation: z.boolean().optional(),
})

const schema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'write small letters, digits and dashes'),
  routes: z.array(route).max(64).default([]),
  api: z
    .array(z.strictObject({ prefix: path, credentials: z.array(credential).min(1).max(8) }))
    .max(16)
    .default([]),
  grants: z
    .array(z.enum(['authorization_code', 'client_credentials', 'password']))
    .min(1)
    .optional(),
  policy: policy.default({}),
})

/**
 * How an API's published page says that its endpoints look, as data. What a page does not say follows the standard.
 *
 * - `routes`: endpoints at paths of their own. A kind that no route names stays at its standard path; `refresh` (which
 *   implies `grant_type=refresh_token`) and `invalidate` have none, and exist only where a route names them.
 *   - `request`: where parameters come from (`from`, default `['form']`, of a GET always `['query']`), what they are
 *     called (`rename`: wire name → standard name; `headers` likewise), what their values stand for (`values`), what goes
 *     without saying (`defaults`).
 *   - `answer`: each member of the answer by its dotted name: a member of the standard answer, a constant, a lifetime in
 *     another unit, a scope as a list or joined otherwise, a text in lower case, a template (`'{client_id}'`). Besides the
 *     standard's own members there are `refresh_expires_in` (seconds, where there is a refresh token), `user_id` (where there
 *     is a person), `client_id`, `issuer` and `audience`. Left out: the standard answer.
 *   - `redirectErrors`: what an authorization route adds to an error redirect, beside the standard's own parameters: a text
 *     for each name, with the placeholders of `error`.
 *   - `error`: the body, in which the texts `{error}`, `{error_description}`, `{error_uri}`, `{status}` and `{code}` are
 *     filled in, with the API's own statuses, codes (default: the standard's) and words for an error code.
 * - `api`: how a credential is presented to the API, for each prefix of it: `{ scheme: 'Bearer' }` (the default),
 *   `{ scheme: 'Token', parameter: 'token' }` for `Token token=…`, `{ basic: 'username' }`, `{ bare: true }`,
 *   `{ header: 'x-api-key' }`, `{ query: 'api_key' }`.
 * - `grants`: the ways to a token that the API's page tells of, the first first: the how-to page shows these. Left out: all
 *   that the configuration has. What an app may do is said where it is registered.
 * - `policy`: settings that the page implies (lifetimes, scopes, who must consent to what). They are the owner's choice, named here.
 */
export type Dialect = z.output<typeof schema>
/** A dialect as an owner writes it. */
export type DialectInput = z.input<typeof schema>
export type DialectRoute = Dialect['routes'][number]
export type RequestShape = NonNullable<DialectRoute['request']>
export type AnswerField = z.output<typeof answerField>
export type ErrorShape = z.output<typeof error>
export type CredentialPresentation = z.output<typeof credential>

/** Says what is wrong with a dialect, and how to mend it. */
export class DialectError extends Error {
  override readonly name = 'DialectError'
}

/**
 * Parses a dialect that an owner wrote as data.
 *
 * @throws DialectError on an unknown member, a wrong value, or two routes at one path.
 */
export function parseDialect(input: unknown): Dialect {
  const parsed = schema.safeParse(input, { error: whatToWrite })
  if (!parsed.success) throw new DialectError(`dialect: ${explainIssues(parsed.error, schema)}`)
  const seen = new Set<string>()
  for (const { method, paths } of parsed.data.routes) {
    for (const path of paths) {
      const key = `${method} ${path}`
      if (seen.has(key)) throw new DialectError(`dialect: ${key} is written twice. Give each route its own.`)
      seen.add(key)
    }
  }
  const prefixes = parsed.data.api.map(({ prefix }) => prefix)
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index)
  if (twice !== undefined)
    throw new DialectError(`dialect: api names ${twice} twice. Put its credentials together.`)
  return parsed.data
}
