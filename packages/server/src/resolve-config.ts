import { type Config, ConfigError, type ConfigInput, type Environment, parseConfig } from './config/config.ts'
import { inexpressibleUnit } from './dialects/compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { resolveDialect } from './dialects/presets.ts'

/** Joins what the owner wrote with the dialect it names, and with the policy which that implies. */
export function resolveConfig(
  input: ConfigInput,
  environment: Environment,
): { config: Config; dialect: Dialect } {
  const dialect = resolveDialect(input.dialect)
  const config = parseConfig(input, environment, dialect.policy)
  const unit = inexpressibleUnit(dialect, { expires_in: config.accessTokenLifetimeSeconds })
  if (unit)
    throw new ConfigError(
      `accessTokenLifetime: the dialect writes it in ${unit}; choose a whole number of them.`,
    )
  if (config.signingAlgorithm === 'HS256' && config.accessTokenFormat === 'opaque') {
    throw new ConfigError(
      'signingAlgorithm: opaque tokens are not signed. Leave it out, or choose accessTokenFormat `jwt`.',
    )
  }
  return { config, dialect }
}
