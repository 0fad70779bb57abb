import { html } from 'hono/html'
import type { Exchange, Handler } from '../base/handler.ts'

/** What a template makes: text that is escaped already. */
export type Html = ReturnType<typeof html>

export interface PageParts {
  title: string
  /** Where the stylesheet is, from the root of the host. */
  stylesheetUrl: string
  /** The id of what the skip link leads to. */
  mainId: string
  content: Html
}

/** The frame of the pages for developers: head, skip link, content. */
export const layout = ({ title, stylesheetUrl, mainId, content }: PageParts): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="${stylesheetUrl}">
</head>
<body>
<a class="skip-link" href="#${mainId}">Skip to the content</a>
${content}
</body>
</html>
`

/** Nothing loads but the stylesheet, nothing runs, nobody frames the page and no form leaves it. */
const publicPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** What every answer that a browser shows carries. */
const securityHeaders = {
  'content-security-policy': publicPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A page that is the same for everyone, which caches may keep for so many seconds. */
export function publicPage(page: Html, maxAgeSeconds: number): Handler {
  const text = Promise.resolve(page).then(String)
  return async (_, { requestId }) =>
    new Response(await text, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': `public, max-age=${maxAgeSeconds}`,
        ...securityHeaders,
        'x-request-id': requestId,
      },
    })
}

export interface PageOptions {
  status?: number
  /** `Set-Cookie` values. */
  cookies?: readonly string[]
  /** Whether a form of the page may end at a client. */
  mayEndAtClient?: boolean
  headers?: Record<string, string>
  /** Whether the page loads a script of this server. None does but that of `response_mode=form_post`. */
  hasScript?: boolean
  /** Default: `same-origin`. Under `strict-origin` a client that the page posts to learns where the post comes from. */
  referrerPolicy?: 'same-origin' | 'strict-origin'
}

/**
 * A page for one person: never kept, never framed.
 *
 * `same-origin` is the strictest referrer policy under which a browser tells our own forms' posts where they come from:
 * under `no-referrer` their `Origin` is `null`. No other site learns anything by it.
 */
export async function privatePage(
  page: Html,
  exchange: Exchange,
  options: PageOptions = {},
): Promise<Response> {
  const headers = new Headers({
    ...options.headers,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': privatePolicy(options),
    'referrer-policy': options.referrerPolicy ?? 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': exchange.requestId,
  })
  addCookies(headers, options.cookies)
  return new Response(String(await page), { status: options.status ?? 200, headers })
}

/**
 * A browser applies `form-action` to every redirect that follows a form, too (CSP 3 §6.4.1; Chromium does), and a client
 * may lead on from its redirect URI to wherever it wants: where a form may end at a client, it is left out.
 */
function privatePolicy({ mayEndAtClient = false, hasScript = false }: PageOptions): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    ...(hasScript ? ["script-src 'self'"] : []),
    ...(mayEndAtClient ? [] : ["form-action 'self'"]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Leads on, after a form or from a page that has nothing to ask: 303, so that a post is not posted again. */
export function redirect(
  url: string,
  { requestId }: Exchange,
  options: Pick<PageOptions, 'cookies' | 'headers'> = {},
): Response {
  const headers = new Headers({
    ...options.headers,
    location: url,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-request-id': requestId,
  })
  addCookies(headers, options.cookies)
  return new Response(null, { status: 303, headers })
}

function addCookies(headers: Headers, cookies: readonly string[] = []): void {
  for (const cookie of cookies) headers.append('set-cookie', cookie)
}

/** Leads to another page. */
export const redirectTo =
  (url: string): Handler =>
  (_, { requestId }) =>
    new Response(null, { status: 302, headers: { location: url, 'x-request-id': requestId } })
