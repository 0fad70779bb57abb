import { invalidGrant, OAuthError } from '../base/oauth-error.ts'
import { answerConnection, granteeOf, refuseWhatEnded } from './connection.ts'
import type { Grant } from './grant.ts'

/**
 * RFC 6749 §6: a client renews its access token. The refresh token is exchanged for the next one; a token that was
 * exchanged lately gives the current one again, so a lost reply does no harm; one exchanged longer ago ends the
 * connection (RFC 9700 §4.14.2).
 */
export const refreshToken = {
  grantType: 'refresh_token',
  async exchange(context, client, parameters) {
    const { config, clock, store, refreshTokens } = context
    const token = parameters.get('refresh_token')
    if (token === undefined)
      throw new OAuthError('invalid_request', 'The parameter refresh_token is missing.')
    const opened = refreshTokens.open(token)
    if (!opened) throw invalidGrant('not a refresh token of this server')
    const rotation = await store.connections.rotate(
      {
        ...opened,
        clientId: client.id,
        // Asked before anything changes: a scope that is too wide costs no generation.
        check: (connection, user) => void granteeOf(context, client, connection, user, parameters),
      },
      {
        now: clock(),
        graceSeconds: config.refreshTokenGraceSeconds,
        lifetimeSeconds: config.refreshTokenLifetimeSeconds,
        keyNumber: refreshTokens.keyNumber,
        isRotating: config.refreshTokenRotation,
      },
    )
    if (rotation.kind === 'current') {
      const { connection, user } = rotation
      const grantee = granteeOf(context, client, connection, user, parameters)
      return answerConnection(context, client, connection, await context.accessTokens.issue(grantee))
    }
    if (rotation.kind === 'unknown') throw invalidGrant(rotation.reason)
    await refuseWhatEnded(context)
    throw invalidGrant('the refresh token was exchanged long ago: its connection is ended')
  },
} satisfies Grant
