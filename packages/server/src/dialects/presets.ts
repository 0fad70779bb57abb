import { nearestName } from '../base/explain.ts'
import { type Dialect, DialectError, type DialectInput, parseDialect } from './dialect.ts'
import { makeAcademy } from './make-academy.ts'
import { makeleaps } from './makeleaps.ts'
import { makeprintable } from './makeprintable.ts'
import { platformLogin } from './platform-login.ts'
import { realtyna } from './realtyna.ts'
import { standard } from './standard.ts'

/** The dialects that come with Latchkey, by name. */
export const presets: Readonly<Record<string, DialectInput>> = {
  standard,
  makeleaps,
  makeprintable,
  'platform-login': platformLogin,
  'make-academy': makeAcademy,
  realtyna,
}

/**
 * The dialect that a configuration names, or holds as data.
 *
 * @throws DialectError when there is none of that name, or the data is not a dialect.
 */
export function resolveDialect(dialect: unknown = 'standard'): Dialect {
  if (typeof dialect !== 'string') return parseDialect(dialect)
  const preset = Object.hasOwn(presets, dialect) ? presets[dialect] : undefined
  if (preset) return parseDialect(preset)
  const nearest = nearestName(dialect, Object.keys(presets))
  const hint = nearest ? ` Did you mean \`${nearest}\`?` : ''
  throw new DialectError(
    `There is no dialect \`${dialect}\`.${hint} Known: ${Object.keys(presets).join(', ')}.`,
  )
}
