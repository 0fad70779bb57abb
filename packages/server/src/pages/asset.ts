import type { Handler } from '../base/handler.ts'

/** A year: what has changed has another version, and so another URL. */
const maxAgeSeconds = 31_536_000

/** Where a file of the pages is, from the root of the host. */
export const assetPath = (issuer: string, name: string, version: string): string =>
  `${new URL(issuer).pathname.replace(/\/$/, '')}/assets/${name}?v=${version}`

export interface AssetParts {
  body: string | Uint8Array<ArrayBuffer>
  type: string
  headers?: Record<string, string>
}

/** Serves a file that is the same for everyone and never changes under its URL. */
export const asset =
  ({ body, type, headers = {} }: AssetParts): Handler =>
  (_, { requestId }) =>
    new Response(body, {
      headers: {
        'content-type': type,
        'cache-control': `public, max-age=${maxAgeSeconds}, immutable`,
        'x-content-type-options': 'nosniff',
        ...headers,
        'x-request-id': requestId,
      },
    })
