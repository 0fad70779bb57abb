import type { webcrypto } from 'node:crypto'
import type { Clock, UnixSeconds } from '../base/clock.ts'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import type { SigningAlgorithm } from '../store/schema.ts'
import type { SigningKeyStore, StoredSigningKey } from '../store/signing-keys.ts'
import type { Seal } from './seal.ts'
import { makeSigningKey, openSigningKey, type SigningKey } from './signing-key.ts'
import { createSigningQueue } from './signing-queue.ts'

/** How long a guard or a cache in between may keep the published keys, in seconds. */
export const jwksMaxAgeSeconds = 300

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
  /** HS256 keys of one audience, newest first. */
  symmetricKeys(audience: string): Buffer[]
  /** Reads the keys anew. */
  reload(): Promise<void>
}

export interface KeyRingOptions {
  store: SigningKeyStore
  seal: Seal
  algorithm: SigningAlgorithm
  clock: Clock
}

/** Loads the keys, making the first ones when the algorithm has none. @throws SealError under another secret. */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { store, seal, algorithm, clock } = options
  const sealedByOld: StoredSigningKey[] = []
  let keys: SigningKey[] = []

  /**
   * A key that is in memory need not be opened again: where one process of several has sealed the keys with a new secret
   * already, those that do not know it yet go on.
   */
  async function reload(): Promise<void> {
    const known = new Map(keys.map((key) => [key.kid, key]))
    keys = (await store.list()).map((stored) => {
      const key = known.get(stored.id)
      return key ? { ...key, signsAt: stored.signs_at, expiresAt: stored.expires_at } : open(stored)
    })
  }

  function open(stored: StoredSigningKey): SigningKey {
    const { key, isSealedByOld } = openSigningKey(stored, seal)
    if (isSealedByOld) sealedByOld.push(stored)
    return key
  }

  await reload()
  for (const stored of sealedByOld) await reseal(options, stored)
  if (!keys.some((key) => key.algorithm === algorithm && key.expiresAt === null)) {
    await initialize(options)
    await reload()
  }
  const live = () => keys.filter((key) => key.expiresAt === null || key.expiresAt > clock())

  const enqueue = createSigningQueue()
  function current(): SigningKey {
    const key = keyInUse(keys, algorithm, clock())
    if (!key) throw temporarilyUnavailable('no signing key is in use')
    return key
  }

  return {
    current,
    signJwt: (claims, audience) => enqueue(() => current().signJwt(claims, audience)),
    find: (kid) => live().find((key) => key.kid === kid),
    jwks: () => ({ keys: live().flatMap((key) => (key.publicJwk ? [key.publicJwk] : [])) }),
    symmetricKeys(audience) {
      const newestFirst = live()
        .filter((key) => key.algorithm === 'HS256')
        .reverse()
      // After hasty rotations several keys wait for their time: the one in use is among those given.
      const current = keyInUse(keys, 'HS256', clock())
      const inUse = current ? newestFirst.indexOf(current) : -1
      const from = Math.max(0, inUse - maxSymmetricKeys + 1)
      return newestFirst
        .slice(from, from + maxSymmetricKeys)
        .flatMap((key) => key.symmetricKey(audience) ?? [])
    },
    reload,
  }
}

/** The key with the latest `signsAt` that has come. */
function keyInUse(keys: SigningKey[], algorithm: SigningAlgorithm, now: UnixSeconds): SigningKey | undefined {
  let inUse: SigningKey | undefined
  for (const key of keys) {
    if (key.algorithm !== algorithm || key.signsAt === null || key.signsAt > now) continue
    if (!inUse || key.signsAt >= (inUse.signsAt ?? 0)) inUse = key
  }
  return inUse
}

/**
 * Puts the next key to use and publishes a new next one. The next key signs once every cache can know it: at once,
 * unless it was made less than {@link jwksMaxAgeSeconds} ago.
 *
 * @returns the key that signs next and when; `undefined` when another rotation was first.
 */
export async function rotateSigningKey(
  { store, seal, algorithm, clock }: KeyRingOptions,
  longestLifetimeSeconds: number,
  actor: string,
): Promise<{ kid: string; signsAt: UnixSeconds } | undefined> {
  const now = clock()
  const next = (await store.list()).find((key) => key.algorithm === algorithm && key.signs_at === null)
  if (!next) return undefined
  const signsAt = Math.max(now, next.created_at + jwksMaxAgeSeconds)
  const newNext = await makeSigningKey(algorithm, seal, { createdAt: now, signsAt: null })
  const oldExpiresAt = signsAt + longestLifetimeSeconds + jwksMaxAgeSeconds
  const event = { at: now, actor, action: 'signing_key.rotated', subject: `signing_key:${next.id}` }
  const isRotated = await store.rotate(next.id, { signsAt, oldExpiresAt }, newNext, event)
  return isRotated ? { kid: next.id, signsAt } : undefined
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
  const newNext = await makeSigningKey(algorithm, seal, { createdAt: at, signsAt: null })
  return store.revoke(kid, newNext, {
    at,
    actor,
    action: 'signing_key.revoked',
    subject: `signing_key:${kid}`,
  })
}

async function initialize({ store, seal, algorithm, clock }: KeyRingOptions): Promise<void> {
  const now = clock()
  const current = await makeSigningKey(algorithm, seal, { createdAt: now, signsAt: now })
  const next = await makeSigningKey(algorithm, seal, { createdAt: now, signsAt: null })
  const event = { at: now, actor: 'server', action: 'signing_key.made', subject: `signing_key:${current.id}` }
  await store.initialize(algorithm, [current, next], event)
}

async function reseal({ store, seal }: KeyRingOptions, stored: StoredSigningKey): Promise<void> {
  const name = `signing key ${stored.id}`
  await store.reseal(stored.id, seal.seal(name, seal.open(name, stored.sealed_private_key).text))
}
