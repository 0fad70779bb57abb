import { sha256 } from '../base/hash.ts'
import { invalidGrant, OAuthError } from '../base/oauth-error.ts'
import { challengeOf, isCodeVerifier } from '../base/pkce.ts'
import { isRandomSecret } from '../base/random.ts'
import { answerConnection, granteeOf, newConnection, refuseWhatEnded } from './connection.ts'
import type { Grant } from './grant.ts'

/** RFC 6749 §4.1.3 and RFC 7636 §4.5: a client redeems the code that a person's consent gave it. */
export const authorizationCode = {
  grantType: 'authorization_code',
  async exchange(context, client, parameters) {
    const { config, clock, store, accessTokens } = context
    const asked = new Map([...parameters].filter(([name]) => name === 'resource'))
    const outcome = await store.authorizationCodes.redeem({
      codeHash: sha256(readCode(parameters.get('code'))),
      clientId: client.id,
      redirectUri: parameters.get('redirect_uri'),
      codeChallenge: readChallenge(parameters.get('code_verifier')),
      graceSeconds: config.refreshTokenGraceSeconds,
      limit: config.connections,
      connection: newConnection(context),
      issue: (connection, user) => accessTokens.draft(granteeOf(context, client, connection, user, asked)),
      now: clock(),
    })
    await refuseWhatEnded(context)
    if (outcome.kind === 'refused') throw invalidGrant(outcome.reason)
    return answerConnection(context, client, outcome.connection, await outcome.token.answer())
  },
} satisfies Grant

function readCode(code: string | undefined): string {
  if (code === undefined) throw new OAuthError('invalid_request', 'The parameter code is missing.')
  if (!isRandomSecret(code)) throw invalidGrant('not a code of this server')
  return code
}

function readChallenge(verifier: string | undefined): string | undefined {
  if (verifier === undefined) return undefined
  if (isCodeVerifier(verifier)) return challengeOf(verifier)
  throw new OAuthError(
    'invalid_request',
    'A code_verifier has 43 to 128 characters, each a letter, a digit or one of -._~.',
  )
}
