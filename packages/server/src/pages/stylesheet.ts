import type { Handler } from '../base/handler.ts'
import { sha256 } from '../base/hash.ts'
import { codeStyle } from './style/code.ts'
import { docsStyle } from './style/docs.ts'
import { textStyle } from './style/text.ts'
import { tokens } from './style/tokens.ts'

const stylesheet = [tokens, textStyle, codeStyle, docsStyle].join('\n')
const version = sha256(stylesheet).slice(0, 12)

/** A year: another stylesheet has another version, and so another URL. */
const maxAgeSeconds = 31_536_000

/** Where the stylesheet is, from the root of the host. */
export const stylesheetPath = (issuer: string): string =>
  `${new URL(issuer).pathname.replace(/\/$/, '')}/assets/latchkey.css?v=${version}`

/** The one stylesheet of all pages. */
export const stylesheetAsset: Handler = (_, { requestId }) =>
  new Response(stylesheet, {
    headers: {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': `public, max-age=${maxAgeSeconds}, immutable`,
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
    },
  })
