import { OAuthError } from '../base/oauth-error.ts'

const prompts = ['none', 'login', 'consent', 'select_account'] as const

/** What a client wants the person to be asked, whatever is known (OpenID Connect Core §3.1.2.1). */
export type Prompt = (typeof prompts)[number]

/** @throws OAuthError `invalid_request` for one that is not known, and for `none` beside others. */
export function readPrompts(prompt: string | undefined): ReadonlySet<Prompt> {
  const named = new Set((prompt ?? '').split(' ').filter((name) => name !== ''))
  const known = prompts.filter((name) => named.has(name))
  if (known.length < named.size)
    throw new OAuthError('invalid_request', `A prompt is one of: ${prompts.join(', ')}.`)
  if (named.has('none') && named.size > 1)
    throw new OAuthError('invalid_request', 'The prompt none stands alone: it says that nobody is asked.')
  return new Set(known)
}

/** Seconds since the person may have signed in. @throws OAuthError `invalid_request` for another text. */
export function readMaxAge(maxAge: string | undefined): number | undefined {
  if (maxAge === undefined) return undefined
  if (/^\d{1,9}$/.test(maxAge)) return Number(maxAge)
  throw new OAuthError('invalid_request', 'The max_age must be a whole number of seconds.')
}
