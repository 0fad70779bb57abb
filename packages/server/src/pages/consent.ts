import { continuationUrl, withoutInteraction } from '../authorize/continuation.ts'
import type { Grantable, NextStep } from '../authorize/next-step.ts'
import type { Handler } from '../base/handler.ts'
import { OAuthError } from '../base/oauth-error.ts'
import { parseScope } from '../base/scope.ts'
import { isLoopbackUri, type RedirectUri } from '../clients/redirect-uri.ts'
import type { PageContext } from './page-context.ts'
import { denied, giveCode, type PendingAuthorization, proceed } from './pending-authorization.ts'
import { consentTemplate } from './templates/consent.ts'
import { isOurForm, lead, show, type Visit, visited, withQuery } from './visit.ts'

type PendingConsent = PendingAuthorization<Extract<NextStep, Grantable>>

/** Asks a person whether they allow an app what it asks for. */
export function showConsent(context: PageContext, visit: Visit, pending: PendingConsent): Promise<Response> {
  const { config, urls, browsers } = context
  const { request, step, continuation } = pending
  const { client, redirectUri } = request
  const inWords = (scope: string) =>
    parseScope(scope).map((token) => ({
      scope: token,
      words: config.scopesIn[visit.look.language][token] ?? token,
    }))
  const page = consentTemplate(
    {
      action: urls.consent,
      formToken: browsers.formToken(visit.browser, purposeOf(pending)),
      continueTo: continuation,
      app: { name: client.name, publisher: client.publisher ?? client.owner_name ?? config.apiName },
      account: step.account,
      scopes: inWords(step.granted),
      withheld: inWords(step.withheld),
      returnsTo: nameOf(redirectUri),
      isLoopback: isLoopbackUri(redirectUri),
      replacesConnectionSince: config.connections === 'one' ? step.connection?.created_at : undefined,
      switchAccountUrl: withQuery(urls.chooseAccount, { continue: withoutInteraction(continuation) }),
    },
    visit.look,
  )
  return show(context, visit, page, { mayEndAtClient: true })
}

/**
 * `POST /consent`: takes the person's answer, for exactly what the page showed. Any other form is shown the page anew:
 * one of another browser, person or request, or one that is too old.
 */
export const consentForm = (context: PageContext): Handler =>
  visited(context, async (visit) => {
    const { continuation, fields } = visit
    if (!continuation)
      throw new OAuthError('invalid_request', 'The form belongs to no authorization request.')
    return proceed(context, visit, continuation, async (pending) => {
      const { step } = pending
      const again = lead(context, visit, continuationUrl(continuation, context.config.issuer))
      if (step.kind !== 'consent' && step.kind !== 'answer') return again
      if (!isOurForm(context, visit, purposeOf({ ...pending, step }))) return again
      const decision = fields.get('decision')
      if (decision === 'allow') return giveCode(context, visit, pending, step)
      if (decision === 'deny') throw denied(pending)
      return again
    })
  })

/** All that the page shows: whose consent, to which request, of what. */
const purposeOf = ({ continuation, step }: PendingConsent): string =>
  JSON.stringify(['consent', step.account.id, step.granted, continuation])

/** The host, or the scheme of an app's own. */
function nameOf(redirectUri: RedirectUri): string {
  const { protocol, host } = new URL(redirectUri)
  return protocol === 'https:' || protocol === 'http:' ? host : protocol.slice(0, -1)
}
