import { z } from 'zod'
import { nearestName } from '../base/explain.ts'
import { oauthErrorCodes } from '../base/oauth-error.ts'

/** The parameters of the standard requests, to which a dialect translates its own. */
const parameters = [
  'grant_type',
  'client_id',
  'client_secret',
  'scope',
  'resource',
  'code',
  'redirect_uri',
  'response_type',
  'response_mode',
  'state',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'prompt',
  'login_hint',
  'max_age',
  'access_token',
  'refresh_token',
  'username',
  'password',
  'token',
  'token_type_hint',
] as const

/** What an answer of the token endpoint can be made of. One that a grant does not give is left out. */
const answerMembers = [
  'access_token',
  'token_type',
  'expires_in',
  'scope',
  'refresh_token',
  'refresh_expires_in',
  'user_id',
  'client_id',
  'issuer',
  'audience',
] as const

const errorMembers = ['error', 'error_description', 'error_uri', 'status', 'code'] as const

/** A `{name}` in a text of a dialect. */
export const placeholder = /\{(\w+)\}/g

export const parameterName = oneOf('a parameter of the standard', parameters)
export const answerMember = oneOf('a member of the standard answer', answerMembers)
export const errorCode = oneOf('an error code', oauthErrorCodes)

/** A text with placeholders for members of the standard answer. */
export const answerTemplate = z.string().max(500).superRefine(checkPlaceholders(answerMembers))

/** A text of an error body, with its placeholders. */
export const errorText = z.string().max(500).superRefine(checkPlaceholders(errorMembers))

function oneOf(what: string, names: readonly string[]) {
  return z.string().superRefine((name, context) => {
    if (!names.includes(name)) complain(context, name, `\`${name}\` is not ${what}`, names)
  })
}

function checkPlaceholders(names: readonly string[]) {
  return (text: string, context: z.RefinementCtx): void => {
    for (const [whole, name = ''] of text.matchAll(placeholder)) {
      if (!names.includes(name)) complain(context, name, `there is no \`${whole}\``, names)
    }
  }
}

function complain(context: z.RefinementCtx, name: string, problem: string, names: readonly string[]): void {
  const nearest = nearestName(name, names)
  const hint = nearest ? `did you mean \`${nearest}\`?` : `known: ${names.join(', ')}`
  context.addIssue({ code: 'custom', message: `${problem}; ${hint}` })
}
