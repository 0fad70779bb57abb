import { html } from 'hono/html'
import type { Handler } from '../base/handler.ts'
import { stylesheetPath } from './stylesheet.ts'

/** What a template makes: text that is escaped already. */
export type Html = ReturnType<typeof html>

export interface PageParts {
  title: string
  /** The issuer: the stylesheet is under its path. */
  issuer: string
  /** The id of what the skip link leads to. */
  mainId: string
  content: Html
}

/** The frame of every page: head, skip link, content. */
export const layout = ({ title, issuer, mainId, content }: PageParts): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="${stylesheetPath(issuer)}">
</head>
<body>
<a class="skip-link" href="#${mainId}">Skip to the content</a>
${content}
</body>
</html>
`

/** Nothing loads but the stylesheet, nothing runs, nobody frames the page and no form leaves it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** What every answer that a browser shows carries. */
const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
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

/** Leads to another page. */
export const redirectTo =
  (url: string): Handler =>
  (_, { requestId }) =>
    new Response(null, { status: 302, headers: { location: url, 'x-request-id': requestId } })
