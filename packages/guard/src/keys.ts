import type { AuthorizationServer } from './authorization-server.ts'
import type { Clock } from './clock.ts'
import { Unavailable } from './http.ts'
import { isRecord } from './json.ts'
import type { ParsedJwt } from './jwt.ts'
import { Refreshing } from './refreshing.ts'
import type { Rejection } from './rejection.ts'
import { type Algorithm, importPublicJwk, importSharedJwk, type VerificationKey } from './signature.ts'

export interface KeysOptions {
  readonly algorithms: readonly Algorithm[]
  readonly keysMaxAgeSeconds: number
  readonly clock: Clock
  /** The epoch of the whole server, as last heard. */
  readonly serverEpoch: () => number
}

type KeyRing = Refreshing<readonly VerificationKey[]>

const maxJwksBytes = 262_144
const maxPublicKeys = 100
const maxSharedKeys = 3
/** The least time between two loads because of unknown keys: a storm of made-up `kid`s costs one. */
const unknownKeyCoolDownMs = 10_000
/** With stale keys at hand, a request waits no longer than this for a slow key server. */
const patienceMs = 300

/** The issuer's keys: loaded when needed, kept for a while, served stale while the key server is down. */
export class Keys {
  readonly #publicKeys: KeyRing | undefined
  readonly #sharedKeys: KeyRing | undefined
  readonly #serverEpoch: () => number
  #sharedEpoch = 0

  constructor(server: AuthorizationServer, options: KeysOptions) {
    const { algorithms, keysMaxAgeSeconds, clock } = options
    this.#serverEpoch = options.serverEpoch
    const limits = { maxAgeMs: keysMaxAgeSeconds * 1000, coolDownMs: unknownKeyCoolDownMs, patienceMs }
    const hasShared = algorithms.includes('HS256')
    const hasPublic = algorithms.some((algorithm) => algorithm !== 'HS256')
    if (hasPublic)
      this.#publicKeys = new Refreshing((before) => loadPublicKeys(server, before), limits, clock)
    if (hasShared)
      this.#sharedKeys = new Refreshing((before) => loadSharedKeys(server, before), limits, clock)
  }

  /** Loads what is missing or old. Says whether every kind of key is there. */
  async load(): Promise<boolean> {
    const loaded = await Promise.all(this.#rings().map((ring) => ring.current()))
    return loaded.every((keys) => keys !== undefined)
  }

  /** Checks a signature whose header was checked. Returns the key that it is by. */
  async verify(jwt: ParsedJwt): Promise<VerificationKey | Rejection> {
    const { alg, kid } = jwt.header
    const ring = this.#ringOf(alg === 'HS256')
    if (!ring) return { reason: 'algorithm-not-accepted' }
    return kid === undefined ? verifyWithAny(ring, jwt) : verifyWithOne(ring, jwt, kid)
  }

  /** Whether the issuer still stands by a key: a token that was verified before must not outlive it. */
  async holds(key: VerificationKey): Promise<boolean> {
    const ring = this.#ringOf(key.algorithm === 'HS256')
    if (ring && !ring.isFresh) await ring.current()
    return ring?.value?.includes(key) ?? false
  }

  /** For `guard.status()`: how many keys, the age of the oldest load, the last failure. */
  status() {
    const rings = this.#rings()
    const ages = rings.map((ring) => ring.ageSeconds).filter((age) => age !== undefined)
    return {
      count: rings.reduce((total, ring) => total + (ring.value?.length ?? 0), 0),
      ageSeconds: ages.length === 0 ? undefined : Math.max(...ages),
      problem: rings.map((ring) => ring.failure?.message).find((message) => message !== undefined),
    }
  }

  /**
   * A shared key that others may know can forge any claim, its epoch too. When the server raises its own, the shared keys
   * that are held may be such keys: none of them is used again.
   */
  #ringOf(isShared: boolean): KeyRing | undefined {
    if (!isShared) return this.#publicKeys
    const epoch = this.#serverEpoch()
    if (epoch > this.#sharedEpoch) this.#sharedKeys?.forget()
    this.#sharedEpoch = epoch
    return this.#sharedKeys
  }

  #rings(): KeyRing[] {
    return [this.#publicKeys, this.#sharedKeys].filter((ring) => ring !== undefined)
  }
}

async function verifyWithOne(
  ring: KeyRing,
  jwt: ParsedJwt,
  kid: unknown,
): Promise<VerificationKey | Rejection> {
  const withKid = (keys: readonly VerificationKey[] | undefined) => keys?.find((key) => key.kid === kid)
  const key = withKid(await ring.current()) ?? withKid(await ring.renewed())
  if (!key) return missing(ring)
  const isGood = key.algorithm === jwt.header.alg && key.verify(jwt.signed, jwt.signature)
  return isGood ? key : { reason: 'bad-signature' }
}

/** An HS256 token names no key: each is tried, and one that fits none may be by a key that is newer than ours. */
async function verifyWithAny(ring: KeyRing, jwt: ParsedJwt): Promise<VerificationKey | Rejection> {
  const fitting = (keys: readonly VerificationKey[] | undefined) =>
    keys?.find((key) => key.verify(jwt.signed, jwt.signature))
  return fitting(await ring.current()) ?? fitting(await ring.renewed()) ?? missing(ring)
}

/** A key that is not there is the token's fault only when the key server could say so. */
function missing({ failure }: KeyRing): Rejection {
  if (!failure) return { reason: 'unknown-key' }
  const reason = failure.credentialsRefused ? 'own-credentials-refused' : 'keys-unreachable'
  return { reason, retryAfterSeconds: failure.retryAfterSeconds }
}

async function loadPublicKeys(server: AuthorizationServer, before: readonly VerificationKey[] = []) {
  const { jwks } = await server.endpoints()
  if (jwks === undefined) return []
  const keys = readKeys(await server.ask(jwks, { maxBytes: maxJwksBytes }), maxPublicKeys, importPublicJwk)
  return keepKnown(keys, before)
}

async function loadSharedKeys(server: AuthorizationServer, before: readonly VerificationKey[] = []) {
  const { verificationKeys } = await server.endpoints()
  if (verificationKeys === undefined) return []
  const answer = await server.ask(verificationKeys, { maxBytes: maxJwksBytes, authenticated: true })
  return keepKnown(readKeys(answer, maxSharedKeys, importSharedJwk), before)
}

/** A key that cannot be used is passed over: it verifies nothing. */
function readKeys(
  answer: Record<string, unknown>,
  limit: number,
  importKey: (jwk: Record<string, unknown>) => VerificationKey | undefined,
): VerificationKey[] {
  if (!Array.isArray(answer.keys)) throw new Unavailable('the key set holds no list of keys')
  const jwks: unknown[] = answer.keys.slice(0, limit)
  return jwks
    .filter(isRecord)
    .map(importKey)
    .filter((key) => key !== undefined)
}

/** The same key stays the same object, so tokens that it verified stay verified when the set is loaded again. */
const keepKnown = (keys: VerificationKey[], before: readonly VerificationKey[]): VerificationKey[] =>
  keys.map((key) => before.find((known) => known.fingerprint === key.fingerprint) ?? key)
