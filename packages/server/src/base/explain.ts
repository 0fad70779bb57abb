import leven from 'leven'
import type { z } from 'zod'
import { parseScope } from './scope.ts'

/** What a schema says of a value where it says nothing of its own: what to write. Give it to `safeParse`. */
export const whatToWrite: z.core.$ZodErrorMap = (issue) => {
  const isMissing = 'input' in issue && issue.input === undefined
  const words = wordsFor(issue)
  return words && (isMissing ? `it is missing; ${words}` : words)
}

/** Says which scope is not one of those that the configuration has, and how to mend it. `undefined`: it has each. */
export function unknownScope(scope: string, known: readonly string[]): string | undefined {
  const unknown = parseScope(scope).find((token) => !known.includes(token))
  if (unknown === undefined) return undefined
  const nearest = nearestName(unknown, known)
  const hint = nearest ? `Did you mean \`${nearest}\`?` : 'Add it to `scopes` there first.'
  return `the config has no scope \`${unknown}\`. ${hint}`
}

/** Says in one line what a schema found wrong, where, and how to mend it: an unknown option gets the nearest name. */
export function explainIssues(error: z.ZodError, schema: z.ZodType): string {
  return explainAll(error.issues, schema, [])
}

/** The known name that a misspelt one most likely stands for, if any is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: leven(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : undefined
}

type Issue = z.core.$ZodIssue

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object, as { … }',
  record: 'an object, as { … }',
}

function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] && `write ${kinds[issue.expected]}`
    case 'invalid_value':
      return `write ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`
    case 'too_small':
      return `write ${counted(issue.minimum, issue.origin)} at least`
    case 'too_big':
      return `write ${counted(issue.maximum, issue.origin)} at most`
    default:
      return undefined
  }
}

const units: Record<string, readonly [one: string, many: string]> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
}

/** The limit of a number, or of how long a text or a list is. */
function counted(limit: number | bigint, origin: string): string {
  const unit = units[origin]
  return unit ? `${limit} ${unit[limit === 1 ? 0 : 1]}` : `${limit}`
}

/** @param at where the schema stands in the whole. */
function explainAll(issues: readonly Issue[], schema: unknown, at: readonly PropertyKey[]): string {
  return issues.map((issue) => explainIssue(issue, schema, at)).join(' ')
}

function explainIssue(issue: Issue, schema: unknown, at: readonly PropertyKey[]): string {
  const path = [...at, ...issue.path]
  const found = issue.path.reduce<unknown>((inner, segment) => step(unwrap(inner), segment), schema)
  if (issue.code === 'unrecognized_keys') return explainKeys(issue.keys, path, knownKeys(found))
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors, found)
    if (branch) return explainAll(branch.issues, branch.schema, path)
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return `${path.length === 0 ? '' : `${path.join('.')}: `}${message}${/[.?]$/.test(message) ? '' : '.'}`
}

function explainKeys(keys: string[], path: PropertyKey[], known: string[]): string {
  return keys
    .map((key) => {
      const nearest = nearestName(key, known)
      const hint = nearest ? ` Did you mean \`${nearest}\`?` : ` Known here: ${known.join(', ')}.`
      return `Unknown option \`${[...path, key].join('.')}\`.${hint}`
    })
    .join(' ')
}

/** Of the forms that a value may take, the one that its writer most likely meant: least is wrong with it. */
function nearestBranch(branches: readonly Issue[][], union: unknown) {
  const options = optionsOf(union)
  return branches
    .map((issues, index) => ({ issues, schema: options[index] }))
    .filter(({ issues }) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0))
    .sort((left, right) => cost(left.issues) - cost(right.issues))[0]
}

const cost = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)

function optionsOf(schema: unknown): readonly unknown[] {
  const union = unwrap(schema)
  const isUnion = typeof union === 'object' && union !== null && 'options' in union
  return isUnion && Array.isArray(union.options) ? union.options : []
}

function knownKeys(schema: unknown): string[] {
  const target = unwrap(schema)
  return isShape(target) ? Object.keys(target.shape) : optionsOf(target).flatMap(knownKeys)
}

function step(schema: unknown, segment: PropertyKey): unknown {
  if (isShape(schema)) return schema.shape[String(segment)]
  if (typeof schema === 'object' && schema !== null && 'element' in schema) return schema.element
  if (typeof schema === 'object' && schema !== null && 'valueType' in schema) return schema.valueType
  return undefined
}

/** What is inside an optional or a default. A list can be unwrapped too, but is stepped into by a path's number. */
function unwrap(schema: unknown): unknown {
  let at = schema
  while (isWrapper(at)) at = at.unwrap()
  return at
}

const isWrapper = (schema: unknown): schema is { unwrap(): unknown } =>
  typeof schema === 'object' &&
  schema !== null &&
  !('element' in schema) &&
  'unwrap' in schema &&
  typeof schema.unwrap === 'function'

const isShape = (schema: unknown): schema is { shape: Record<string, unknown> } =>
  typeof schema === 'object' && schema !== null && 'shape' in schema
