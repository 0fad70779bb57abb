import { isRecord } from './json.ts'
import type { Reason } from './rejection.ts'
import type { Algorithm } from './signature.ts'

export interface ParsedJwt {
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
  /** What the signature is over. */
  readonly signed: Buffer
  readonly signature: Buffer
}

/** The longest token that is looked at, in characters. */
export const maxTokenLength = 8_192

const maxParts = 3
const base64urlPart = /^[\w-]+$/
/** What a `kid` may look like. It is only ever compared: never part of a URL, a path or a query. */
const plausibleKid = /^[\w.~=:+-]{1,128}$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Takes a compact JWT apart (RFC 7515 §7.1). Undefined for anything that is not exactly one. Checks no signature. */
export function parseJwt(token: string): ParsedJwt | undefined {
  if (token.length > maxTokenLength) return undefined
  const [header, claims, signature, ...rest] = token.split('.', maxParts + 1).map(decodePart)
  if (!header || !claims || !signature || rest.length > 0) return undefined
  const parsed = { header: parseJson(header), claims: parseJson(claims) }
  if (!isRecord(parsed.header) || !isRecord(parsed.claims)) return undefined
  const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')), 'latin1')
  return { header: parsed.header, claims: parsed.claims, signed, signature }
}

/**
 * Checks the header against what the guard takes (RFC 8725 §3.1, §3.11; RFC 9068 §4). Keys and links to keys inside it
 * (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
 */
export function checkHeader(
  header: Record<string, unknown>,
  algorithms: readonly Algorithm[],
): Reason | undefined {
  const { alg, typ, kid, crit } = header
  if (!algorithms.some((algorithm) => algorithm === alg)) return 'algorithm-not-accepted'
  if (crit !== undefined) return 'critical-header'
  if (alg === 'HS256') return typ === 'JWT' && kid === undefined ? undefined : 'wrong-type'
  if (!isAccessTokenType(typ)) return 'wrong-type'
  return typeof kid === 'string' && plausibleKid.test(kid) ? undefined : 'unknown-key'
}

/** RFC 9068 §4: a media type, so in any case, its `application/` may be left out. */
function isAccessTokenType(typ: unknown): boolean {
  if (typeof typ !== 'string') return false
  const type = typ.toLowerCase()
  return type === 'at+jwt' || type === 'application/at+jwt'
}

/** Strict base64url: no padding, no whitespace, and no second spelling of the same bytes. */
function decodePart(part: string): Buffer | undefined {
  if (!base64urlPart.test(part)) return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}
