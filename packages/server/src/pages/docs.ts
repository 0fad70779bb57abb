import { html } from 'hono/html'
import { oauthErrorCodes } from '../base/oauth-error.ts'
import type { Config } from '../config/config.ts'
import type { Handler } from '../endpoints/endpoint.ts'
import type { EndpointUrls } from '../endpoints/metadata.ts'

export function docsPage(config: Config, urls: EndpointUrls): Handler {
  const page = html`<!doctype html><title>${config.apiName}</title>${urls.token}${oauthErrorCodes.join(' ')}`
  return async () =>
    new Response(String(await page), { headers: { 'content-type': 'text/html; charset=utf-8' } })
}
