import type { Handler } from '../base/handler.ts'
import type { Config } from '../config/config.ts'
import { asset } from './asset.ts'
import { formPostScript } from './form-post-script.ts'
import { logoOf } from './logo.ts'
import { stylesheetOf } from './stylesheet.ts'

/** The one stylesheet of all pages, in the owner's colour. */
export const stylesheetAsset = (config: Config): Handler =>
  asset({ body: stylesheetOf(config).text, type: 'text/css; charset=utf-8' })

/** The script of the one page that has one: it sends the form of `response_mode=form_post`. */
export const formPostAsset: Handler = asset({
  body: formPostScript,
  type: 'text/javascript; charset=utf-8',
})

/**
 * The owner's logo; `undefined`: there is none. An SVG may hold scripts: opened by itself it runs none, and loads nothing.
 *
 * @throws ConfigError when the file cannot be used.
 */
export function logoAsset(config: Config): Handler | undefined {
  const logo = logoOf(config)
  return (
    logo &&
    asset({
      body: logo.bytes,
      type: logo.type,
      headers: { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox" },
    })
  )
}

/** Browsers ask for an icon by themselves; where there is no logo there is none. */
export const noIcon: Handler = (_, { requestId }) =>
  new Response(null, {
    status: 204,
    headers: { 'cache-control': 'public, max-age=86400', 'x-request-id': requestId },
  })
