import { createHmac } from 'node:crypto'
import type { UnixSeconds } from '../base/clock.ts'
import { deriveKey, isSameDigest } from '../base/hash.ts'
import type { Config } from '../config/config.ts'
import type { Parameters, Wire } from '../dialects/compile.ts'
import { readParameters } from '../dialects/parameters.ts'

/**
 * An authorization request as the path and query of one of our own authorization routes. All that is pending of a
 * request is in it, so it survives a reload, the back button and other tabs, and leads nowhere else.
 */
export type Continuation = string & { readonly __continuation: unique symbol }

/** The longest request, in characters as the client wrote it: encoded once more it still fits into a URL. */
export const maxContinuationLength = 4096
/** The longest mark of what a person did for it, in characters. */
const maxInteractionLength = 1024

/** For how long what a person did for a request counts, in seconds. */
export const interactionLifetimeSeconds = 3600

/** What a person did for one request: they chose this account, or signed in to it. */
export interface Interaction {
  /** Whoever signed in at this time or later did so for the request. */
  startedAt: UnixSeconds
  accountId: string
}

interface Routes {
  config: Pick<Config, 'issuer'>
  wires: readonly Wire[]
}

/** Reads what came back from a page. `undefined`: it is no authorization request of ours. */
export function readContinuation(
  text: string | null | undefined,
  wires: readonly Wire[],
  issuer: string,
): Continuation | undefined {
  if (!text || isTooLong(text) || !/^[\x21\x22\x24-\x7e]+$/.test(text)) return undefined
  return wireAt(text, wires, issuer) && (text as Continuation)
}

/** What a person did for a request does not make it too long: it passed when it came. */
const isTooLong = (text: string): boolean =>
  text.length > maxContinuationLength + maxInteractionLength ||
  withoutInteraction(text).length > maxContinuationLength

/** The request that a browser makes just now, as a continuation. */
export function continuationOf(request: Request, { config, wires }: Routes): Continuation | undefined {
  const { pathname, search } = new URL(request.url)
  return readContinuation(`${pathname}${search}`, wires, config.issuer)
}

/** Its whole URL. */
export const continuationUrl = (continuation: Continuation, issuer: string): string =>
  `${new URL(issuer).origin}${continuation}`

/** The parameters of the request, by their standard names, with the wire on which it came. */
export async function readContinuedRequest(
  continuation: Continuation,
  { config, wires }: Routes,
): Promise<{ wire: Wire; parameters: Parameters }> {
  const wire = wireAt(continuation, wires, config.issuer)
  if (!wire) throw new Error('A continuation is on one of our routes.')
  const request = new Request(continuationUrl(continuation, config.issuer))
  return { wire, parameters: await readParameters(request, wire) }
}

/**
 * Writes into a continuation what a person did for it. Nobody else can write it, and it holds for this request alone.
 *
 * @param startedAt when they began; a sign-in for it is at that time or later.
 */
export function afterSignIn(
  continuation: Continuation,
  account: { id: string },
  startedAt: UnixSeconds,
  { secrets }: Pick<Config, 'secrets'>,
): Continuation {
  const request = withoutInteraction(continuation)
  const interaction = { startedAt, accountId: account.id }
  const mac = macOf(secrets[0] ?? '', request, interaction)
  const written = `${startedAt}.${encodeURIComponent(account.id)}.${mac}`
  return `${request}${request.includes('?') ? '&' : '?'}interaction=${written}` as Continuation
}

/** What a person did for this request lately, as {@link afterSignIn} wrote it. */
export function readInteraction(
  continuation: Continuation,
  now: UnixSeconds,
  { secrets }: Pick<Config, 'secrets'>,
): Interaction | undefined {
  const [, startedAt = '', id = '', mac = ''] = interactionPattern.exec(continuation) ?? []
  const accountId = decode(id)
  if (accountId === undefined || Number(startedAt) + interactionLifetimeSeconds <= now) return undefined
  const interaction = { startedAt: Number(startedAt), accountId }
  const request = withoutInteraction(continuation)
  const isOurs = secrets.some((secret) => isSameDigest(macOf(secret, request, interaction), mac))
  return isOurs ? interaction : undefined
}

/** The request as the client made it. */
export const withoutInteraction = (continuation: string): Continuation =>
  continuation
    .replace(/([?&])interaction=[^&]*/g, '$1')
    .replace(/&{2,}/g, '&')
    .replace('?&', '?')
    .replace(/[?&]$/, '') as Continuation

const interactionPattern = /[?&]interaction=(\d{1,12})\.([^&]{1,600})\.([\w-]{43})(?:&|$)/

function macOf(secret: string, request: string, { startedAt, accountId }: Interaction): string {
  const key = deriveKey(secret, 'interaction')
  return createHmac('sha256', key)
    .update(JSON.stringify([startedAt, accountId, request]))
    .digest('base64url')
}

function wireAt(text: string, wires: readonly Wire[], issuer: string): Wire | undefined {
  const base = new URL(issuer).pathname.replace(/\/$/, '')
  const path = text.split('?', 1)[0]
  return wires.find(
    ({ kind, paths }) => kind === 'authorization' && paths.some((known) => `${base}${known}` === path),
  )
}

function decode(text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}
