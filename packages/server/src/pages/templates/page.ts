import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'

export interface PersonalPageParts {
  title: string
  /** Whether a form on it shows a mistake: then the title says so first. */
  hasError?: boolean
  /** `form` for the narrow column, `wide` for lists. */
  width?: 'form' | 'wide'
  /** A script of this server, from the root of the host. */
  scriptUrl?: string
  content: Html
}

/** The frame of every page that a person sees: whose it is, one column, and where they are. */
export function personalPage(parts: PersonalPageParts, look: Look): Html {
  const { title, hasError = false, width = 'form', scriptUrl, content } = parts
  const { words, apiName, language, logoUrl, stylesheetUrl } = look
  const documentTitle = words.documentTitle(hasError ? words.errorTitle(title) : title, apiName)
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${documentTitle}</title>
<link rel="stylesheet" href="${stylesheetUrl}">
${logoUrl ? html`<link rel="icon" href="${logoUrl}">` : ''}
${scriptUrl ? html`<script src="${scriptUrl}" defer></script>` : ''}
</head>
<body class="page page-${width}">
<header class="page-brand">${brand(look)}</header>
<main class="page-main">
${content}
</main>
<footer class="page-footer">${new URL(look.issuer).host}</footer>
</body>
</html>
`
}

const brand = ({ apiName, logoUrl }: Look): Html =>
  logoUrl ? html`<img src="${logoUrl}" alt="${apiName}">` : html`<span>${apiName}</span>`
