import type { Exchange } from '../base/handler.ts'
import type { OAuthError } from '../base/oauth-error.ts'
import type { Config } from '../config/config.ts'
import { privatePage } from './layout.ts'
import { type Look, lookOf } from './look.ts'
import { errorTemplate } from './templates/error.ts'

/** Answers an error where a person sees it: friendly words by its code, the technical ones for whoever made the app. */
export type ErrorPage = (error: OAuthError, request: Request, exchange: Exchange) => Promise<Response>

/** Makes the page of an error, in the look of the configuration and the language of the browser. */
export function errorPage({ config }: { config: Config }): ErrorPage {
  return (error, request, exchange) => {
    const look = lookOf(config, request)
    const { title, message, whatToDo } = look.words.error.ofCode[error.code]
    const page = errorTemplate(
      {
        title,
        message,
        whatToDo: waitInWords(error, look) ?? whatToDo,
        requestId: exchange.requestId,
        homeUrl: error.code === 'not_found' ? `${config.issuer}/account` : undefined,
        details: { code: error.code, description: error.message },
      },
      look,
    )
    return privatePage(page, exchange, { status: error.status, headers: headersOf(error) })
  }
}

/** With `Retry-After` (RFC 9110 §10.2.3), how long to wait is known. */
function waitInWords({ code, headers }: OAuthError, { words }: Look): string | undefined {
  const seconds = Number(headers['retry-after'])
  return code === 'too_many_requests' && seconds > 0 ? words.throttled(words.duration(seconds)) : undefined
}

/** All but the challenge: on a page, a browser would ask for a password in a window of its own. */
function headersOf({ headers }: OAuthError): Record<string, string> {
  const { 'www-authenticate': _, ...rest } = headers
  return rest
}
