import type { UnixSeconds } from '../base/clock.ts'
import { isSameDigest, sha256 } from '../base/hash.ts'
import { invalidClient, OAuthError } from '../base/oauth-error.ts'
import type { ClientWithSecrets } from '../store/clients.ts'
import type { ClientDirectory } from './client-cache.ts'

/** The longest client id or secret that is looked at, in characters. */
const maxCredentialLength = 512

/** Stands in where there is no client, so that an unknown one costs what a wrong secret costs. */
const noSecret = sha256('')

/** What a request says about who it is from (RFC 6749 §2.3). */
export interface PresentedClient {
  /** The `Authorization` header, whole. */
  authorization: string | undefined
  /** `client_id` and `client_secret` of the body. */
  id: string | undefined
  secret: string | undefined
}

interface Credentials {
  id: string
  /** `undefined`: the client says who it is and proves nothing. */
  secret: string | undefined
}

/**
 * Who the request is from, proven by a live secret: Basic in either encoding, or the body (RFC 6749 §2.3.1); a public
 * client names itself and sends no secret.
 *
 * @throws OAuthError `invalid_client`, the same for every cause; `invalid_request` when it is told twice, differently.
 */
export async function authenticateClient(
  clients: ClientDirectory,
  presented: PresentedClient,
  now: UnixSeconds,
): Promise<ClientWithSecrets> {
  const candidates = readCredentials(presented)
  let reason = 'unknown client'
  for (const { id, secret } of candidates) {
    const found = clients.find(id)
    const client = found instanceof Promise ? await found : found
    const refusal = refuse(client, secret, now)
    if (client && refusal === undefined) return client
    if (client && refusal !== undefined) reason = refusal
  }
  throw invalidClient(reason)
}

/** Why the client is not who it says, for the log; `undefined`: it is. */
function refuse(
  client: ClientWithSecrets | undefined,
  secret: string | undefined,
  now: UnixSeconds,
): string | undefined {
  const isProven = proves(client, secret, now)
  if (!client) return 'unknown client'
  if (client.disabled_at !== null) return 'client disabled'
  if (client.isOwnerDisabled) return 'owner disabled'
  if (client.type === 'public') return secret === undefined ? undefined : 'public client sent a secret'
  if (secret === undefined) return 'no secret'
  return isProven ? undefined : 'wrong secret'
}

function proves(
  client: ClientWithSecrets | undefined,
  secret: string | undefined,
  now: UnixSeconds,
): boolean {
  if (secret === undefined) return false
  const digest = sha256(secret)
  let isProven = false
  for (const { secret_hash, expires_at } of client?.secrets ?? [{ secret_hash: noSecret, expires_at: 0 }]) {
    if (isSameDigest(secret_hash, digest) && (expires_at === null || expires_at > now)) isProven = true
  }
  return isProven
}

function readCredentials({ authorization, id, secret }: PresentedClient): Credentials[] {
  const basic = authorization === undefined ? undefined : readBasic(authorization)
  const candidates = basic ?? (id === undefined ? [] : [{ id, secret }])
  if (candidates.length === 0) throw invalidClient('no client named')
  if (candidates.some((candidate) => isTooLong(candidate.id) || isTooLong(candidate.secret ?? ''))) {
    throw invalidClient('id or secret too long')
  }
  if (!basic) return candidates
  const agreeing = basic.filter(
    (candidate) => (id ?? candidate.id) === candidate.id && (secret ?? candidate.secret) === candidate.secret,
  )
  if (agreeing.length > 0) return agreeing
  throw new OAuthError(
    'invalid_request',
    'The client is named twice, differently: in the Authorization header and in the body. Name it once.',
  )
}

/**
 * RFC 7617, with both parts form-encoded first as RFC 6749 §2.3.1 wants. Many clients leave that out, so where the
 * two readings differ both are tried, the RFC's first.
 */
function readBasic(authorization: string): Credentials[] {
  const match = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(authorization)
  const text = match?.[1] && Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text ? text.indexOf(':') : -1
  if (!text || colon < 1) throw invalidClient('malformed Basic credentials')
  const asSent = { id: text.slice(0, colon), secret: text.slice(colon + 1) }
  if (!/[%+]/.test(text)) return [asSent]
  const decoded = { id: decodeFormText(asSent.id), secret: decodeFormText(asSent.secret) }
  return decoded.id === undefined || decoded.secret === undefined
    ? [asSent]
    : [{ id: decoded.id, secret: decoded.secret }, asSent]
}

function decodeFormText(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

const isTooLong = (text: string): boolean => text.length > maxCredentialLength
