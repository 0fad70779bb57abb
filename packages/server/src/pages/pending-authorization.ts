import { AuthorizationError, type ReturnAddress } from '../authorize/authorization-error.ts'
import { issueCode } from '../authorize/code.ts'
import {
  type Continuation,
  continuationUrl,
  readContinuedRequest,
  readInteraction,
} from '../authorize/continuation.ts'
import { decideNextStep, type Grantable, type NextStep } from '../authorize/next-step.ts'
import { type AuthorizationRequest, readAuthorizationRequest } from '../authorize/request.ts'
import { type AuthorizationResponse, codeResponse, errorResponse } from '../authorize/response.ts'
import { OAuthError } from '../base/oauth-error.ts'
import type { PageContext } from './page-context.ts'
import { formPostTemplate } from './templates/form-post.ts'
import { lead, show, type Visit } from './visit.ts'

/** An authorization request on its way through our pages. */
export interface PendingAuthorization<Step extends NextStep = NextStep> {
  continuation: Continuation
  request: AuthorizationRequest
  step: Step
}

/**
 * Reads a request, decides what comes next and does it. What is wrong with it the client is told.
 *
 * @throws OAuthError for a page, where nobody may be sent to the client.
 */
export async function proceed(
  context: PageContext,
  visit: Visit,
  continuation: Continuation,
  take: (pending: PendingAuthorization) => Promise<Response>,
): Promise<Response> {
  const { config, urls } = context
  const { wire, parameters } = await readContinuedRequest(continuation, context)
  try {
    const request = await readAuthorizationRequest(context, parameters)
    visit.exchange.clientId = request.client.id
    const step = await decideNextStep(context, request, whoIsThere(context, visit, continuation))
    return await take({ continuation, request, step })
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error
    const response = errorResponse(error, wire, { issuer: config.issuer, errorPageUrl: urls.docs })
    return answerClient(context, visit, error.returnTo, response)
  }
}

function whoIsThere(
  { config, clock, demoUsers }: PageContext,
  { browser }: Visit,
  continuation: Continuation,
) {
  const now = clock()
  return {
    accounts: browser.accounts,
    interaction: readInteraction(continuation, now, config),
    hasDemoAccounts: demoUsers.length > 0,
    accountChooser: config.accountChooser,
    now,
  }
}

/** Sends the person back to the client with a code. */
export async function giveCode(
  context: PageContext,
  visit: Visit,
  { continuation, request }: PendingAuthorization,
  grantable: Grantable,
): Promise<Response> {
  const { issuer } = context.config
  const code = await issueCode(context, request, grantable)
  // They were signed out meanwhile: the request begins anew.
  if (code === undefined) return lead(context, visit, continuationUrl(continuation, issuer))
  return answerClient(context, visit, request, codeResponse(request, code, issuer))
}

/** The person said no. */
export const denied = ({ request }: PendingAuthorization): AuthorizationError =>
  new AuthorizationError(request, new OAuthError('access_denied', 'The person did not allow it.'))

/** The name of the app that waits for a request. `undefined`: none does, or the request cannot be put to anybody. */
export async function findAppName(
  context: PageContext,
  continuation: Continuation | undefined,
): Promise<string | undefined> {
  if (continuation === undefined) return undefined
  const { parameters } = await readContinuedRequest(continuation, context)
  try {
    return (await readAuthorizationRequest(context, parameters)).client.name
  } catch (error) {
    if (error instanceof AuthorizationError) return error.returnTo.client.name
    if (error instanceof OAuthError) return undefined
    throw error
  }
}

function answerClient(
  context: PageContext,
  visit: Visit,
  { client }: ReturnAddress,
  response: AuthorizationResponse,
): Promise<Response> | Response {
  visit.exchange.clientId = client.id
  if (response.kind === 'redirect') return lead(context, visit, response.url)
  const { action, fields } = response
  const page = formPostTemplate({ action, fields, appName: client.name }, visit.look)
  return show(context, visit, page, {
    hasScript: true,
    mayEndAtClient: true,
    referrerPolicy: 'strict-origin',
  })
}
