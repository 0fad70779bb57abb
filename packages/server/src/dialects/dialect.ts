import { z } from 'zod'
import { explainIssues } from '../base/explain.ts'

/** What an endpoint of the server is for. A dialect may have several routes of one kind. */
export const routeKinds = ['token', 'revocation', 'introspection'] as const
export type RouteKind = (typeof routeKinds)[number]

const name = z.string().min(1).max(64)

/** How a lifetime is written: a whole number in a unit, or a moment. */
export const lifetimeUnits = ['seconds', 'minutes', 'milliseconds', 'iso_date', 'epoch_seconds'] as const

const answerField = z.union([
  z.string().describe('a member of the standard answer, as it is'),
  z.strictObject({ constant: z.union([z.string(), z.number(), z.boolean(), z.null()]) }),
  z.strictObject({ lifetime: z.enum(['expires_in', 'refresh_expires_in']), unit: z.enum(lifetimeUnits) }),
  z.strictObject({ list: z.string() }),
  z.strictObject({ joined: z.string(), separator: z.string().max(3) }),
  z.strictObject({ lowerCase: z.string() }),
  z.strictObject({ template: z.string().max(500) }),
])

const request = z.strictObject({
  from: z
    .array(z.enum(['form', 'json', 'query']))
    .min(1)
    .optional(),
  rename: z.record(name, name).optional(),
  headers: z.record(name, name).optional(),
  values: z.record(name, z.record(z.string(), z.string())).optional(),
  defaults: z.record(name, z.string()).optional(),
  scopeSeparator: z.enum([' ', ',', '+']).optional(),
  isBasicAccepted: z.boolean().optional(),
})

const error = z.strictObject({
  body: z.record(name, z.unknown()),
  statuses: z.record(name, z.int().min(400).max(599)).optional(),
  messages: z.record(name, z.string().max(300)).optional(),
})

const path = z
  .string()
  .regex(/^\/[\w\-./~]*$/, 'write a path that starts with / and holds letters, digits and -._~/')
  .refine(
    (text) => !text.includes('//') && !/(?:^|\/)\.\.?(?:\/|$)/.test(text),
    'write a path without //, /. or /..',
  )

const route = z.strictObject({
  kind: z.enum(routeKinds),
  method: z.enum(['GET', 'POST']),
  paths: z.array(path).min(1).max(8),
  request: request.optional(),
  answer: z.record(name, answerField).optional(),
  error: error.optional(),
})

const credential = z.union([
  z.strictObject({ scheme: z.string().regex(/^[A-Za-z][\w-]{0,31}$/) }),
  z.strictObject({ bare: z.literal(true) }),
  z.strictObject({ header: z.string().regex(/^[A-Za-z][\w-]{0,63}$/) }),
  z.strictObject({ query: name }),
])

const schema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'write small letters, digits and dashes'),
  routes: z.array(route).max(64).default([]),
  api: z
    .array(z.strictObject({ prefix: path, credentials: z.array(credential).min(1).max(8) }))
    .max(16)
    .default([]),
  policy: z.record(z.string(), z.unknown()).default({}),
})

/**
 * How an API's published page says that its endpoints look, as data. What a page does not say follows the standard.
 *
 * - `routes`: endpoints at paths of their own. A kind that no route names stays at its standard path.
 *   - `request`: where parameters come from (`from`, default `['form']`), what they are called (`rename`: wire name →
 *     standard name; `headers` likewise), what their values stand for (`values`), what goes without saying (`defaults`).
 *   - `answer`: each member of the answer by its dotted name: a member of the standard answer, a constant, a lifetime in
 *     another unit, a scope as a list or joined otherwise, a text in lower case, a template (`'{client_id}'`).
 *     Left out: the standard answer.
 *   - `error`: the body, in which the texts `{error}`, `{error_description}`, `{status}`, `{error_uri}` are filled in,
 *     with the API's own statuses and words for an error code.
 * - `api`: how a credential is presented to the API, for each prefix of it. Default: `Authorization: Bearer`.
 * - `policy`: settings that the page implies (lifetime, algorithm, scopes). They are the owner's choice, named here.
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
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw new DialectError(`dialect: ${explainIssues(parsed.error, schema)}`)
  const seen = new Set<string>()
  for (const { method, paths } of parsed.data.routes) {
    for (const path of paths) {
      const key = `${method} ${path}`
      if (seen.has(key))
        throw new DialectError(`dialect: two routes answer ${key}. Give each a path of its own.`)
      seen.add(key)
    }
  }
  return parsed.data
}
