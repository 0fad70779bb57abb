import type { webcrypto } from 'node:crypto'
import type { Clock, UnixSeconds } from '../base/clock.ts'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import type { SigningAlgorithm } from '../store/schema.ts'
import type { SigningKeyStore, StoredSigningKey } from '../store/signing-keys.ts'
import { type Seal, SealError } from './seal.ts'
import { makeSigningKey, openSigningKey, resealPrivateKey, type SigningKey } from './signing-key.ts'
import { createSigningQueue } from './signing-queue.ts'

/** How long a guard or a cache in between may keep the published keys, in seconds. */
export const jwksMaxAgeSeconds = 300

/**
 * Keys that are published at once: a rotation that would add to so many is refused. Guards read 100 of a JWKS at most,
 * and one that is passed over would make its tokens strangers.
 */
export const maxPublishedKeys = 16

/** Symmetric keys that one audience is given at most: the next, the current and the one before. */
const maxSymmetricKeys = 3

/** The keys that sign, those that will, and those whose tokens still live. */
export interface KeyRing {
  /** The key in use. @throws OAuthError 503 when there is none. */
  current(): SigningKey
  /** Signs the claims as a JWT with the key in use. @throws OAuthError 503 when there is none. */
  signJwt(claims: object, audience: string): Promise<string>
  /** By its `kid`, while it is published. */
  find(kid: string): SigningKey | undefined
  /** RFC 7517 §5: public keys, the next one included; none that is symmetric. */
  jwks(): { keys: webcrypto.JsonWebKey[] }
  /** The HS256 keys that guards hold, newest first: a token that one of them signed does not say which. */
  symmetric(): SigningKey[]
  /** As one audience is given them. */
  symmetricKeys(audience: string): Buffer[]
  /** Reads the keys anew. */
  reload(): Promise<void>
}

export interface KeyRingOptions {
  store: SigningKeyStore
  seal: Seal
  algorithm: SigningAlgorithm
  clock: Clock
  /** How long a token may live: a key stays as long after its last signature. */
  longestLifetimeSeconds: number
  /** Told of a key that appears later and was sealed with a secret that this process does not know. */
  onSealed?: (kid: string) => void
}

/**
 * Loads the keys. Where the algorithm has none it makes the first ones, and those of another algorithm stay as long as
 * their tokens can live.
 *
 * @throws SealError under another secret.
 */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { store, seal, algorithm, clock } = options
  const sealedByOld: StoredSigningKey[] = []
  let keys: SigningKey[] = []

  async function load(open: (stored: StoredSigningKey) => SigningKey[]): Promise<void> {
    const known = new Map(keys.map((key) => [key.kid, key]))
    keys = (await store.list()).flatMap((stored) => {
      const key = known.get(stored.id)
      return key ? { ...key, signsAt: stored.signs_at, expiresAt: stored.expires_at } : open(stored)
    })
  }

  function open(stored: StoredSigningKey): SigningKey[] {
    const { key, isSealedByOld } = openSigningKey(stored, seal)
    if (isSealedByOld) sealedByOld.push(stored)
    return [key]
  }

  /**
   * While several processes change to a new secret one after another, those that do not know it yet go on with the keys
   * that they have.
   */
  function openIfKnown(stored: StoredSigningKey): SigningKey[] {
    try {
      return open(stored)
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      options.onSealed?.(stored.id)
      return []
    }
  }

  await load(open)
  for (const stored of sealedByOld) await store.reseal(stored.id, resealPrivateKey(stored, seal))
  if (!keys.some((key) => key.algorithm === algorithm && key.expiresAt === null)) {
    await initialize(options)
    await load(open)
  }
  const live = () => keys.filter((key) => key.expiresAt === null || key.expiresAt > clock())

  const enqueue = createSigningQueue()
  function current(): SigningKey {
    const key = keyInUse(keys, algorithm, clock())
    if (!key) throw temporarilyUnavailable('no signing key is in use')
    return key
  }

  function symmetric(): SigningKey[] {
    const newestFirst = live()
      .filter((key) => key.algorithm === 'HS256')
      .reverse()
    // After hasty rotations several keys wait for their time: the one in use is among those given.
    const current = keyInUse(keys, 'HS256', clock())
    const inUse = current ? newestFirst.indexOf(current) : -1
    const from = Math.max(0, inUse - maxSymmetricKeys + 1)
    return newestFirst.slice(from, from + maxSymmetricKeys)
  }

  return {
    current,
    signJwt: (claims, audience) => enqueue(() => current().signJwt(claims, audience)),
    find: (kid) => live().find((key) => key.kid === kid),
    jwks: () => ({ keys: live().flatMap((key) => (key.publicJwk ? [key.publicJwk] : [])) }),
    symmetric,
    symmetricKeys: (audience) => symmetric().flatMap((key) => key.symmetricKey(audience) ?? []),
    reload: () => load(openIfKnown),
  }
}

/**
 * The key with the latest `signsAt` that has come. Of several that rotations of one second put to use together, the one
 * that stays: the others are on their way out.
 */
function keyInUse(keys: SigningKey[], algorithm: SigningAlgorithm, now: UnixSeconds): SigningKey | undefined {
  let inUse: SigningKey | undefined
  for (const key of keys) {
    if (key.algorithm !== algorithm || key.signsAt === null || key.signsAt > now) continue
    if (!inUse || isLater(key, inUse)) inUse = key
  }
  return inUse
}

const isLater = (key: SigningKey, other: SigningKey): boolean => {
  const [signsAt, otherSignsAt] = [key.signsAt ?? 0, other.signsAt ?? 0]
  return signsAt === otherSignsAt ? key.expiresAt === null : signsAt > otherSignsAt
}

/** Says why the keys cannot be rotated now, and when they can. */
export class KeyRotationError extends Error {
  override readonly name = 'KeyRotationError'
}

/**
 * Puts the next key to use and publishes a new next one. The next key signs once every cache can know it: at once,
 * unless it was made less than {@link jwksMaxAgeSeconds} ago.
 *
 * @returns the key that signs next and when; `undefined` when another rotation was first.
 * @throws KeyRotationError while {@link maxPublishedKeys} are published, or for HS256 {@link maxSymmetricKeys}.
 */
export async function rotateSigningKey(
  { store, seal, algorithm, clock, longestLifetimeSeconds }: KeyRingOptions,
  actor: string,
): Promise<{ kid: string; signsAt: UnixSeconds } | undefined> {
  const now = clock()
  const published = (await store.list()).filter(({ expires_at }) => expires_at === null || expires_at > now)
  // Where the algorithm was changed and changed back, the next key of its first time is on its way out.
  const next = published.find(
    (key) => key.algorithm === algorithm && key.signs_at === null && key.expires_at === null,
  )
  if (!next) return undefined
  const kin = algorithm === 'HS256' ? published.filter((key) => key.algorithm === 'HS256') : published
  if (kin.length >= (algorithm === 'HS256' ? maxSymmetricKeys : maxPublishedKeys)) throw tooManyKeys(kin)
  const signsAt = Math.max(now, next.created_at + jwksMaxAgeSeconds)
  const newNext = await makeSigningKey(algorithm, seal, { createdAt: now, signsAt: null })
  const oldExpiresAt = signsAt + longestLifetimeSeconds + jwksMaxAgeSeconds
  const event = { at: now, actor, action: 'signing_key.rotated', subject: `signing_key:${next.id}` }
  const isRotated = await store.rotate(next.id, { signsAt, oldExpiresAt }, newNext, event)
  return isRotated ? { kid: next.id, signsAt } : undefined
}

function tooManyKeys(published: StoredSigningKey[]): KeyRotationError {
  const firstExpiry = Math.min(...published.map(({ expires_at }) => expires_at ?? Number.POSITIVE_INFINITY))
  const again = new Date(firstExpiry * 1000).toISOString()
  return new KeyRotationError(
    `${published.length} keys are published, the most that there may be: each lives on until the last token it signed has expired. Rotate again after ${again}, or end a key that others may know with \`latchkey keys revoke\`.`,
  )
}

/**
 * Ends a key that others may know, and every token it signed.
 *
 * @returns `false` when there is no such key.
 */
export async function revokeSigningKey(
  { store, seal, algorithm, clock }: KeyRingOptions,
  kid: string,
  actor: string,
): Promise<boolean> {
  const at = clock()
  const current = await makeSigningKey(algorithm, seal, { createdAt: at, signsAt: at })
  const next = await makeSigningKey(algorithm, seal, { createdAt: at, signsAt: null })
  const event = { at, actor, action: 'signing_key.revoked', subject: `signing_key:${kid}` }
  return store.revoke(kid, { current, next }, event)
}

async function initialize(options: KeyRingOptions): Promise<void> {
  const { store, seal, algorithm, clock, longestLifetimeSeconds } = options
  const now = clock()
  const current = await makeSigningKey(algorithm, seal, { createdAt: now, signsAt: now })
  const next = await makeSigningKey(algorithm, seal, { createdAt: now, signsAt: null })
  const event = { at: now, actor: 'server', action: 'signing_key.made', subject: `signing_key:${current.id}` }
  const othersExpireAt = now + longestLifetimeSeconds + jwksMaxAgeSeconds
  await store.initialize(algorithm, [current, next], othersExpireAt, event)
}
