import { type Config, ConfigError, type ConfigInput, type Environment, parseConfig } from './config/config.ts'
import { inexpressibleLifetime } from './dialects/compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { resolveDialect } from './dialects/presets.ts'

/** Joins what the owner wrote with the dialect it names, and with the policy which that implies. */
export function resolveConfig(
  input: ConfigInput,
  environment: Environment,
): { config: Config; dialect: Dialect } {
  const dialect = resolveDialect(input.dialect)
  const config = parseConfig(input, environment, dialect.policy)
  checkUnits(config, dialect)
  checkLifetimes(config)
  checkRequiredScope(config)
  if (config.signingAlgorithm === 'HS256' && config.accessTokenFormat === 'opaque') {
    throw new ConfigError(
      'signingAlgorithm: opaque tokens are not signed. Leave it out, or choose accessTokenFormat `jwt`.',
    )
  }
  return { config, dialect }
}

/** The option that each lifetime of an answer comes from. */
const optionOf = { expires_in: 'accessTokenLifetime', refresh_expires_in: 'refreshTokenLifetime' } as const

function checkUnits(config: Config, dialect: Dialect): void {
  const problem = inexpressibleLifetime(dialect, {
    expires_in: config.accessTokenLifetimeSeconds,
    refresh_expires_in: config.refreshTokenLifetimeSeconds,
  })
  if (problem === undefined) return
  const option = optionOf[problem.lifetime]
  throw new ConfigError(`${option}: the dialect writes it in ${problem.unit}; choose a whole number of them.`)
}

/** An access token must end before what it was made from: nothing would be left to renew or to end it by. */
function checkLifetimes(config: Config): void {
  const { accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds, connectionLifetimeSeconds } = config
  if (refreshTokenLifetimeSeconds < accessTokenLifetimeSeconds) {
    throw new ConfigError(
      'refreshTokenLifetime: a refresh token would end before the access token that it renews. Make it as long as accessTokenLifetime, or longer.',
    )
  }
  if (connectionLifetimeSeconds < accessTokenLifetimeSeconds) {
    throw new ConfigError(
      'connectionLifetime: a connection would end before its access token. Make it as long as accessTokenLifetime, or longer.',
    )
  }
}

function checkRequiredScope({ requiredScope, scopes }: Config): void {
  if (requiredScope === undefined || Object.hasOwn(scopes, requiredScope)) return
  throw new ConfigError(
    `requiredScope: \`${requiredScope}\` is not one of \`scopes\`, so nobody could allow it. Add it there, with what it allows in words.`,
  )
}
