import leven from 'leven'
import type { z } from 'zod'

/** Says in one line what a schema found wrong, where, and how to mend it: an unknown option gets the nearest name. */
export function explainIssues(error: z.ZodError, schema: z.ZodType): string {
  return error.issues.map((issue) => explainIssue(issue, schema)).join(' ')
}

function explainIssue(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const place = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return `${place === '' ? '' : `${place}: `}${issue.message}.`
  const known = knownKeys(schema, issue.path)
  return issue.keys
    .map((key) => {
      const nearest = nearestName(key, known)
      const hint = nearest ? ` Did you mean \`${nearest}\`?` : ` Known here: ${known.join(', ')}.`
      return `Unknown option \`${[...issue.path, key].join('.')}\`.${hint}`
    })
    .join(' ')
}

/** The known name that a misspelt one most likely stands for, if any is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: leven(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : undefined
}

function knownKeys(schema: z.ZodType, path: PropertyKey[]): string[] {
  let at: unknown = schema
  for (const segment of path) at = step(unwrap(at), segment)
  const target = unwrap(at)
  return isShape(target) ? Object.keys(target.shape) : []
}

function step(schema: unknown, segment: PropertyKey): unknown {
  if (isShape(schema)) return schema.shape[String(segment)]
  if (typeof schema === 'object' && schema !== null && 'element' in schema) return schema.element
  if (typeof schema === 'object' && schema !== null && 'valueType' in schema) return schema.valueType
  return undefined
}

function unwrap(schema: unknown): unknown {
  let at = schema
  while (typeof at === 'object' && at !== null && 'unwrap' in at && typeof at.unwrap === 'function')
    at = at.unwrap()
  return at
}

const isShape = (schema: unknown): schema is { shape: Record<string, unknown> } =>
  typeof schema === 'object' && schema !== null && 'shape' in schema
