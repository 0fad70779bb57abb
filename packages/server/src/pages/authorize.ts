import {
  type Continuation,
  continuationOf,
  maxContinuationLength,
  withoutInteraction,
} from '../authorize/continuation.ts'
import type { Handler } from '../base/handler.ts'
import { OAuthError } from '../base/oauth-error.ts'
import { showConsent } from './consent.ts'
import { lookOf } from './look.ts'
import type { PageContext } from './page-context.ts'
import { giveCode, type PendingAuthorization, proceed } from './pending-authorization.ts'
import { lead, type Visit, withQuery } from './visit.ts'

/** RFC 6749 §3.1: a client sends a person, to be asked for their consent. */
export function authorizationPage(context: PageContext): Handler {
  return async (request, exchange) => {
    const continuation = continuationOf(request, context)
    if (!continuation) throw unreadable()
    const visit: Visit = {
      request,
      exchange,
      continuation,
      fields: new Map(),
      browser: await context.browsers.read(request),
      look: lookOf(context.config, request),
    }
    return proceed(context, visit, continuation, (pending) => takeStep(context, visit, pending))
  }
}

const unreadable = (): OAuthError =>
  new OAuthError(
    'invalid_request',
    `The authorization request is longer than ${maxContinuationLength} characters, or its path is not written as published.`,
  )

async function takeStep(
  context: PageContext,
  visit: Visit,
  pending: PendingAuthorization,
): Promise<Response> {
  const { urls } = context
  const { step, continuation } = pending
  switch (step.kind) {
    case 'sign_in':
      return lead(context, visit, withQuery(urls.signIn, { ...next(continuation), username: step.username }))
    case 'choose_account':
      return lead(context, visit, withQuery(urls.chooseAccount, next(continuation)))
    case 'consent':
      return showConsent(context, visit, { ...pending, step })
    case 'answer':
      return giveCode(context, visit, pending, step)
  }
}

/** Whatever was done for the request before did not do. */
const next = (continuation: Continuation) => ({ continue: withoutInteraction(continuation) })
